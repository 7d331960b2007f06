"""What was learned from decisions: versions of the tagger, fits of the ranker."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TaggerVersion(models.Model):
    """One learned tagger, as numbers; the default one that comes with the code has no row."""

    class Status(models.TextChoices):
        """What became of it."""

        REFUSED = "refused", _("not better")
        STAGING = "staging", _("tagging the past")
        ACTIVE = "active", _("in use")
        RETIRED = "retired", _("replaced")
        TAKEN_BACK = "taken_back", _("taken back")

    number = models.PositiveIntegerField(unique=True, help_text="what Tagging.tagger_version refers to")
    status = models.CharField(max_length=10, choices=Status.choices)
    model = models.JSONField(default=dict, help_text="weights, and what was learned of each tag")
    decisions = models.PositiveIntegerField(default=0, help_text="it learned from")
    held_back = models.PositiveIntegerField(default=0, help_text="decisions it was judged on")
    measures = models.JSONField(default=dict, help_text="of it and of the one before, on those held back")
    trained_at = models.DateTimeField(default=timezone.now)
    active_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="active"), name="one_tagger_in_use"
            ),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="staging"), name="one_tagger_in_staging"
            ),
        ]

    def __str__(self) -> str:
        return f"tagger {self.number}"


class StagedTagging(models.Model):
    """What a version of the tagger says of an article, while another version's word holds.

    No foreign keys: millions are written at once, and a row whose article or tag has gone is passed over.
    """

    version = models.PositiveIntegerField()
    article_id = models.BigIntegerField()
    tag_id = models.BigIntegerField()
    state = models.CharField(max_length=10)
    estimated_relevancy = models.PositiveSmallIntegerField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    quote = models.TextField(blank=True)
    quote_start = models.PositiveIntegerField(null=True, blank=True)
    quote_field = models.CharField(max_length=8, default="text")
    reason = models.CharField(max_length=400, blank=True)
    because = models.JSONField(default=dict, blank=True)
    draw_probability = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "article_id", "tag_id"], name="staged_once")
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.tag_id} in {self.article_id}"


class RankerFit(models.Model):
    """The ranker's last fit: a linear model over hashed words, as parallel arrays of its non-zero weights."""

    fitted_at = models.DateTimeField(default=timezone.now)
    last_decision_id = models.BigIntegerField(default=0, help_text="the newest decision it knows")
    decisions = models.PositiveIntegerField(default=0)
    articles = models.PositiveIntegerField(default=0, help_text="it put in order")
    seconds = models.FloatField(default=0)
    columns = ArrayField(models.IntegerField(), default=list, blank=True)
    weights = ArrayField(models.FloatField(), default=list, blank=True)
    extra = models.JSONField(default=dict, blank=True, help_text="intercept and other small numbers")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"ranker of {self.decisions} decisions"
