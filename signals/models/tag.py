"""The catalogue: canonical tracked tags, their names in every language, their themes."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The kinds of a source note's tables."""

    SIGNAL = "signal", _("Signal")
    BEHAVIOR = "behavior", _("Behavior")
    TECHNOLOGY = "technology", _("Technology")
    ISSUE = "issue", _("Issue")
    CONCERN = "concern", _("Concern")


class Theme(models.Model):
    """A group of tags, as notes group them."""

    name = models.CharField(max_length=120, unique=True)
    name_fr = models.CharField(max_length=120, blank=True)
    slug = models.SlugField(max_length=140, unique=True)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return (self.name_fr or self.name) if (get_language() or "").startswith("fr") else self.name


class TagQuerySet(models.QuerySet["Tag"]):
    """Questions about tags."""

    def live(self) -> Self:
        """Those that were not merged away."""
        return self.filter(merged_into=None)

    def tracked(self) -> Self:
        """Those that are scored and listed."""
        return self.live().filter(status=Tag.Status.TRACKED)


class Tag(models.Model):
    """A canonical, tracked thing that note rows and articles are linked to."""

    class Status(models.TextChoices):
        """Where a tag stands in the catalogue."""

        TRACKED = "tracked", _("tracked")
        CANDIDATE = "candidate", _("candidate")
        ARCHIVED = "archived", _("archived")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=300)
    name_fr = models.CharField(_("French name"), max_length=300, blank=True)
    slug = models.SlugField(max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True)
    description_fr = models.TextField(_("French description"), blank=True)
    change = models.TextField(_("change"), blank=True)
    outlook = models.TextField(_("10-year outlook"), blank=True)
    driving_force = models.TextField(_("driving force"), blank=True)
    cues = ArrayField(models.TextField(), default=list, blank=True, help_text="words that support a mention")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.TRACKED)
    origin = models.CharField(max_length=16, default="person", help_text="starter, person, note or proposal")
    themes = models.ManyToManyField(Theme, blank=True, related_name="tags")
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    created_at = models.DateTimeField(default=timezone.now)
    outlook_due_on = models.DateField(
        _("review the outlook on"),
        null=True,
        blank=True,
        help_text="when somebody is to look whether it held",
    )
    # The median of each rater's latest rating, or of stated taggings ("from N notes"); kept by services.
    relevancy = models.FloatField(null=True, blank=True)
    relevancy_raters = models.PositiveIntegerField(default=0)
    relevancy_spread = models.FloatField(null=True, blank=True, help_text="interquartile range of ratings")
    relevancy_notes = models.PositiveIntegerField(default=0)
    search = SearchVectorField(null=True, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="tag_kind_known"),
            models.CheckConstraint(
                condition=Q(relevancy=None) | Q(relevancy__range=(1, 5)), name="tag_relevancy_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")), name="tag_not_merged_into_itself"
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "status"], name="tag_kind_status"),
            models.Index(
                fields=["outlook_due_on"], name="tag_outlook_due", condition=~Q(outlook_due_on=None)
            ),
            GinIndex(fields=["search"], name="tag_search"),
            GinIndex(OpClass(F("name"), name="gin_trgm_ops"), name="tag_name_trgm"),
        ]

    def __str__(self) -> str:
        return (self.name_fr or self.name) if (get_language() or "").startswith("fr") else self.name

    def get_absolute_url(self) -> str:
        """The tag's page."""
        return reverse("tag", args=[self.pk, self.slug or slugify(self.name)[:120] or "tag"])


class TagName(models.Model):
    """A name or alias; normalised, it belongs to one live tag per kind."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="names")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=300)
    normalised = models.CharField(max_length=300)
    language = models.CharField(max_length=16, blank=True)
    is_alias = models.BooleanField(default=True)
    is_live = models.BooleanField(default=True, help_text="false once its tag is merged away or archived")
    origin = models.CharField(max_length=16, default="person", help_text="starter, person or learned")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "normalised"], condition=Q(is_live=True), name="name_of_one_live_tag_per_kind"
            ),
            models.CheckConstraint(condition=~Q(normalised=""), name="name_not_empty"),
        ]
        indexes = [
            models.Index(fields=["normalised"], name="tagname_normalised"),
            GinIndex(OpClass(F("normalised"), name="gin_trgm_ops"), name="tagname_trgm"),
        ]

    def __str__(self) -> str:
        return self.name
