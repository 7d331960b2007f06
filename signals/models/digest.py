"""The newsletter: who asked for it, what an edition said, and where each mail stands."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Questions about subscriptions."""

    def active(self) -> Self:
        """Those that get the next edition."""
        return self.filter(
            confirmed_at__isnull=False, unsubscribed_at=None, suppressed_at=None, is_paused=False
        )


class Subscription(models.Model):
    """A reader's address and wishes; erasable, so no history is kept of it."""

    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=8, default="en")
    kinds = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    least_relevancy = models.PositiveSmallIntegerField(_("least relevance"), default=1)
    is_paused = models.BooleanField(_("paused"), default=False)
    consent_version = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)
    suppressed_at = models.DateTimeField(null=True, blank=True)
    suppressed_reason = models.CharField(max_length=300, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="subscription_once_per_address"),
            models.CheckConstraint(
                condition=Q(least_relevancy__range=(1, 5)), name="subscription_relevancy_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Edition(models.Model):
    """One period of the newsletter, frozen once sending begins."""

    class Status(models.TextChoices):
        """How far it is."""

        DRAFT = "draft", _("draft")
        FROZEN = "frozen", _("sending")
        SENT = "sent", _("sent")
        EMPTY = "empty", _("nothing to say")

    cadence = models.CharField(max_length=8, default="weekly")
    period = models.CharField(max_length=10, help_text="2026-W47")
    starts_on = models.DateField()
    ends_on = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    content = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    frozen_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-ends_on"]
        constraints = [models.UniqueConstraint(fields=["cadence", "period"], name="edition_once_per_period")]

    def __str__(self) -> str:
        return self.period


class Rendering(models.Model):
    """What one group of equal preferences gets, as sent, for ever."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="renderings")
    preferences_hash = models.CharField(max_length=64)
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=300)
    html = models.TextField()
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "preferences_hash", "language"], name="rendering_once")
        ]

    def __str__(self) -> str:
        return self.subject


class Delivery(models.Model):
    """One edition to one subscription; `sent` only after the server accepted."""

    class Status(models.TextChoices):
        """The ledger's states."""

        RESERVED = "reserved", _("reserved")
        HANDED_OVER = "handed_over", _("handed over")
        SENT = "sent", _("sent")
        DEFERRED = "deferred", _("deferred")
        FAILED = "failed", _("failed")
        BOUNCED = "bounced", _("bounced")
        COMPLAINED = "complained", _("complained")
        UNKNOWN = "unknown", _("unknown")

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="deliveries")
    subscription = models.ForeignKey(
        Subscription, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    rendering = models.ForeignKey(Rendering, on_delete=models.PROTECT, related_name="deliveries")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RESERVED)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=400, blank=True, help_text="what the mail server said")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["edition", "subscription"], name="delivery_once_per_subscription")
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="delivery_due", condition=Q(status__in=["reserved", "deferred"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition} to {self.subscription_id}: {self.status}"


class OutboxMail(models.Model):
    """A mail that would have gone out, kept for staff to read where no mail server is set."""

    to = models.TextField()
    subject = models.CharField(max_length=400)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    raw = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.subject
