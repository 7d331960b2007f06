"""AI models, their releases, who serves them, and at what price. Unknown is null, never 0."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.article import Article
from signals.models.source import Source


class Weights(models.TextChoices):
    """May anybody run it?"""

    UNKNOWN = "", _("unknown")
    OPEN = "open", _("open")
    RESTRICTED = "restricted", _("restricted")
    CLOSED = "closed", _("closed")


class Model(models.Model):
    """One AI model under its canonical name. Its columns hold the winning fact of each field."""

    slug = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200)
    family = models.CharField(max_length=120, blank=True)
    developer = models.CharField(max_length=200, blank=True)
    weights = models.CharField(max_length=12, choices=Weights.choices, default=Weights.UNKNOWN, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    context = models.PositiveBigIntegerField(null=True, blank=True, help_text="tokens")
    parameters_b = models.FloatField(null=True, blank=True, help_text="billions")
    active_parameters_b = models.FloatField(null=True, blank=True, help_text="billions")
    modalities = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    released_on = models.DateField(null=True, blank=True)
    released_precision = models.CharField(max_length=5, default="day", help_text="day, month or year")
    known_at = models.DateTimeField(default=timezone.now)
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = [models.F("released_on").desc(nulls_last=True), "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The model's page."""
        return reverse("model", args=[self.pk])


class ModelName(models.Model):
    """What a registry or a person calls a model; normalised, it belongs to one model."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="names")
    normalised = models.CharField(max_length=300, unique=True)

    def __str__(self) -> str:
        return self.normalised


class Fact(models.Model):
    """What one origin states of one field; a curated fact outranks a registry's, and conflicts stay visible."""

    class Rank(models.IntegerChoices):
        """Who outranks whom; a higher rank wins."""

        LISTING = 10, _("a provider's listing")
        REGISTRY = 20, _("a registry, from the developer")
        CURATED = 30, _("curated by us")

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="facts")
    field = models.CharField(max_length=40)
    value = models.JSONField()
    rank = models.PositiveSmallIntegerField(choices=Rank.choices)
    origin = models.CharField(max_length=200)
    origin_url = models.CharField(max_length=2000, blank=True)
    verified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "field", "origin"], name="fact_once_per_origin")
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.model_id}: {self.value}"


class Release(models.Model):
    """A dated event: released, listed, price changed, deprecated. Its article is the evidence."""

    class Event(models.TextChoices):
        """What happened."""

        RELEASED = "released", _("released")
        LISTED = "listed", _("listed")
        PRICE = "price", _("price changed")
        DEPRECATED = "deprecated", _("deprecated")

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="releases")
    event = models.CharField(max_length=12, choices=Event.choices, default=Event.RELEASED)
    event_key = models.CharField(max_length=300, unique=True)
    date = models.DateField(null=True, blank=True)
    precision = models.CharField(max_length=5, default="day")
    article = models.ForeignKey(
        Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="releases"
    )
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = [models.F("date").desc(nulls_last=True), "-id"]

    def __str__(self) -> str:
        return f"{self.model} {self.event}"


class Offer(models.Model):
    """A provider serving a model."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="offers")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="offers")
    provider = models.CharField(max_length=120)
    provider_name = models.CharField(max_length=200, blank=True)
    listing = models.CharField(max_length=300, help_text="the provider's own id for it")
    listed_on = models.DateField(null=True, blank=True)
    context = models.PositiveBigIntegerField(null=True, blank=True)
    max_output = models.PositiveBigIntegerField(null=True, blank=True)
    status = models.CharField(max_length=40, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "provider", "listing"], name="offer_once")]

    def __str__(self) -> str:
        return f"{self.listing} at {self.provider}"


class Price(models.Model):
    """What an offer costs from a moment on, USD per million tokens; null is unknown, 0 is free."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="prices")
    since = models.DateTimeField(default=timezone.now)
    input = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    output = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    cached = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)

    class Meta:
        ordering = ["-since", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(input=None) | Q(input__gte=0)) & (Q(output=None) | Q(output__gte=0)),
                name="price_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.input} / {self.output}"
