"""Queries of people as PostgreSQL's: stemmed as English, as French, and not at all; accents folded by all three."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import Final

from django.contrib.postgres.search import CombinedSearchQuery, SearchConfig, SearchQuery
from django.db.models import F, Func

from signals.search.query import Choice, Term

CONFIGS: Final = ("vigie_en", "vigie_fr", "vigie_simple")
_STEMMED: Final = 5
# A beginning that is longer than the stem of the word meant is none of the stem: universit(y), stem univers.
_ENDINGS: Final = {
    "vigie_en": ("", "y", "e", "le", "ion", "ity", "al", "ing", "ment"),
    "vigie_fr": ("", "e", "é", "ion", "aire", "ement", "ique", "ité"),
}
AnyQuery = SearchQuery | CombinedSearchQuery


def own_config() -> SearchConfig:
    """The configuration that an article's language asks for."""
    return SearchConfig(Func(F("language"), function="vigie_search_config"))


def ts_query(choices: tuple[Choice, ...]) -> AnyQuery:
    """What finds them. A language's own small words drop out of it, so that each language asks by itself."""
    return _any_of([_without(choice) for choice in choices])


def ts_wanted(choices: tuple[Choice, ...]) -> AnyQuery:
    """The same without what must not be there: what is ranked by and marked."""
    return _any_of([_all_of(choice.wanted) for choice in choices])


def _all_of(terms: tuple[Term, ...]) -> AnyQuery:
    every = [[_any_of(_said(term, config)) for term in terms] for config in CONFIGS]
    return _any_of([reduce(and_, said) for said in every])


def _any_of(queries: Sequence[AnyQuery]) -> AnyQuery:
    return reduce(or_, queries)


def _without(choice: Choice) -> AnyQuery:
    query = _all_of(choice.wanted)
    for term in choice.unwanted:
        for config in CONFIGS:
            query = reduce(and_, (~said for said in _said(term, config)), query)
    return query


def _said(term: Term, config: str) -> list[SearchQuery]:
    """Ways to say a term; each is enough."""
    if not term.is_beginning:
        return [SearchQuery(term.words, config=config, search_type="phrase" if term.is_phrase else "plain")]
    # In quotes every character is text; only these two would end them. Not stemmed: trans* is no tran*.
    quoted = term.words.replace("\\", "\\\\").replace("'", "''")
    beginning = SearchQuery(f"'{quoted}':*", config="vigie_simple", search_type="raw")
    endings = _ENDINGS.get(config, ()) if len(term.words) >= _STEMMED else ()
    return [
        beginning,
        *(SearchQuery(f"{term.words}{ending}", config=config, search_type="plain") for ending in endings),
    ]
