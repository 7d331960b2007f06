"""The newsletter: who asked for it, what an edition said, and where each mail stands."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.tag import Tag
from signals.models.user import User


class Cadence(models.TextChoices):
    """What an edition covers, and how often a reader gets one; some ask for alerts alone."""

    WEEKLY = "weekly", _("every week")
    MONTHLY = "monthly", _("every month")
    ALERT = "alert", _("when something rises")


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Questions about subscriptions."""

    def active(self) -> Self:
        """Those that get the next edition, unless a pause with an end holds (`digests.pauses`)."""
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
    paused_until = models.DateField(_("paused until"), null=True, blank=True)
    themes = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="keys; empty means all")
    tags = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        help_text="keys of tags wanted whatever else is said",
    )
    cadence = models.CharField(_("how often"), max_length=8, choices=Cadence.choices, default=Cadence.WEEKLY)
    weekday = models.PositiveSmallIntegerField(_("day"), default=0, help_text="0 is Monday")
    hour = models.PositiveSmallIntegerField(_("hour"), default=7, help_text="in the reader's time zone")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
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
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="subscription_weekday_known"),
            models.CheckConstraint(condition=Q(hour__range=(0, 23)), name="subscription_hour_known"),
            models.CheckConstraint(
                condition=Q(cadence__in=["weekly", "monthly", "alert"]), name="subscription_cadence_known"
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Edition(models.Model):
    """One period of the newsletter, frozen once sending begins."""

    class Status(models.TextChoices):
        """How far it is."""

        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        FROZEN = "frozen", _("sending")
        SENT = "sent", _("sent")
        EMPTY = "empty", _("nothing to say")

    cadence = models.CharField(max_length=8, choices=Cadence.choices, default=Cadence.WEEKLY)
    period = models.CharField(max_length=10, help_text="2026-W47, 2026-11, or for an alert 2026-11-22")
    starts_on = models.DateField()
    ends_on = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    content = models.JSONField(default=dict, blank=True)
    note = models.TextField(_("note from the editor"), blank=True)
    note_fr = models.TextField(_("note from the editor, in French"), blank=True)
    dropped = models.JSONField(default=list, blank=True, help_text="entries left out, as section:key")
    ordered = models.JSONField(default=list, blank=True, help_text="entries moved to the front, in order")
    send_at = models.DateTimeField(
        null=True, blank=True, help_text="not before; null is at each reader's hour"
    )
    is_held = models.BooleanField(
        default=False, help_text="an approval was taken back: it waits for another, whatever the settings say"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
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
    images = models.JSONField(default=dict, blank=True, help_text="content id to the key of its picture")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "preferences_hash", "language"], name="rendering_once")
        ]

    def __str__(self) -> str:
        return self.subject


class Picture(models.Model):
    """A chart as PNG, kept once whatever number of renderings show it."""

    content_hash = models.CharField(max_length=64, unique=True)
    png = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.content_hash


class Suppression(models.Model):
    """An address that is never written to again, outliving its subscription; only a keyed hash is kept."""

    address_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=300)
    is_complaint = models.BooleanField(
        default=False, help_text="its owner said that mail is not wanted; a bounce may be asked once more"
    )
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.reason


class Alert(models.Model):
    """A reader's wish to hear of a tag when it becomes an early riser or surges, once for each time."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="alerts")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="alerts")
    created_at = models.DateTimeField(default=timezone.now)
    last_label = models.CharField(max_length=12, blank=True, help_text="what it was when last looked at")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "tag"], name="alert_once")]

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.tag_id}"


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
    domain = models.CharField(max_length=255, blank=True, help_text="of the address, for the pace per domain")
    provider_key = models.CharField(max_length=200, blank=True, help_text="the provider's id of the mail")
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="what was not sent by then is too old to be sent"
    )
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
            ),
            models.Index(
                fields=["handed_over_at", "domain"],
                name="delivery_pace",
                condition=~Q(handed_over_at=None),
            ),
            models.Index(fields=["provider_key"], name="delivery_provider", condition=~Q(provider_key="")),
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
