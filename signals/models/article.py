"""Evidence: an article, its earlier versions, and the story it belongs to."""

from __future__ import annotations

from typing import Final, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.source import Source


class ArticleType(models.TextChoices):
    """What made the article."""

    ENTRY = "entry", _("article")
    NOTE = "note", _("source note")
    RELEASE = "release", _("model release")
    BRIEF = "brief", _("brief")


class TextOrigin(models.TextChoices):
    """Where the text we have comes from."""

    NONE = "none", _("headline only")
    FEED = "feed", _("from the feed")
    PAGE = "page", _("from the page")
    NOTE = "note", _("from a note")
    PASTED = "pasted", _("pasted")
    FACTS = "facts", _("from facts")


class Story(models.Model):
    """The same news at several publishers; its head is the earliest article."""

    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "stories"

    def __str__(self) -> str:
        return f"story {self.pk}"


ANALYZE_TRIES: Final = 4
"""So often an article is tagged in vain, the last times alone, before it is set aside."""


class ArticleQuerySet(models.QuerySet["Article"]):
    """Questions about articles."""

    def unprocessed(self) -> Self:
        """Those the tagger has not seen in their present form; what it fails at again and again is set aside."""
        return self.filter(processed_at__isnull=True, analyze_tries__lt=ANALYZE_TRIES)

    def set_aside(self) -> Self:
        """Those that nobody tries to tag any more."""
        return self.filter(processed_at__isnull=True, analyze_tries__gte=ANALYZE_TRIES)

    def known_on(self, when: object) -> Self:
        """Those we had on that moment."""
        return self.filter(known_at__lte=when)

    def newest_first(self) -> Self:
        """By publication, undated ones by when they came."""
        return self.order_by("-sort_at", "-id")


class Article(models.Model):
    """One piece of evidence, with its text, date, publisher and language."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="articles")
    type = models.CharField(max_length=16, choices=ArticleType.choices, default=ArticleType.ENTRY)
    url = models.CharField(max_length=2000, blank=True)
    url_key = models.CharField(max_length=2000, blank=True)
    title = models.TextField()
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, help_text="cleaned, safe to show")
    text_origin = models.CharField(max_length=8, choices=TextOrigin.choices, default=TextOrigin.NONE)
    text_failure = models.CharField(max_length=200, blank=True, help_text="why the full text is missing")
    text_due_at = models.DateTimeField(null=True, blank=True, help_text="when to fetch the full text")
    author = models.CharField(max_length=400, blank=True)
    publisher = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=16, blank=True)
    filed_under = ArrayField(
        models.TextField(), default=list, blank=True, help_text="a feed's own categories"
    )
    keywords = ArrayField(models.TextField(), default=list, blank=True)
    themes = ArrayField(models.TextField(), default=list, blank=True)
    category = models.CharField(max_length=80, blank=True)
    note_type = models.CharField(max_length=80, blank=True, help_text="blog post, news, ...")
    is_extracted = models.BooleanField(
        default=False, help_text="some of keywords to type are ours, not a note's"
    )

    published_at = models.DateTimeField(null=True, blank=True)
    is_date_first_seen = models.BooleanField(default=False, help_text="nobody said when; the time first seen")
    known_at = models.DateTimeField(default=timezone.now, help_text="when we got it")
    sort_at = models.DateTimeField(default=timezone.now, help_text="published, never later than known")

    version = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64, blank=True)
    title_key = models.CharField(max_length=300, blank=True, help_text="normalised title")
    story_keys = ArrayField(
        models.BigIntegerField(), default=list, blank=True, help_text="near-duplicate bands"
    )
    story = models.ForeignKey(
        Story, null=True, blank=True, on_delete=models.SET_NULL, related_name="articles"
    )
    story_reason = models.CharField(max_length=200, blank=True)
    is_story_decided = models.BooleanField(
        default=False, help_text="a person said which story it belongs to; no machine moves it"
    )

    processed_at = models.DateTimeField(null=True, blank=True, help_text="when this form was tagged")
    tagger_version = models.PositiveIntegerField(default=0)
    analyze_lease_until = models.DateTimeField(null=True, blank=True)
    analyze_tries = models.PositiveSmallIntegerField(default=0, help_text="begun since it was last tagged")
    analyze_failure = models.CharField(max_length=300, blank=True, help_text="why tagging it failed")
    inbox_score = models.FloatField(default=0)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    is_sample = models.BooleanField(default=False)
    search = SearchVectorField(null=True, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-sort_at", "-id"], name="article_newest"),
            models.Index(fields=["published_at"], name="article_published"),
            models.Index(fields=["known_at"], name="article_known"),
            models.Index(fields=["source", "-sort_at"], name="article_source"),
            models.Index(fields=["publisher"], name="article_publisher"),
            models.Index(fields=["url_key"], name="article_url_key", condition=~Q(url_key="")),
            models.Index(fields=["content_hash"], name="article_content"),
            models.Index(fields=["title_key"], name="article_title_key"),
            models.Index(fields=["id"], name="article_unprocessed", condition=Q(processed_at=None)),
            models.Index(
                fields=["text_due_at"], name="article_text_due", condition=Q(text_due_at__isnull=False)
            ),
            # Searched right after each insert: a list of pending entries would be read every time.
            GinIndex(fields=["story_keys"], name="article_story_keys", fastupdate=False),
            GinIndex(fields=["search"], name="article_search"),
            GinIndex(fields=["keywords"], name="article_keywords"),
            GinIndex(fields=["themes"], name="article_themes"),
            models.Index(fields=["category"], name="article_category"),
            models.Index(fields=["note_type"], name="article_note_type"),
            models.Index(fields=["-inbox_score", "-id"], name="article_inbox"),
            models.Index(
                fields=["snoozed_until"], name="article_snoozed", condition=Q(snoozed_until__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(type__in=ArticleType.values), name="article_type_known"),
            models.CheckConstraint(condition=~Q(title=""), name="article_has_a_title"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_headline_only(self) -> bool:
        """Nothing to read but the title."""
        return not self.text.strip()


class ArticleVersion(models.Model):
    """What an article said before it was edited; the present form stands on the article."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.TextField()
    text = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64)
    replaced_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"{self.title} (version {self.number})"
