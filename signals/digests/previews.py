"""What each group of readers gets, to look at before it goes out and for ever after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.digests.choose import choose_content
from signals.digests.content import Content
from signals.digests.editions import audience, content_of
from signals.digests.letters import without_reader
from signals.digests.limits import is_within
from signals.digests.periods import Period
from signals.digests.pictures import IllustratedMail, attach_pictures, pictures_of
from signals.digests.render import render
from signals.digests.wishes import Wishes, everything, preferences_hash
from signals.models import Edition, User

_TESTS_AN_HOUR: Final = 30
_KEY: Final = 16


@dataclass(frozen=True, slots=True)
class Preview:
    """One mail to look at, with its pictures by Content-ID."""

    subject: str
    html: str
    text: str
    pictures: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Readers who get the same mail; of a final edition it is no longer known what they had asked for."""

    key: str
    language: str
    readers: int
    wishes: Wishes | None


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody an edition goes to, the largest groups first."""

    groups: tuple[GroupRow, ...]

    @property
    def readers(self) -> int:
        """How many get a mail."""
        return sum(row.readers for row in self.groups)


def key_of(wishes: Wishes) -> str:
    """What a group is called in addresses."""
    return _key(preferences_hash(wishes), wishes.language)


def _key(wishes_hash: str, language: str) -> str:
    return f"{wishes_hash[:_KEY]}-{language}"


def audience_of(edition: Edition | None, period: Period, content: Content | None = None) -> Audience:
    """Who would get the edition as things stand; of a final one, for whom it was frozen."""
    if edition is not None and edition.frozen_at is not None:
        kept = edition.renderings.annotate(readers=Count("deliveries")).filter(readers__gt=0)
        rows = [
            GroupRow(_key(wishes, language), language, readers, None)
            for wishes, language, readers in kept.values_list("preferences_hash", "language", "readers")
        ]
    else:
        said = content or content_for(edition, period)
        rows = [
            GroupRow(key_of(group.wishes), group.wishes.language, len(group.readers), group.wishes)
            for group in audience(period.cadence)
            if not said.chosen(group.wishes).is_empty
        ]
    return Audience(tuple(sorted(rows, key=lambda row: (-row.readers, row.key))))


def content_for(edition: Edition | None, period: Period) -> Content:
    """What the edition says, or would say if its period ended now."""
    return choose_content(period) if edition is None else content_of(edition)


def preview(period: Period, edition: Edition | None, *, key: str, language: str) -> Preview | None:
    """The mail of a group; of who wants everything in `language` for a key that is none. None: nothing to say."""
    if edition is not None and edition.frozen_at is not None:
        wishes_hash, _dash, spoken = (key or key_of(everything(language))).partition("-")
        kept = edition.renderings.filter(preferences_hash__startswith=wishes_hash, language=spoken).first()
        return Preview(kept.subject, kept.html, kept.text, pictures_of(kept)) if kept else None
    content = content_for(edition, period)
    wishes = _wishes_of(key, period) or everything(language)
    chosen = content.chosen(wishes)
    if chosen.is_empty:
        return None
    mail = render(chosen, period.period, wishes.language)
    return Preview(mail.subject, mail.html, mail.text, {drawn.cid: drawn.png for drawn in mail.pictures})


def _wishes_of(key: str, period: Period) -> Wishes | None:
    every = (everything(code) for code, _name in settings.LANGUAGES)
    known = {key_of(wishes): wishes for wishes in every}
    if not key or key in known:
        return known.get(key)
    return next((group.wishes for group in audience(period.cadence) if key_of(group.wishes) == key), None)


def send_test(*, period: Period, edition: Edition | None, key: str, language: str, by: User) -> None:
    """Send one mail to the person who asks and to nobody else; it stands in no ledger.

    Raises CurationError when there is nothing to send or too much was sent, OSError or AnymailError when the
    mail can't be handed over.
    """
    if is_within("digest-test", str(by.pk), most=_TESTS_AN_HOUR, seconds=3600) is False:
        raise CurationError(_("That were many test mails. Try again in an hour."))
    seen = preview(period, edition, key=key, language=language)
    if seen is None:
        raise CurationError(_("There is nothing in it for readers with these wishes."))
    mail = IllustratedMail(
        subject=f"[{_('Test')}] {seen.subject}",
        body=without_reader(seen.text),
        to=[by.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(without_reader(seen.html), "text/html")
    attach_pictures(mail, seen.pictures)
    mail.send()
