"""Single pages that a person adds by their address."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from ingestion.dates import clamp
from ingestion.enrich import Pages, default_pages
from ingestion.errors import BadUrl
from ingestion.language import choose_language
from ingestion.models import SeenEntry
from ingestion.stories import content_hash, story_columns
from ingestion.urls import canonical_with_fragment, publisher_of, safe_link, url_key
from signals.curation.articles import hand_source
from signals.models import Article, TextOrigin


def add_page(url: str, *, pages: Pages | None = None, now: datetime | None = None) -> tuple[Article, bool]:
    """The article at an address, and whether it is new; the same address again is the same article.

    Raises IngestError when the page can't be read.
    """
    now = now or timezone.now()
    url = safe_link(url)
    if not url.startswith("http") or len(url) > 2000:
        raise BadUrl(url[:200])
    source = hand_source()
    key = hashlib.sha256(f"u:{canonical_with_fragment(url)}".encode()).hexdigest()
    seen = SeenEntry.objects.filter(source=source, entry_key=key).select_related("article").first()
    if seen is not None and seen.article is not None:
        return seen.article, False
    page = (pages or default_pages()).read(url)
    title = page.title or page.text.split("\n", 1)[0][:120]
    content = content_hash(title, page.text)
    with transaction.atomic():
        # Whoever adds a page takes this row, so that two at once make one article.
        seen, _ = SeenEntry.objects.select_for_update().get_or_create(
            source=source,
            entry_key=key,
            defaults={"url_key": url_key(url), "content_hash": content, "first_seen_at": now},
        )
        if seen.article is not None:
            return seen.article, False
        article = Article.objects.create(
            source=source,
            url=url,
            url_key=url_key(page.canonical_url or url),
            title=title,
            text=page.text,
            text_origin=TextOrigin.PAGE,
            author=page.author[:400],
            publisher=publisher_of(url)[:200],
            language=(choose_language(feed=None, page=page.language, text=page.text) or "")[:16],
            published_at=page.published,
            known_at=now,
            sort_at=clamp(page.published or now, now),
            content_hash=content,
            **story_columns(title, page.text),
        )
        seen.article, seen.content_hash = article, content
        seen.save(update_fields=["article", "content_hash"])
    return article, True
