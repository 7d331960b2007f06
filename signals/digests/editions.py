"""From a week to a frozen edition: content chosen once, audience and mails fixed in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from signals.digests.choose import choose_content
from signals.digests.content import Content
from signals.digests.periods import Week
from signals.digests.pictures import keep_pictures
from signals.digests.render import Rendered, render
from signals.digests.wishes import Wishes, everything, preferences_hash
from signals.models import Delivery, Edition, Rendering, Subscription
from signals.trends.rollup import drain_marks

CADENCE = "weekly"
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who get the same mail."""

    wishes: Wishes
    readers: tuple[int, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What makes a rendering theirs."""
        return preferences_hash(self.wishes), self.wishes.language


def edition_of(week: Week) -> Edition | None:
    """The week's edition, if there is one."""
    return Edition.objects.filter(cadence=CADENCE, period=week.period).first()


def ensure_edition(*, week: Week, now: datetime | None = None) -> Edition:
    """The week's edition; made, with its content, when there is none."""
    found = edition_of(week)
    if found is not None:
        return found
    # What was decided a moment ago counts; the roll-up's next tick would be too late for this week.
    drain_marks()
    content = choose_content(week, now)
    edition, _created = Edition.objects.get_or_create(
        cadence=CADENCE,
        period=week.period,
        defaults={
            "starts_on": week.starts_on,
            "ends_on": week.ends_on,
            "content": content.params(),
            "status": Edition.Status.EMPTY if content.is_empty else Edition.Status.DRAFT,
        },
    )
    return edition


def freeze_edition(*, edition: Edition, now: datetime | None = None) -> int:
    """Render for every group of readers and reserve their deliveries, all or nothing; how many were reserved.

    A second call does nothing. Readers for whose wishes nothing happened get no mail.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        locked = Edition.objects.select_for_update().get(pk=edition.pk)
        if locked.status != Edition.Status.DRAFT:
            return 0
        content = Content.from_params(locked.content)
        # what the archive shows: everything, in every language, whoever subscribed
        mails = {
            (preferences_hash(wishes), wishes.language): render(
                content.chosen(wishes), locked.period, wishes.language
            )
            for wishes in (everything(language) for language, _name in settings.LANGUAGES)
        }
        groups = [group for group in audience() if not content.chosen(group.wishes).is_empty]
        for group in groups:
            if group.key not in mails:
                mails[group.key] = render(content.chosen(group.wishes), locked.period, group.wishes.language)
        kept = _keep(locked, mails)
        reserved = Delivery.objects.bulk_create(
            (
                Delivery(edition=locked, subscription_id=reader, rendering_id=kept[group.key], due_at=moment)
                for group in groups
                for reader in group.readers
            ),
            batch_size=_BATCH,
        )
        locked.status = Edition.Status.FROZEN
        locked.frozen_at = moment
        locked.save(update_fields=["status", "frozen_at"])
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


def audience() -> Iterator[Group]:
    """Who gets the next edition, in groups of equal wishes; one query."""
    known = {language for language, _name in settings.LANGUAGES}
    groups: dict[Wishes, list[int]] = {}
    rows = Subscription.objects.active().only("kinds", "themes", "tags", "least_relevancy", "language")
    for reader in rows.order_by("pk"):
        wishes = Wishes(
            language=reader.language if reader.language in known else settings.LANGUAGE_CODE,
            kinds=tuple(sorted(set(reader.kinds))),
            themes=tuple(sorted(set(reader.themes))),
            tags=tuple(sorted(set(reader.tags))),
            least_relevancy=reader.least_relevancy,
        )
        groups.setdefault(wishes, []).append(reader.pk)
    for wishes, readers in groups.items():
        yield Group(wishes, tuple(readers))


def finish_editions(*, now: datetime | None = None) -> int:
    """Mark editions of which nothing is left to send; how many."""
    underway = [Delivery.Status.RESERVED, Delivery.Status.DEFERRED, Delivery.Status.HANDED_OVER]
    return (
        Edition.objects.filter(status=Edition.Status.FROZEN)
        .exclude(pk__in=Delivery.objects.filter(status__in=underway).values("edition"))
        .update(status=Edition.Status.SENT, sent_at=now or timezone.now())
    )
