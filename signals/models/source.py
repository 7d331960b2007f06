"""Where articles come from, and whether it still works."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SourceKind(models.TextChoices):
    """How a source is read."""

    FEED = "feed", _("feed")
    NOTES = "notes", _("source notes")
    PAGE = "page", _("single pages")
    MODELSDEV = "modelsdev", _("models.dev registry")
    CURATED = "curated", _("curated facts")


class Health(models.TextChoices):
    """What an operator needs to know about a source at a glance."""

    WAITING = "waiting", _("not read yet")
    OK = "ok", _("working")
    FAILING = "failing", _("failing")
    GONE = "gone", _("gone")
    QUIET = "quiet", _("quiet")
    PAUSED = "paused", _("paused")


class SourceQuerySet(models.QuerySet["Source"]):
    """Questions about sources."""

    def polled(self) -> Self:
        """Those that are read over the network, on a schedule."""
        return self.exclude(kind__in=[SourceKind.NOTES, SourceKind.PAGE, SourceKind.CURATED])

    def unwell(self) -> Self:
        """Those that stopped delivering."""
        return self.filter(health__in=[Health.FAILING, Health.GONE, Health.QUIET])


class Source(models.Model):
    """Where articles come from: a feed, a folder of notes, a model registry."""

    kind = models.CharField(_("kind"), max_length=16, choices=SourceKind.choices)
    name = models.CharField(_("name"), max_length=200)
    url = models.URLField(_("address"), max_length=2000, blank=True)
    site_url = models.URLField(_("site"), max_length=2000, blank=True)
    folder = models.CharField(_("folder"), max_length=120, blank=True)
    publisher = models.CharField(_("publisher"), max_length=200, blank=True, help_text="overrides the link's")
    language = models.CharField(_("language"), max_length=16, blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    fetches_full_text = models.BooleanField(_("fetch the full text"), default=True)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    # Health, written by ingestion.
    health = models.CharField(max_length=16, choices=Health.choices, default=Health.WAITING)
    health_reason = models.CharField(max_length=400, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_entry_at = models.DateTimeField(null=True, blank=True)
    stale_since = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "url"], condition=~Q(url=""), name="source_once_per_address"
            ),
            models.CheckConstraint(condition=Q(kind__in=SourceKind.values), name="source_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.url
