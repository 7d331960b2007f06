"""What a source note says, in its own words, kept for ever."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.article import Article
from signals.models.tag import Kind, Tag


class Note(models.Model):
    """One article's note. `head` holds its head fields and layout exactly as read (a SourceNote without rows)."""

    article = models.OneToOneField(Article, on_delete=models.CASCADE, related_name="note")
    note_key = models.CharField(max_length=200, unique=True, help_text="what makes a re-import the same note")
    page = models.CharField(_("collected in"), max_length=80, blank=True)
    summary = models.TextField(blank=True)
    head = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    origin = models.CharField(max_length=400, blank=True, help_text="the file it was read from")
    imported_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"note on {self.article}"


class NoteRow(models.Model):
    """One row of a note, linked to a tag when we know which."""

    class Link(models.TextChoices):
        """How sure the link is."""

        NONE = "none", _("new")
        SUGGESTED = "suggested", _("suggested")
        CONFIRMED = "confirmed", _("confirmed")

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    position = models.PositiveIntegerField()
    name = models.TextField(null=True, blank=True)  # noqa: DJ001 - a row without a name is not a row named ""
    description = models.TextField(blank=True)
    change = models.TextField(blank=True)
    outlook = models.TextField(blank=True)
    driving_force = models.TextField(blank=True)
    stated_relevancy = models.PositiveSmallIntegerField(null=True, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.SET_NULL, related_name="note_rows")
    link = models.CharField(max_length=10, choices=Link.choices, default=Link.NONE)
    link_confidence = models.FloatField(null=True, blank=True)
    refused_tags = ArrayField(
        models.BigIntegerField(), default=list, blank=True, help_text="a person said it is none of these"
    )

    class Meta:
        ordering = ["note", "kind", "position"]
        constraints = [
            models.UniqueConstraint(fields=["note", "kind", "position"], name="row_once_per_place"),
            models.CheckConstraint(
                condition=Q(stated_relevancy=None) | Q(stated_relevancy__range=(1, 5)),
                name="row_relevancy_1_to_5",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.description[:80]
