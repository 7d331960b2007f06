"""Counts over time, as known on any day, and the current trend of each tag."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.tag import Tag, Theme


class MentionDelta(models.Model):
    """What became known on `known_on` about a tag's mentions of `day`; sums up to any date give the count then."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="mention_deltas")
    day = models.DateField()
    known_on = models.DateField()
    confirmed = models.IntegerField(default=0)
    suggested = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "day", "known_on"], name="mention_delta_once")]
        indexes = [models.Index(fields=["day"], name="mention_delta_day")]

    def __str__(self) -> str:
        return f"{self.tag_id} {self.day} known {self.known_on}"


class VolumeDelta(models.Model):
    """The same for all ingested (story, publisher) pairs of a day."""

    day = models.DateField()
    known_on = models.DateField()
    articles = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "known_on"], name="volume_delta_once")]

    def __str__(self) -> str:
        return f"{self.day} known {self.known_on}"


class DirtyMark(models.Model):
    """(tag, day) whose counts moved; tag null means the day's volume. Append-only, never unique."""

    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.tag_id} {self.day}"


class Label(models.TextChoices):
    """What a trend is called; the words on the screen."""

    TOO_LITTLE = "too_little", _("Too little evidence")
    NEW = "new", _("New")
    SPIKE = "spike", _("One-off burst")
    SURGING = "surging", _("Surging")
    EMERGING = "emerging", _("Early riser")
    FADING = "fading", _("Losing share")
    STEADY = "steady", _("Unchanged")


class TrendFigures(models.Model):
    """The figures of a current trend."""

    as_of = models.DateField(help_text="the last full day that counts")
    label = models.CharField(max_length=12, choices=Label.choices, default=Label.TOO_LITTLE)
    momentum = models.FloatField(
        null=True, blank=True, help_text="log2 of the lower bound that the table is ranked by"
    )
    times = models.FloatField(null=True, blank=True, help_text="at least this many times its usual share")
    strength = models.FloatField(null=True, blank=True, help_text="S, mean surprise of the windows")
    is_flagged = models.BooleanField(default=False, help_text="kept by false-discovery control")
    mentions = models.PositiveIntegerField(default=0, help_text="in the longest window")
    confirmed = models.PositiveIntegerField(default=0)
    publishers = models.PositiveIntegerField(default=0)
    expected = models.FloatField(null=True, blank=True)
    first_mention = models.DateField(null=True, blank=True)
    last_mention = models.DateField(null=True, blank=True)
    weeks = ArrayField(models.PositiveIntegerField(), default=list, blank=True, help_text="12, oldest first")
    usual = ArrayField(
        models.FloatField(), default=list, blank=True, help_text="expected band: low, high a week"
    )
    explanation = models.JSONField(default=dict, blank=True)
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


class TagTrend(TrendFigures):
    """A tag's current trend, one row per tag, so that the table is one indexed query."""

    tag = models.OneToOneField(Tag, on_delete=models.CASCADE, primary_key=True, related_name="trend")

    class Meta:
        indexes = [
            models.Index(fields=["-momentum"], name="trend_momentum"),
            models.Index(fields=["label"], name="trend_label"),
        ]
        constraints = [models.CheckConstraint(condition=Q(label__in=Label.values), name="trend_label_known")]

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.label}"


class ThemeTrend(TrendFigures):
    """A theme's current trend: of the mentions of any of its tags, each (story, publisher) once."""

    theme = models.OneToOneField(Theme, on_delete=models.CASCADE, primary_key=True, related_name="trend")
    tags = models.PositiveIntegerField(default=0, help_text="tracked ones it was made of")
    year = models.JSONField(
        default=list, help_text="52 weeks, oldest first: confirmed, suggested, volume, low, usual, high"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(label__in=Label.values), name="theme_trend_label_known")
        ]

    def __str__(self) -> str:
        return f"{self.theme_id}: {self.label}"
