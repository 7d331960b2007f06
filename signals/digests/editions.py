"""From a period to a frozen edition: content chosen once, audience and mails fixed in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from signals.digests.choose import choose_content
from signals.digests.content import Content
from signals.digests.moments import first_moment
from signals.digests.pauses import is_back
from signals.digests.periods import LATE_AFTER, Period
from signals.digests.pictures import keep_pictures
from signals.digests.render import Rendered, render
from signals.digests.suppression import address_hash, domain_of, suppressed_hashes
from signals.digests.wishes import Wishes, everything, preferences_hash
from signals.models import Delivery, Edition, Rendering, Subscription, User
from signals.trends.rollup import drain_marks

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a mail goes to, and when they like it."""

    pk: int
    domain: str
    weekday: int
    hour: int
    time_zone: str
    paused_until: date | None

    def due_at(self, edition: Edition, now: datetime) -> datetime:
        """Their own hour after the edition's period, not before the editor's, and not in the past."""
        own = first_moment(
            day=edition.ends_on + timedelta(days=1),
            weekday=self.weekday,
            hour=self.hour,
            time_zone=self.time_zone,
        )
        return max(own, edition.send_at or own, now)


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who get the same mail."""

    wishes: Wishes
    readers: tuple[Reader, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What makes a rendering theirs."""
        return preferences_hash(self.wishes), self.wishes.language


def edition_of(period: Period) -> Edition | None:
    """The period's edition, if there is one."""
    return Edition.objects.filter(cadence=period.cadence, period=period.period).first()


def ensure_edition(*, period: Period, now: datetime | None = None) -> Edition:
    """The period's edition; made, with its content, when there is none."""
    found = edition_of(period)
    if found is not None:
        return found
    # What was decided a moment ago counts; the roll-up's next tick would be too late for this edition.
    drain_marks()
    content = choose_content(period, now)
    edition, _created = Edition.objects.get_or_create(
        cadence=period.cadence,
        period=period.period,
        defaults={
            "starts_on": period.starts_on,
            "ends_on": period.ends_on,
            "content": content.params(),
            "status": Edition.Status.EMPTY if content.is_empty else Edition.Status.DRAFT,
        },
    )
    return edition


def content_of(edition: Edition) -> Content:
    """What an edition says, as its editor left it."""
    return Content.from_params(edition.content).edited(
        dropped=edition.dropped, ordered=edition.ordered, note=edition.note, note_fr=edition.note_fr
    )


def needs_approval(edition: Edition) -> bool:
    """Whether it goes out only once somebody approves it."""
    return bool(settings.DIGEST_REVIEW) or edition.is_held


def freeze_edition(
    *, edition: Edition, by: User | None = None, at_once: bool = False, now: datetime | None = None
) -> int:
    """Render for every group of readers and reserve their deliveries, all or nothing; how many were reserved.

    A second call does nothing. Readers for whose wishes nothing happened get no mail. Without `by` nobody
    looked at it; `at_once` does not wait for each reader's hour.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        locked = Edition.objects.select_for_update(no_key=True).get(pk=edition.pk)
        is_by_itself = by is None and not at_once
        if locked.status != Edition.Status.DRAFT or (locked.is_held and is_by_itself):
            return 0
        content = content_of(locked)
        groups = list(readership(content, locked.cadence))
        # what the archive shows: everything, in every language, whoever subscribed
        wanted = {group.key: group.wishes for group in groups} | {
            (preferences_hash(wishes), wishes.language): wishes
            for wishes in (everything(language) for language, _name in settings.LANGUAGES)
        }
        kept = _keep(
            locked,
            {
                key: render(content.chosen(wishes), locked.period, wishes.language)
                for key, wishes in wanted.items()
            },
        )
        reserved = Delivery.objects.bulk_create(
            (
                Delivery(
                    edition=locked,
                    subscription_id=reader.pk,
                    rendering_id=kept[group.key],
                    domain=reader.domain,
                    due_at=due,
                    expires_at=due + LATE_AFTER,
                )
                for group in groups
                for reader in group.readers
                for due in [moment if at_once else reader.due_at(locked, moment)]
                if is_back(reader.paused_until, time_zone=reader.time_zone, at=due)
            ),
            batch_size=_BATCH,
        )
        locked.status = Edition.Status.APPROVED
        locked.frozen_at = locked.approved_at = moment
        locked.approved_by = by
        locked.save(update_fields=["status", "frozen_at", "approved_at", "approved_by"])
    return len(reserved)


def _keep(edition: Edition, mails: dict[tuple[str, str], Rendered]) -> dict[tuple[str, str], int]:
    rows = Rendering.objects.bulk_create(
        Rendering(
            edition=edition,
            preferences_hash=wishes,
            language=language,
            subject=mail.subject[:300],
            html=mail.html,
            text=mail.text,
            images=keep_pictures(mail.pictures),
        )
        for (wishes, language), mail in mails.items()
    )
    return {(row.preferences_hash, row.language): row.pk for row in rows}


def readership(content: Content, cadence: str) -> Iterator[Group]:
    """The groups whose wishes leave something of the content."""
    return (group for group in audience(cadence) if not content.chosen(group.wishes).is_empty)


def audience(cadence: str) -> Iterator[Group]:
    """Who gets the next edition, in groups of equal wishes; two queries."""
    known = {language for language, _name in settings.LANGUAGES}
    suppressed = suppressed_hashes()
    groups: dict[Wishes, list[Reader]] = {}
    for reader in Subscription.objects.active().filter(cadence=cadence).order_by("pk"):
        if suppressed and address_hash(reader.email) in suppressed:
            continue
        wishes = Wishes(
            language=reader.language if reader.language in known else settings.LANGUAGE_CODE,
            kinds=tuple(sorted(set(reader.kinds))),
            themes=tuple(sorted(set(reader.themes))),
            tags=tuple(sorted(set(reader.tags))),
            least_relevancy=reader.least_relevancy,
        )
        groups.setdefault(wishes, []).append(
            Reader(
                reader.pk,
                domain_of(reader.email),
                reader.weekday,
                reader.hour,
                reader.time_zone,
                reader.paused_until,
            )
        )
    for wishes, readers in groups.items():
        yield Group(wishes, tuple(readers))


def advance_editions(*, now: datetime | None = None) -> int:
    """Mark editions whose sending has begun, and those of which nothing is left to send; how many of these."""
    moment = now or timezone.now()
    waiting = [Delivery.Status.RESERVED, Delivery.Status.DEFERRED]
    begun = Delivery.objects.exclude(status=Delivery.Status.RESERVED, due_at__gt=moment)
    Edition.objects.filter(status=Edition.Status.APPROVED, pk__in=begun.values("edition")).update(
        status=Edition.Status.FROZEN
    )
    underway = Delivery.objects.filter(status__in=[*waiting, Delivery.Status.HANDED_OVER])
    return (
        Edition.objects.filter(status__in=[Edition.Status.APPROVED, Edition.Status.FROZEN])
        .exclude(pk__in=underway.values("edition"))
        .update(status=Edition.Status.SENT, sent_at=moment)
    )
