"""Articles by words: matched by the index, the newest of them put in order, passages marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib.postgres.search import SearchRank
from django.db.models import DateTimeField, ExpressionWrapper, F, FloatField, Func, OrderBy, QuerySet, Value
from django.db.models.functions import Left
from django.utils.safestring import SafeString

from signals.models import Article
from signals.search.marks import headline, marked, passage
from signals.search.postgres import own_config, ts_query, ts_wanted
from signals.search.query import Choice, opened, parse

REACHED: Final = 1000
"""So many of the newest that match are counted, put in order and listed: nobody pages further."""
REACHED_NARROWED: Final = 300
"""The same where filters narrow besides: what passes both lies far apart, and each costs more to come to."""
FEW: Final = 10
"""With fewer found, the last word may also be the beginning of a longer one."""
# D, C, B, A: text, its title's plain words, its title: a word in the title outweighs any number in the text.
_WEIGHTS: Final = [0.05, 0.15, 0.4, 1.0]
_HALF_NEW: Final = 90.0
"""Days after which half of what newness gives is gone; the newest is worth as much again as an old one's half."""
_NEWNESS: Final = 0.5
_LONG: Final = 4
"""Letters of a beginning that few words have."""
_READ: Final = 20_000
"""Characters of a text that are looked through for a passage."""


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of the articles that match: the newest of them, as they are listed and newest first."""

    listed: list[int]
    newest: list[int]
    is_cut: bool = False
    opened: str = ""
    """The last word, when it was taken for the beginning of one."""


def asked(words: str) -> tuple[Choice, ...]:
    """What a person typed, taken apart."""
    return parse(words)


def matching(choices: tuple[Choice, ...], articles: QuerySet[Article]) -> QuerySet[Article]:
    """Those of `articles` that match; none when nothing is asked for."""
    return articles.filter(search=ts_query(choices)) if choices else articles.none()


def newest(articles: QuerySet[Article]) -> Found:
    """The newest REACHED of `articles`."""
    ids = list(articles.order_by("-sort_at", "-id").values_list("pk", flat=True)[: REACHED + 1])
    return Found(ids[:REACHED], ids[:REACHED], len(ids) > REACHED)


def best(choices: tuple[Choice, ...], matching: QuerySet[Article], reached: int | None = None) -> Found:
    """The newest `reached` (REACHED) of those that match, best first: titles above text, newer a little before."""
    reached = REACHED if reached is None else reached
    order = _unindexed() if _has_long_beginning(choices) else "-sort_at"
    newest = matching.order_by(order, "-id").values("pk")[: reached + 1]
    age = Func(Value("epoch"), F("sort_at"), function="date_part", output_field=FloatField())
    rank = SearchRank(F("search"), ts_wanted(choices), weights=_WEIGHTS)
    # Ranked outside: within, all that match would be ranked before the newest are taken.
    rows = list(
        Article.objects.filter(pk__in=newest)
        .annotate(rank=rank, moment=age)
        .order_by("-sort_at", "-id")
        .values_list("pk", "rank", "moment")
    )
    ids = [pk for pk, _rank, _moment in rows[:reached]]
    last = rows[0][2] if rows else 0.0
    score = {pk: rank * _newness((last - moment) / 86_400) for pk, rank, moment in rows[:reached]}
    # Sorting keeps the newest first among equals.
    return Found(sorted(ids, key=lambda pk: -score[pk]), ids, len(rows) > reached)


def _has_long_beginning(choices: tuple[Choice, ...]) -> bool:
    return any(term.is_beginning and len(term.words) >= _LONG for choice in choices for term in choice.wanted)


def _unindexed() -> OrderBy:
    """The newest first, of all that match: PostgreSQL takes few for many, and would walk back through everything."""
    return OrderBy(ExpressionWrapper(F("sort_at") + timedelta(0), DateTimeField()), descending=True)


def _newness(days: float) -> float:
    return float(1 + _NEWNESS * 0.5 ** (days / _HALF_NEW))


def find(
    words: str, articles: QuerySet[Article], *, reached: int | None = None
) -> tuple[tuple[Choice, ...], Found]:
    """What was asked, or its opened form where whole words find few, and what that finds among `articles`.

    At most the newest `reached`, by default REACHED.
    """
    choices = asked(words)
    if not choices:
        return choices, Found([], [])
    found = best(choices, matching(choices, articles), reached)
    wider = opened(choices)
    if len(found.listed) < FEW and wider != choices:
        more = best(wider, matching(wider, articles), reached)
        if len(more.listed) > len(found.listed):
            # What has the word itself stays before what only begins so.
            first = set(found.listed)
            listed = [*found.listed, *(pk for pk in more.listed if pk not in first)]
            return wider, Found(listed, more.newest, more.is_cut, wider[-1].wanted[-1].words)
    return choices, found


def with_passages(choices: tuple[Choice, ...], articles: QuerySet[Article]) -> QuerySet[Article]:
    """Each article with its title and a passage of its text for `passage_of`; as it is when nothing is asked for."""
    if not choices:
        return articles
    query, config = ts_wanted(choices), own_config()
    return articles.annotate(
        said_title=headline("title", query, config, is_whole=True),
        said=headline(Left("text", _READ), query, config),
    )


def passage_of(article: Article) -> tuple[SafeString, SafeString] | None:
    """Title and passage as HTML, with the words marked that were found, in any of their forms."""
    if not hasattr(article, "said"):
        return None
    return marked(getattr(article, "said_title", "")), passage(article.said)
