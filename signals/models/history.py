"""What the table said of each tag over time, so that "since you were last here" is a look-up."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from signals.models.tag import Tag
from signals.models.trend import Label


class TrendChange(models.Model):
    """What the table says of a tag from a moment on; written only when it says something else than before.

    A tag without a row has too little evidence, as all have at first.
    """

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="trend_changes")
    noted_at = models.DateTimeField(help_text="known from then on")
    as_of = models.DateField(help_text="the last full day that counted")
    label = models.CharField(max_length=12, choices=Label.choices)
    momentum = models.FloatField(null=True, blank=True)
    times = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tag", "noted_at"], name="trend_change_once"),
            models.CheckConstraint(condition=Q(label__in=Label.values), name="trend_change_label_known"),
        ]
        indexes = [models.Index(fields=["noted_at"], name="trend_change_noted")]

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.label} from {self.noted_at:%Y-%m-%d %H:%M}"
