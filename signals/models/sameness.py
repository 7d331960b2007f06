"""Tags that may be one, and pairs of which a person said that they are not."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from signals.models.tag import Tag
from signals.models.user import User


class SimilarTags(models.Model):
    """Two live tags that look like one, and why; made anew by the machine. `first` has the smaller id."""

    first = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    likeness = models.FloatField(help_text="0 to 1")
    reason = models.CharField(max_length=400)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="similar_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="similar_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} ~ {self.second}"


class DistinctTags(models.Model):
    """A person said that two tags are not the same; kept, and undone rather than deleted."""

    first = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], condition=Q(undone_at=None), name="distinct_once"
            ),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="distinct_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} is not {self.second}"
