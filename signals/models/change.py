"""What people changed, so that it can be shown and taken back."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from signals.models.user import User


class Change(models.Model):
    """One human change: who, when, what, before and after. An undone one stays and says when."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="changes")
    verb = models.CharField(max_length=40, help_text="tagging.decided, tag.rated, proposal.accepted, ...")
    target = models.CharField(max_length=80, help_text="what was changed, as kind:id")
    title = models.CharField(max_length=400, help_text="in words")
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
        ]

    def __str__(self) -> str:
        return self.title
