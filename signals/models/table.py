"""What the trend table lists by: values of the articles behind each tag, counts by period, saved views."""

from __future__ import annotations

from typing import Final, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.tag import Tag
from signals.models.user import User

PERIODS: Final = (4, 12, 26, 52)
"""Weeks that counts can be chosen for."""


class FacetValue(models.Model):
    """A value that articles behind tags have: a publisher, a language, ..."""

    facet = models.CharField(max_length=12)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["facet", "value"], name="facet_value_once")]

    def __str__(self) -> str:
        return f"{self.facet}: {self.value}"


class TagSummary(models.Model):
    """What of a tag's articles the table filters and sorts by, one row per tag, made anew by the roll-up.

    `facets` holds a FacetValue and the last day of an article with it, pair after pair (see trends.summary):
    one row is rewritten when a tag changes, and the whole catalogue is read at once.
    """

    tag = models.OneToOneField(Tag, on_delete=models.CASCADE, primary_key=True, related_name="summary")
    as_of = models.DateField()
    is_due = models.BooleanField(default=False, help_text="something moved since")
    mentions = ArrayField(models.PositiveIntegerField(), default=list, help_text="in each of PERIODS")
    confirmed = ArrayField(models.PositiveIntegerField(), default=list)
    before = ArrayField(models.PositiveIntegerField(), default=list, help_text="in the period before each")
    facets = models.BinaryField(default=bytes)

    class Meta:
        indexes = [models.Index(fields=["tag"], name="summary_due", condition=Q(is_due=True))]

    def __str__(self) -> str:
        return f"{self.tag_id} {self.as_of}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Questions about saved views."""

    def seen_by(self, user: User) -> Self:
        """One's own, and those that are shared."""
        return self.filter(Q(user=user) | Q(is_shared=True))


class SavedView(models.Model):
    """A query string of the trend table under a name."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(max_length=16, blank=True, help_text="of /tags/<kind>/, else empty")
    query = models.CharField(max_length=2000, blank=True)
    is_shared = models.BooleanField(_("shared with everybody"), default=False)
    made_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_named_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
