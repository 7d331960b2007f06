"""Another tagger's word takes the place of the one in use: staged in batches, switched in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from signals.jobs import Batch
from signals.models import Article, Job, StagedTagging, State, TaggerVersion
from signals.tagging.catalogue_index import tag_digests, tagger_of, version_in_use
from signals.tagging.service import document_of, stop_taggers
from signals.tagging.tagger import DEFAULT_VERSION
from signals.tagging.versions import WINDOW
from signals.trends.rollup import roll_up

AT_ONCE: Final = 200
FEW: Final = 500
"""Articles that the switch itself may still read; with more to catch up there is another round before it."""
_MARGIN: Final = timedelta(minutes=10)
"""How long before its commit a tagging run may have looked at the clock."""
_Status = TaggerVersion.Status

# Temporary tables: what the machine says now, what it is to say, and which articles' mentions that moves.
_COMPARE = """
DROP TABLE IF EXISTS switch_old, switch_new, switch_moved;
CREATE TEMP TABLE switch_old ON COMMIT DROP AS
SELECT t.* FROM signals_tagging t
JOIN signals_article a ON a.id = t.article_id
WHERE a.sort_at >= %(start)s AND a.processed_at IS NOT NULL AND t.tag_id = ANY(%(tags)s)
  AND t.origin = 'tagger' AND t.state IN ('suggested', 'sampled') AND t.decided_at IS NULL
  AND NOT EXISTS (SELECT FROM signals_decision d WHERE d.article_id = t.article_id AND d.tag_id = t.tag_id
                  AND d.undone_at IS NULL);
CREATE TEMP TABLE switch_new ON COMMIT DROP AS
SELECT s.*, a.known_at FROM signals_stagedtagging s
JOIN signals_article a ON a.id = s.article_id
WHERE s.version = %(to)s AND a.sort_at >= %(start)s AND a.processed_at IS NOT NULL
  AND s.tag_id = ANY(%(tags)s)
  AND NOT EXISTS (SELECT FROM signals_decision d WHERE d.article_id = s.article_id AND d.tag_id = s.tag_id
                  AND d.undone_at IS NULL);
ANALYZE switch_old;
ANALYZE switch_new;
CREATE TEMP TABLE switch_moved ON COMMIT DROP AS
SELECT COALESCE(o.article_id, n.article_id) AS article_id, COALESCE(o.tag_id, n.tag_id) AS tag_id,
       COALESCE(o.state = 'suggested' AND o.confidence >= 0.5 AND o.estimated_relevancy >= 3, false)
       <> COALESCE(n.state = 'suggested' AND n.confidence >= 0.5 AND n.estimated_relevancy >= 3, false) AS counts
FROM switch_old o FULL JOIN switch_new n ON n.article_id = o.article_id AND n.tag_id = o.tag_id
WHERE (o.state, o.confidence, o.estimated_relevancy) IS DISTINCT FROM (n.state, n.confidence, n.estimated_relevancy);
ANALYZE switch_moved;
"""

# As marks of articles are made, but only of what begins or ceases to count as a mention.
_MARK = """
WITH moved AS (
    SELECT m.tag_id, a.id, a.story_id, COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id) AS publisher
    FROM switch_moved m JOIN signals_article a ON a.id = m.article_id WHERE m.counts
), member AS (
    SELECT m.tag_id, b.published_at, b.known_at FROM moved m JOIN signals_article b ON b.id = m.id
    UNION ALL
    SELECT m.tag_id, b.published_at, b.known_at FROM moved m JOIN signals_article b ON b.story_id = m.story_id
    WHERE COALESCE(NULLIF(b.publisher, ''), '#' || b.source_id) = m.publisher
)
INSERT INTO signals_dirtymark (tag_id, day, made_at)
SELECT DISTINCT tag_id, (LEAST(published_at, known_at) AT TIME ZONE 'UTC')::date, now() FROM member
WHERE published_at IS NOT NULL
"""

_KEEP = """
DELETE FROM signals_stagedtagging WHERE version = %(from)s;
INSERT INTO signals_stagedtagging (version, article_id, tag_id, state, estimated_relevancy, confidence, quote,
    quote_start, quote_field, reason, because, draw_probability)
SELECT %(from)s, article_id, tag_id, state, estimated_relevancy, confidence, quote, quote_start, quote_field,
    reason, because, draw_probability
FROM switch_old;
"""

# What stands of a person or a note on the same pair stays: nothing of it is in switch_old.
_REPLACE = """
DELETE FROM signals_tagging t USING switch_old o
WHERE t.id = o.id
  AND NOT EXISTS (SELECT FROM switch_new n WHERE n.article_id = o.article_id AND n.tag_id = o.tag_id);
UPDATE signals_tagging t
SET state = n.state, estimated_relevancy = n.estimated_relevancy, confidence = n.confidence, quote = n.quote,
    quote_start = n.quote_start, quote_field = n.quote_field, reason = n.reason, because = n.because,
    draw_probability = n.draw_probability, tagger_version = %(to)s
FROM switch_old o JOIN switch_new n ON n.article_id = o.article_id AND n.tag_id = o.tag_id
WHERE t.id = o.id;
INSERT INTO signals_tagging (article_id, tag_id, state, origin, estimated_relevancy, confidence, quote,
    quote_start, quote_field, reason, because, draw_probability, tagger_version, known_at, stance)
SELECT n.article_id, n.tag_id, n.state, 'tagger', n.estimated_relevancy, n.confidence, n.quote, n.quote_start,
    n.quote_field, n.reason, n.because, n.draw_probability, %(to)s, n.known_at, ''
FROM switch_new n
WHERE NOT EXISTS (SELECT FROM switch_old o WHERE o.article_id = n.article_id AND o.tag_id = n.tag_id)
ON CONFLICT (article_id, tag_id) DO NOTHING;
"""

# Whoever decides locks the article first; in the order of ids, as everybody who locks many.
_LOCK_ARTICLES = """
SELECT count(*) FROM (
    SELECT 1 FROM signals_article WHERE sort_at >= %(start)s ORDER BY id FOR NO KEY UPDATE
) locked
"""


def retag_batch(job: Job, *, now: datetime) -> Batch:
    """One batch of a "retag" job: articles staged, or at the end the switch.

    `job.arguments` name the version, and `instead_of` the version that is taken back for it.
    """
    to, back = int(job.arguments["version"]), job.arguments.get("instead_of")
    if not _is_wanted(to, back):
        return Batch(0, cursor=job.cursor, is_last=True, result={"given_up": True})
    cursor = job.cursor or _first_cursor(back, now)
    since = datetime.fromisoformat(cursor["since"]) if cursor["since"] else None
    start = datetime.fromisoformat(cursor["start"])
    articles = list(_waiting(start, since).filter(pk__gt=cursor["after"]).order_by("pk")[:AT_ONCE])
    if articles:
        stage(to, articles)
        return Batch(
            len(articles) if cursor["round"] == 1 else 0, cursor={**cursor, "after": articles[-1].pk}
        )
    since = datetime.fromisoformat(cursor["began"]) - _MARGIN
    if _waiting(start, since).count() > FEW and cursor["round"] < 20:
        cursor = {**cursor, "since": since.isoformat(), "began": now.isoformat(), "after": 0}
        return Batch(0, cursor={**cursor, "round": cursor["round"] + 1})
    changed = switch(to=to, start=start, since=since, digests=cursor["tags"], back=back is not None, now=now)
    return Batch(0, cursor={}, is_last=True, result={"articles": changed})


def give_up(job: Job, *, now: datetime) -> None:
    """A job that was cancelled or failed takes its own version with it; others, and the one in use, stay."""
    if "instead_of" not in job.arguments:
        _refuse(_staging().filter(number=job.arguments["version"]), now)


def give_up_staging(now: datetime) -> None:
    """Whatever version is tagging the past is not put to use; its job ends by itself."""
    _refuse(_staging(), now)


def _staging() -> QuerySet[TaggerVersion]:
    return TaggerVersion.objects.filter(status=_Status.STAGING)


def _refuse(versions: QuerySet[TaggerVersion], now: datetime) -> None:
    for version in versions:
        version.status, version.retired_at = _Status.REFUSED, now
        version.measures["why"] = "given_up"
        version.save(update_fields=["status", "retired_at", "measures"])
        StagedTagging.objects.filter(version=version.number).delete()


def stage(number: int, articles: Sequence[Article]) -> int:
    """Write down what a version says of articles; again, it says it anew. Returns the number of rows."""
    tagger = tagger_of(number)
    documents = [document_of(article) for article in articles]
    StagedTagging.objects.filter(version=number, article_id__in=[article.pk for article in articles]).delete()
    rows = [
        StagedTagging(
            version=number,
            article_id=article.pk,
            tag_id=suggestion.tag_id,
            state=State.SUGGESTED if suggestion.draw_probability is None else State.SAMPLED,
            estimated_relevancy=suggestion.relevance,
            confidence=suggestion.confidence,
            quote=suggestion.quote,
            quote_start=suggestion.quote_start,
            quote_field=suggestion.quote_field,
            because=suggestion.because,
            draw_probability=suggestion.draw_probability,
        )
        for article, suggestions in zip(articles, tagger.suggest(documents), strict=True)
        for suggestion in suggestions
    ]
    return len(StagedTagging.objects.bulk_create(rows))


def switch(
    *, to: int, start: datetime, since: datetime, digests: dict[str, str], back: bool, now: datetime
) -> int:
    """Put a staged version to use, in the caller's transaction; returns how many articles' mentions moved.

    Articles tagged after `since` are staged once more, while nobody else tags. Tags that changed since
    `digests` keep their taggings. What is replaced is kept as staged taggings of the version it came from.
    """
    stop_taggers()
    standing = version_in_use()
    today = tag_digests()
    tags = [int(tag_id) for tag_id, digest in digests.items() if today.get(tag_id) == digest]
    params: dict[str, Any] = {"to": to, "from": standing, "start": start, "tags": tags}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ARTICLES, params)
        late = list(_waiting(start, since).order_by("pk"))
        for first in range(0, len(late), AT_ONCE):
            stage(to, late[first : first + AT_ONCE])
        cursor.execute(_COMPARE, params)
        cursor.execute(_MARK)
        cursor.execute("SELECT count(DISTINCT article_id) FROM switch_moved")
        (moved,) = cursor.fetchone()
        cursor.execute(_KEEP, params)
        cursor.execute(_REPLACE, params)
        if back:
            cursor.execute("DELETE FROM signals_stagedtagging")
        else:
            cursor.execute("DELETE FROM signals_stagedtagging WHERE version <> %(from)s", params)
    _set_statuses(to, standing, start, digests, back, now)
    roll_up(now)
    return int(moved)


def begin_back(number: int) -> tuple[datetime, datetime, dict[str, str]]:
    """Where the version in use began to tag: the window's start, since when, and the tags as they were."""
    version = TaggerVersion.objects.get(number=number)
    staged = version.measures["staged"]
    return (
        datetime.fromisoformat(staged["start"]),
        (version.active_at or version.trained_at) - _MARGIN,
        staged["tags"],
    )


def waiting_count(start: datetime, since: datetime) -> int:
    """How many articles were tagged after `since`."""
    return _waiting(start, since).count()


def _waiting(start: datetime, since: datetime | None) -> QuerySet[Article]:
    articles = Article.objects.filter(sort_at__gte=start, processed_at__isnull=False).only(
        "pk", "type", "title", "text"
    )
    return articles if since is None else articles.filter(processed_at__gt=since)


def _is_wanted(to: int, back: int | None) -> bool:
    if back is not None:
        return version_in_use() == back
    return TaggerVersion.objects.filter(number=to, status=_Status.STAGING).exists()


def _first_cursor(back: int | None, now: datetime) -> dict[str, Any]:
    if back is None:
        start, since, tags = now - WINDOW, None, tag_digests()
    else:
        start, since, tags = begin_back(back)
    return {
        "round": 1,
        "start": start.isoformat(),
        "since": since.isoformat() if since else None,
        "began": now.isoformat(),
        "after": 0,
        "tags": tags,
    }


def _set_statuses(
    to: int, standing: int, start: datetime, digests: dict[str, str], back: bool, now: datetime
) -> None:
    TaggerVersion.objects.filter(number=standing).update(
        status=_Status.TAKEN_BACK if back else _Status.RETIRED, retired_at=now
    )
    if to == DEFAULT_VERSION:
        return
    version = TaggerVersion.objects.get(number=to)
    version.status, version.retired_at = _Status.ACTIVE, None
    if back:
        # What it replaced in its time went when it was replaced itself: one step back, not two.
        version.measures.pop("staged", None)
    else:
        version.active_at = now
        version.measures["staged"] = {"start": start.isoformat(), "tags": digests, "replaced": standing}
    version.save()
