"""What people changed, so that it can be shown and taken back."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F
from django.utils import timezone

from signals.models.user import User


class Change(models.Model):
    """One human change: who, when, what, before and after. An undone one stays and says when."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="changes")
    verb = models.CharField(max_length=40, help_text="tagging.decided, tag.rated, proposal.accepted, ...")
    target = models.CharField(max_length=80, help_text="what was changed, as kind:id")
    title = models.CharField(max_length=400, help_text="in words")
    together = models.UUIDField(null=True, blank=True, help_text="the same for changes made in one go")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="change_by"),
            models.Index(fields=["target", "-id"], name="change_target"),
            models.Index(fields=["made_at"], name="change_made"),
            models.Index(fields=["together"], name="change_together", condition=~models.Q(together=None)),
            GinIndex(OpClass(F("title"), name="gin_trgm_ops"), name="change_title_trgm"),
        ]

    def __str__(self) -> str:
        return self.title
