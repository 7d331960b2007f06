"""How and when a source is polled, what it has shown us, and every attempt."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from signals.models import Article, Source


class Schedule(models.Model):
    """When a source is due, and what its last answer vouched for. Validators belong to one address."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, primary_key=True, related_name="schedule")
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    etag = models.TextField(blank=True)
    last_modified = models.TextField(blank=True)
    validators_url = models.TextField(blank=True, help_text="the address the validators belong to")
    body_hash = models.CharField(max_length=64, blank=True)
    hints = models.JSONField(default=dict, blank=True, help_text="the feed's pace and what it asks for")
    interval_seconds = models.PositiveIntegerField(default=3600)
    failures = models.PositiveIntegerField(default=0)
    uses_guid = models.BooleanField(default=True, help_text="false once the feed's guids proved unreliable")
    moved_to = models.TextField(blank=True, help_text="where permanent redirects lead")
    moved_seen = models.PositiveIntegerField(default=0)
    moved_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="schedule_due")]

    def __str__(self) -> str:
        return f"{self.source_id} due {self.due_at}"


class Fetch(models.Model):
    """One attempt at a source: what was asked, what came, what was made of it, and when next and why."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="fetches")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="null: the worker was lost on the way"
    )
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list, blank=True)
    milliseconds = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=400, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    next_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["source", "-started_at"], name="fetch_latest")]
        verbose_name_plural = "fetches"

    def __str__(self) -> str:
        return f"{self.source_id} {self.started_at} {self.status or self.error}"


class SeenEntry(models.Model):
    """An entry's identity at its source. Without an article it is a tombstone: what was purged stays away."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="seen")
    entry_key = models.CharField(max_length=64, help_text="SHA-256 of guid, address or content")
    url_key = models.CharField(max_length=2000, blank=True)
    content_hash = models.CharField(max_length=64, help_text="of the title and text the feed said last")
    form_hash = models.CharField(max_length=64, blank=True, help_text="of the rest it said: address, markup")
    article = models.ForeignKey(
        Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="seen"
    )
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "entry_key"], name="entry_once_per_source")]
        indexes = [
            models.Index(fields=["source", "url_key"], name="seen_url", condition=~models.Q(url_key=""))
        ]
        verbose_name_plural = "seen entries"

    def __str__(self) -> str:
        return self.entry_key
