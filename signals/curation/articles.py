"""Adding an article by hand, from pasted text or a file."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.pasted import PlainArticle, read_plain
from signals.language import detect_language
from signals.links import publisher_of, safe_link, url_key
from signals.models import Article, ArticleType, Health, Source, SourceKind, TextOrigin
from signals.notes.read import is_source_note
from signals.notes.types import clean_line

SOURCE_NAME: Final = "Added by hand"
LARGEST_TEXT: Final = 2_000_000
"""Characters a pasted article may have."""
_LOCK: Final = 0x50415354  # "PAST": the same text sent twice at once is one article


def add_article(
    *,
    text: str,
    title: str = "",
    url: str = "",
    published_at: datetime | None = None,
    source: Source | None = None,
    now: datetime | None = None,
) -> tuple[Article, bool]:
    """The article in a plain text, and whether it is new; the same content again is the same article.

    The first line is the title unless one is given. Raises CurationError for an empty text, a source note,
    a text that is too long, and an address that is none.
    """
    now = now or timezone.now()
    if len(text) > LARGEST_TEXT:
        raise CurationError(_("The text is longer than %(limit)d characters.") % {"limit": LARGEST_TEXT})
    if is_source_note(text):
        raise CurationError(_("This is a source note: import it as one."))
    if url and (not safe_link(url) or len(url) > 2000):
        raise CurationError(_("This is not a web address."))
    plain = _plain_article(text, title)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        source = source or hand_source()
        stored = Article.objects.filter(source=source, title=plain.title, text=plain.text, url=safe_link(url))
        if (article := stored.first()) is not None:
            return article, False
        language, _sure = detect_language(f"{plain.title}\n{plain.text}")
        article = Article.objects.create(
            source=source,
            type=ArticleType.ENTRY,
            title=plain.title,
            text=plain.text,
            text_origin=TextOrigin.PASTED if plain.text else TextOrigin.NONE,
            author=plain.author[:400],
            url=safe_link(url),
            url_key=url_key(url),
            publisher=publisher_of(url)[:200],
            language=language or "",
            published_at=published_at,
            known_at=now,
            sort_at=min(published_at, now) if published_at else now,
            is_sample=source.is_sample,
        )
        return article, True


def hand_source() -> Source:
    """The source that articles added by hand belong to."""
    source, _created = Source.objects.get_or_create(
        kind=SourceKind.PAGE,
        name=SOURCE_NAME,
        is_sample=False,
        defaults={"fetches_full_text": False, "health": Health.OK},
    )
    return source


def _plain_article(text: str, title: str) -> PlainArticle:
    given = clean_line(title)
    plain = read_plain(f"{given}\n{text}" if given else text)
    if plain is None:
        raise CurationError(_("There is no text."))
    return plain
