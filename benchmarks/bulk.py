"""An installation of any size, generated in minutes from a seed: `fill(articles=100_000)`.

Per 100,000 articles: 5,000 tags, 1,000,000 taggings, 600 publishers, 200 sources, 50,000 decisions, over the two
years that end yesterday. A few tags are in thousands of articles and most in a few; every twentieth tag has weeks
when it is written of five times as often. A fifth of the articles share a story. Rows go in by COPY through the
product's own triggers; counts and trends are the product's own roll-up. Django must be set up, the database
migrated and empty.
"""

from __future__ import annotations

import json
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.apps import apps
from django.db import connection, transaction
from django.utils.text import slugify
from numpy.typing import NDArray

from benchmarks.bulk_words import Words, sentence
from benchmarks.speed_catalogue import STARTER, make_rows
from signals.models import Article, Proposal, Rating, Role, State, Tag, TagName, Theme, User
from signals.tagging.names import normalise_name
from signals.trends.rollup import rebuild, roll_up

ARTICLES: Final = 100_000
_DAYS: Final = 730
_EACH: Final = 10
"""Taggings of an article, on average."""
_SOURCES: Final = 200
_PUBLISHERS: Final = 600
_BURSTING: Final = 20
"""One tag in so many has its weeks."""
_PEOPLE: Final = 6
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_LANGUAGES: Final = ("en", "fr", "de")
_CATEGORIES: Final = ("technology", "science", "politics", "business", "art", "others")
_TYPES: Final = ("news", "blog post", "research article", "press release", "opinion", "release notes")
Ints = NDArray[np.int64]


@dataclass(slots=True)
class _Drawn:
    """What the rows are made of, so that later tables fit the earlier."""

    rng: np.random.Generator
    tag_ids: list[int]
    names: list[str]
    kinds: list[str]
    people: list[int]
    carried: list[list[int]] = field(default_factory=list)
    known: list[datetime] = field(default_factory=list)


def fill(articles: int = ARTICLES, *, seed: int = 20261122, say: Callable[[str], None] | None = None) -> None:
    """Fill an empty, migrated database; `say` hears how far it is."""
    tell = say or _tell
    began = time.monotonic()
    steps: list[tuple[str, Callable[[_Drawn], None]]] = [
        ("articles", lambda drawn: _make_articles(drawn, articles)),
        ("taggings and decisions", _make_taggings),
        ("ratings", _make_ratings),
        ("proposals", lambda drawn: _make_proposals(drawn, articles // 40)),
        ("models", _make_models),
        ("counts", lambda _drawn: _roll_up()),
        ("statistics", lambda _drawn: _vacuum()),
    ]
    with transaction.atomic():
        drawn = _make_catalogue(np.random.default_rng(seed), max(50, articles // 20))
    tell(f"{len(drawn.tag_ids)} tags")
    for name, step in steps:
        started = time.monotonic()
        step(drawn)
        tell(f"{name} in {time.monotonic() - started:.0f} s")
    tell(f"generated in {time.monotonic() - began:.0f} s")


def _tell(words: str) -> None:
    print(f"bulk: {words}", file=sys.stderr, flush=True)


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    # The database knows no defaults: what the models would write stands in every row.
    model = apps.get_model("signals", table)
    unsaid = {
        column.column: json.dumps(value) if isinstance(value, dict) else value
        for column in model._meta.concrete_fields
        if column.column not in columns and not (column.null or column.primary_key or column.generated)
        for value in [column.get_default()]
        if value is not None
    }
    statement = f"COPY signals_{table} ({', '.join([*columns, *unsaid])}) FROM STDIN"
    rest = tuple(unsaid.values())
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row((*row, *rest))
        if "id" in columns:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('signals_{table}', 'id'), max(id)) FROM signals_{table}"
            )


# --- the catalogue ------------------------------------------------------------------------------
def _make_catalogue(rng: np.random.Generator, count: int) -> _Drawn:
    prose = Words("en", rng)
    document = tomllib.loads(STARTER.read_text(encoding="utf-8"))
    themes = Theme.objects.bulk_create(
        Theme(name=row["name"], name_fr=row.get("name_fr", ""), slug=slugify(row["name"])[:140])
        for row in document["theme"]
    )
    rows = make_rows(count)
    # The starter's tags are not the commonest of all: popularity goes by the place in this order.
    rng.shuffle(rows)
    made = Tag.objects.bulk_create(
        [
            Tag(
                kind=row["kind"],
                name=row["name"],
                name_fr=row.get("name_fr", ""),
                slug=slugify(row["name"])[:120],
                description=row["description"],
                description_fr=row.get("description_fr", ""),
                change=row.get("change") or sentence(words[:8]),
                outlook=sentence(words[8:24]),
                driving_force=sentence(words[24:]),
                cues=row["cues"],
                origin="starter",
            )
            for row, words in zip(rows, prose.draw(rng, count, 36), strict=True)
        ],
        batch_size=1000,
    )
    TagName.objects.bulk_create(
        [
            TagName(
                tag=tag, kind=tag.kind, name=name, normalised=normalise_name(name), language=language,
                is_alias=is_alias, origin="starter",
            )
            for row, tag in zip(rows, made, strict=True)
            for name, language, is_alias in [
                (row["name"], "en", False),
                (row.get("name_fr", ""), "fr", False),
                *((alias, "en", True) for alias in row.get("aliases", [])),
            ]
            if name
        ],
        batch_size=2000,
        ignore_conflicts=True,
    )  # fmt: skip
    Tag.themes.through.objects.bulk_create(
        [
            Tag.themes.through(tag_id=tag.pk, theme_id=themes[place].pk)
            for tag in made
            for place in rng.choice(len(themes), size=int(rng.integers(1, 3)), replace=False).tolist()
        ]
    )
    people = [
        User.objects.create_user(
            f"analyst{number}@vigie.example", role=Role.ANALYST, name=f"Analyst {number}"
        ).pk
        for number in range(1, _PEOPLE + 1)
    ]
    return _Drawn(
        rng, [tag.pk for tag in made], [tag.name for tag in made], [tag.kind for tag in made], people
    )


# --- articles -----------------------------------------------------------------------------------
def _make_articles(drawn: _Drawn, count: int) -> None:
    rng = drawn.rng
    _copy(
        "source",
        ("id", "kind", "name", "url", "site_url", "folder", "publisher", "language", "is_enabled",
         "fetches_full_text", "is_sample", "created_at", "health", "health_reason", "last_success_at",
         "last_entry_at"),
        (
            (n, "feed", f"Source {n}", f"https://source{n}.example/feed", "", "", "", "", False, True, False,
             _now(), "quiet" if n % 40 == 0 else "ok", "", _now(), _now())
            for n in range(1, _SOURCES + 1)
        ),
    )  # fmt: skip
    days = _days(rng, count)
    published = [
        _now() - timedelta(days=_DAYS + 1 - day, seconds=-second)
        for day, second in zip(days.tolist(), np.sort(rng.integers(0, 86_400, count)).tolist(), strict=True)
    ]
    late = np.where(
        rng.random(count) < 0.05, rng.exponential(5 * 86_400, count), rng.exponential(5_000, count)
    )
    drawn.known = [
        min(moment + timedelta(seconds=seconds), _now())
        for moment, seconds in zip(published, late.tolist(), strict=True)
    ]
    stories = _stories(rng, count)
    drawn.carried = _carried(rng, len(drawn.tag_ids), days)
    for place, head in enumerate(stories):
        if head is not None:
            drawn.carried[place] = drawn.carried[head]
    heads = sorted({head for head in stories if head is not None})
    numbers = {head: number for number, head in enumerate(heads, start=1)}
    _copy("story", ("id", "created_at"), ((numbers[head], drawn.known[head]) for head in heads))
    sources = _zipf(rng, _SOURCES, count)
    publishers = np.where(rng.random(count) < 0.5, sources, _zipf(rng, _PUBLISHERS, count))
    languages = rng.choice(3, size=count, p=[0.7, 0.25, 0.05])
    prose = [_prose(Words("fr" if language == "fr" else "en", rng), rng) for language in _LANGUAGES]
    is_undated = rng.random(count) < 0.01
    themes = list(Theme.objects.values_list("name", flat=True))
    places = rng.random(count) * 0.8
    facets = rng.integers(0, 1_000, (count, 4))

    def rows() -> Iterable[tuple[object, ...]]:
        for place in range(count):
            names = [drawn.names[tag] for tag in drawn.carried[place][:3]]
            title, text = next(prose[languages[place]])(names)
            moment, known = published[place], drawn.known[place]
            sort_at = known if is_undated[place] else min(moment, known)
            head = stories[place]
            number = place + 1
            yield (
                number, int(sources[place]) + 1, "entry", f"https://publisher{publishers[place]}.example/{number}",
                f"publisher{publishers[place]}.example/{number}", title, text, "", "feed", "", "",
                f"publisher{publishers[place]}.example", _LANGUAGES[languages[place]], [],
                [name.lower() for name in names], [themes[facets[place, 0] % len(themes)]],
                _CATEGORIES[min(5, facets[place, 1] * facets[place, 2] // 120_000)],
                _TYPES[facets[place, 3] % len(_TYPES)], True,
                None if is_undated[place] else moment, False, known, sort_at, 1, f"{number:064x}",
                title.lower()[:300], [number * 7, number * 7 + 1], None if head is None else numbers[head],
                "" if head is None or head == place else "nearly the same words", known, 1,
                (sort_at - _EPOCH).days / 200 + float(places[place]), False,
            )  # fmt: skip

    _copy(
        "article",
        ("id", "source_id", "type", "url", "url_key", "title", "text", "html", "text_origin", "text_failure",
         "author", "publisher", "language", "filed_under", "keywords", "themes", "category", "note_type",
         "is_extracted", "published_at", "is_date_first_seen", "known_at", "sort_at", "version", "content_hash",
         "title_key", "story_keys", "story_id", "story_reason", "processed_at", "tagger_version",
         "inbox_score", "is_sample"),
        rows(),
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _days(rng: np.random.Generator, count: int) -> Ints:
    """Days from 1 to _DAYS, in order: twice as many at the end as at the beginning, few at week-ends."""
    day = np.arange(1, _DAYS + 1)
    weights = (1 + day / _DAYS) * np.where(day % 7 < 5, 1.0, 0.35)
    return np.sort(rng.choice(day, size=count, p=weights / weights.sum()))


def _zipf(rng: np.random.Generator, values: int, count: int) -> Ints:
    weights = 1 / (np.arange(values) + 3.0)
    return rng.choice(values, size=count, p=weights / weights.sum())


def _stories(rng: np.random.Generator, count: int) -> list[int | None]:
    """For each article the first of its story: a fifth are in one, of two to six within some forty articles."""
    heads: list[int | None] = [None] * count
    begins = rng.random(count) < 0.062
    sizes = rng.integers(1, 6, count)
    for place in np.flatnonzero(begins).tolist():
        if heads[place] is not None:
            continue
        others = {place + int(step) for step in rng.integers(1, 40, sizes[place])}
        members = [other for other in others if other < count and heads[other] is None]
        for member in [place, *members] if members else []:
            heads[member] = place
    return heads


def _carried(rng: np.random.Generator, tags: int, days: Ints) -> list[list[int]]:
    """The tags of each article: by popularity, more of those that have their weeks."""
    count = len(days)
    weights = (np.arange(tags) + 8.0) ** -0.95
    # Some are drawn twice; what is left is _EACH on average.
    drawn = rng.choice(tags, size=(count, _EACH + 2), p=weights / weights.sum())
    sizes = np.clip(rng.poisson(_EACH, count), 1, _EACH + 10)
    carried = [list(dict.fromkeys(row)) for row in drawn.tolist()]
    extra = rng.choice(tags, size=(count, 12), p=weights / weights.sum()).tolist()
    chances = weights / weights.sum() * _EACH * 4
    for tag in range(3, tags, _BURSTING):
        begins = int(rng.integers(60, _DAYS))
        low, high = np.searchsorted(days, [begins, begins + int(rng.integers(14, 60))])
        for place in np.flatnonzero(rng.random(high - low) < max(chances[tag], 0.004)).tolist():
            if tag not in carried[low + place]:
                carried[low + place].insert(0, tag)
    for place, size in enumerate(sizes.tolist()):
        if len(carried[place]) < size:
            carried[place] = list(dict.fromkeys(carried[place] + extra[place]))
        carried[place] = carried[place][:size]
    return carried


def _prose(words: Words, rng: np.random.Generator) -> Any:
    """Titles and texts for ever, each given the names that it must hold."""
    while True:
        for drawn in words.draw(rng, 2_000, 54):

            def write(names: list[str], drawn: list[str] = drawn) -> tuple[str, str]:
                title = f"{names[0]} {' '.join(drawn[:5])}" if len(drawn[0]) % 2 else " ".join(drawn[:8])
                sentences = [
                    sentence([*drawn[start : start + 8], *names[turn : turn + 1]])
                    for turn, start in enumerate(range(8, 54, 9))
                ]
                return title[:1].upper() + title[1:], " ".join(sentences)

            yield write


# --- taggings, decisions --------------------------------------------------------------------------
def _make_taggings(drawn: _Drawn) -> None:
    rng = drawn.rng
    count = len(drawn.carried)
    # People read a twentieth of the articles, and those in full.
    is_read = rng.random(count) < 0.05
    lead = rng.exponential(6 * 3600, count)
    decisions: list[tuple[object, ...]] = []
    changes: list[tuple[object, ...]] = []

    def rows() -> Iterable[tuple[object, ...]]:
        number = 0
        for place, tags in enumerate(drawn.carried):
            chance = rng.beta(5, 2, len(tags)).round(4).tolist()
            relevance = (1 + np.searchsorted([0.05, 0.2, 0.55, 0.85], rng.random(len(tags)))).tolist()
            fate = rng.random(len(tags)).tolist()
            known = drawn.known[place]
            decided = min(known + timedelta(seconds=float(lead[place])), _now())
            person = drawn.people[place % len(drawn.people)]
            for turn, tag in enumerate(tags):
                number += 1
                name = drawn.names[tag]
                told = {"name": name, "field": "title" if turn == 0 else "text", "times": 1}
                state = State.SAMPLED if fate[turn] > 0.995 else State.SUGGESTED
                before = (
                    state, "tagger", None, relevance[turn], chance[turn], f"{name} in the text" if turn < 3 else "",
                    None, "text", "", told if turn < 3 else {"shared": name.split()[:2]}, 1,
                    0.05 if state == State.SAMPLED else None,
                )  # fmt: skip
                if is_read[place]:
                    verdict = "accept" if fate[turn] < 0.75 else "reject"
                    state = State.CONFIRMED if verdict == "accept" else State.REJECTED
                    kept = dict(zip(_KEPT, before, strict=True)) | {
                        "known_at": known.isoformat(), "decided_at": None,
                    }  # fmt: skip
                    decisions.append(
                        (place + 1, drawn.tag_ids[tag], person, verdict, None, "" if verdict == "accept" else "passing",
                         "", json.dumps(kept), 30.0, turn + 1, decided, decided)
                    )  # fmt: skip
                    changes.append(
                        (person, "tagging.decided", f"decision:{len(decisions)}", name, "{}", "{}", decided)
                    )
                yield (
                    number, place + 1, drawn.tag_ids[tag], state, *before[1:9], json.dumps(before[9]), *before[10:],
                    known, decided if is_read[place] else None,
                )  # fmt: skip

    _copy(
        "tagging",
        ("id", "article_id", "tag_id", *_KEPT, "known_at", "decided_at"),
        rows(),
    )
    _copy(
        "decision",
        ("article_id", "tag_id", "user_id", "verdict", "relevancy", "why", "comment", "before", "inbox_score",
         "position", "made_at", "known_at"),
        decisions,
    )  # fmt: skip
    _copy("change", ("user_id", "verb", "target", "title", "before", "after", "made_at"), changes)


_KEPT: Final = (
    "state", "origin", "stated_relevancy", "estimated_relevancy", "confidence", "quote", "quote_start",
    "quote_field", "reason", "because", "tagger_version", "draw_probability",
)  # fmt: skip


# --- the rest -----------------------------------------------------------------------------------
def _make_ratings(drawn: _Drawn) -> None:
    rng = drawn.rng
    ratings = []
    relevancies: dict[int, list[int]] = {}
    for tag in drawn.tag_ids[:: max(1, len(drawn.tag_ids) // 1_500)]:
        middle = int(rng.integers(1, 6))
        for person in rng.choice(drawn.people, size=int(rng.integers(1, _PEOPLE)), replace=False).tolist():
            value = int(np.clip(middle + rng.integers(-1, 2), 1, 5))
            made = _now() - timedelta(days=int(rng.integers(1, _DAYS)))
            ratings.append(
                Rating(
                    user_id=person,
                    tag_id=tag,
                    relevancy=value,
                    rationale="As read.",
                    made_at=made,
                    known_at=made,
                )
            )
            relevancies.setdefault(tag, []).append(value)
    Rating.objects.bulk_create(ratings, batch_size=2000)
    tags = Tag.objects.in_bulk(list(relevancies))
    for pk, values in relevancies.items():
        tags[pk].relevancy, tags[pk].relevancy_raters = float(np.median(values)), len(values)
        if len(values) >= 3:
            low, high = np.percentile(values, [25, 75])
            tags[pk].relevancy_spread = float(high - low)
    Tag.objects.bulk_update(
        tags.values(), ["relevancy", "relevancy_raters", "relevancy_spread"], batch_size=500
    )


def _make_proposals(drawn: _Drawn, count: int) -> None:
    rng = drawn.rng
    articles = len(drawn.carried)
    words = Words("en", rng).draw(rng, count, 12)
    proposals = []
    evidence: list[tuple[object, ...]] = []
    for number, said in enumerate(words, start=1):
        seen = sorted({int(articles * (1 - share)) + 1 for share in rng.beta(1, 6, int(rng.integers(1, 12)))})
        seen = [min(article, articles) for article in seen]
        name = f"{' '.join(said[:3])} {number}"
        proposals.append(
            Proposal(
                pk=number,
                kind=drawn.kinds[number % len(drawn.kinds)],
                name=name,
                normalised=normalise_name(name),
                description=sentence(said),
                articles_count=len(seen),
                publishers_count=max(1, len(seen) // 2),
                stories_count=len(seen),
                rising=float(rng.random()),
                first_seen_at=drawn.known[seen[0] - 1],
                last_seen_at=drawn.known[seen[-1] - 1],
            )
        )
        evidence += [(number, article, sentence(said), 3) for article in dict.fromkeys(seen)]
    Proposal.objects.bulk_create(proposals, batch_size=1000)
    _copy("proposalevidence", ("proposal_id", "article_id", "quote", "relevancy"), evidence)


def _make_models(drawn: _Drawn) -> None:
    """A registry of 800 models with three offers each, and when they were released."""
    rng = drawn.rng
    models = range(1, 801)
    released = [_now().date() - timedelta(days=int(day)) for day in rng.integers(0, _DAYS, len(models))]
    _copy(
        "model",
        ("id", "slug", "name", "family", "developer", "weights", "licence", "context", "modalities", "released_on",
         "released_precision", "known_at", "is_sample"),
        (
            (n, f"maker{n % 40}/model-{n}", f"Model {n}", f"Family {n % 90}", f"Maker {n % 40}",
             ("", "open", "closed", "restricted")[n % 4], "", 128_000, ["text"], released[n - 1], "day", _now(), False)
            for n in models
        ),
    )  # fmt: skip
    _copy(
        "release",
        ("model_id", "event", "event_key", "date", "precision", "detail"),
        ((n, "released", f"released {n}", released[n - 1], "day", "{}") for n in models),
    )
    offers = [(3 * (n - 1) + turn + 1, n, turn) for n in models for turn in range(3)]
    _copy(
        "offer",
        ("id", "model_id", "source_id", "provider", "provider_name", "listing", "status", "first_seen_at"),
        (
            (pk, n, 1, f"provider{turn}", f"Provider {turn}", f"model-{n}", "", _now())
            for pk, n, turn in offers
        ),
    )
    _copy(
        "price",
        ("offer_id", "since", "input", "output"),
        ((pk, _now(), 1 + n % 10, 4 + n % 30) for pk, n, _turn in offers),
    )


def _roll_up() -> None:
    rebuild()
    roll_up()


def _vacuum() -> None:
    """What autovacuum would have done by now."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def has_rows() -> bool:
    """Whether the database was filled to its end."""
    return Article.objects.exists() and Tag.objects.exclude(trend=None).exists()
