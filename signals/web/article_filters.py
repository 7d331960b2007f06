"""The list of articles: its URL is its state, and every value of every filter says how many it would list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Exists, F, Lookup, OuterRef, Q, QuerySet
from django.db.models import Value as Constant
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from signals.days import say_day
from signals.models import Article, Source, State, Tag, Tagging, Theme
from signals.tagging.facets import theme_key
from signals.tagging.facets_writing import current_themes
from signals.templatetags.vigie import language_name
from signals.trends.mentions import Which, mention_articles

COUNTED: Final = 1000
"""Counts are of the newest so many that match: they order the values, and stay quick at any size."""
SHOWN: Final = 12
"""Values of a filter that are listed."""

FILTERS: Final[dict[str, Promise]] = {
    "theme": _("Theme"),
    "category": _("Category"),
    "type": _("Type"),
    "language": _("Language"),
    "keyword": _("Keyword"),
    "tag": _("Item"),
    "publisher": _("Publisher"),
    "source": _("Source"),
    "collected": _("Collected in"),
}
BEHIND: Final[dict[str, Promise]] = {
    "under": _("Under the theme"),
    "from": _("From"),
    "to": _("To"),
    "counted": _("Counted"),
}
"""What links from a number say besides: the articles that were counted for it, one a mention."""
_WHICH: Final[dict[str, Promise]] = {
    "all": _("each mention once"),
    "confirmed": _("confirmed ones"),
    "suggested": _("suggested ones"),
}
_OPEN: Final = {"theme", "category", "type", "language"}
# What we extract, in the reader's language; what notes state besides stands as they say it.
WORDS: Final[dict[str, Promise]] = {
    "technology": _("technology"),
    "science": _("science"),
    "politics": _("politics"),
    "business": _("business"),
    "art": _("art"),
    "others": _("others"),
    "news": _("news"),
    "blog post": _("blog post"),
    "research article": _("research article"),
    "press release": _("press release"),
    "opinion": _("opinion"),
    "release notes": _("release notes"),
    "documentation": _("documentation"),
    "podcast": _("podcast"),
    "video": _("video"),
}
_CARRIED: Final = (State.SUGGESTED, State.CONFIRMED)

# One pass over what matches; lists are cut later, when spellings of one value are together.
_COUNTS: Final = {
    "theme": "SELECT value, count(*) FROM matched, unnest(themes) AS value GROUP BY value",
    "category": "SELECT lower(category), count(*) FROM matched WHERE category <> '' GROUP BY 1",
    "type": "SELECT lower(note_type), count(*) FROM matched WHERE note_type <> '' GROUP BY 1",
    "language": "SELECT split_part(language, '-', 1), count(*) FROM matched WHERE language <> '' GROUP BY 1",
    "keyword": "SELECT value, count(*) FROM matched, unnest(keywords) AS value GROUP BY value",
    "tag": "SELECT tag_id::text, count(*) FROM signals_tagging WHERE article_id IN (SELECT id FROM matched)"
    " AND state IN ('suggested', 'confirmed') GROUP BY 1",
    "publisher": "SELECT publisher, count(*) FROM matched WHERE publisher <> '' GROUP BY 1",
    "source": "SELECT source_id::text, count(*) FROM matched GROUP BY 1",
    "collected": "SELECT page, count(*) FROM signals_note WHERE page <> ''"
    " AND article_id IN (SELECT id FROM matched) GROUP BY 1",
}
_COMMONEST: Final = "ORDER BY 2 DESC, 1 LIMIT %s) AS counts)"
_READ: Final = ("id", "themes", "category", "note_type", "language", "keywords", "publisher", "source_id")


if TYPE_CHECKING:
    _Lookup = Lookup[list[int]]
else:
    _Lookup = Lookup


_IDS: Final = ArrayField(BigIntegerField())


class _AnyOf(_Lookup):
    """`x = ANY(array)`."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        """Both sides and what they were given."""
        left, given = self.process_lhs(compiler, connection)
        right, more = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", (*given, *more)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a filter: how many it would list, and the query that chooses it, or lets it go."""

    words: str
    count: int | None
    is_on: bool
    query: str


@dataclass(frozen=True, slots=True)
class Group:
    """A filter with its commonest values."""

    name: str
    words: str
    values: list[Value]
    is_open: bool


class ArticleFilter:
    """Turns a query string into a queryset, counted values, and links."""

    def __init__(self, parameters: QueryDict, until: datetime | None = None) -> None:
        self.parameters = parameters
        self.until = until
        self._without: dict[str, str] = {}
        self.words = _plain(parameters.get("q", ""))
        self.chosen = {name: value for name in FILTERS if (value := _plain(parameters.get(name, "")))}
        for name in ("source", "tag"):
            if name in self.chosen and not _is_id(self.chosen[name]):
                del self.chosen[name]
        if "tag" in self.chosen:
            # A saved address may name one that was merged away since.
            gone = Tag.objects.filter(pk=int(self.chosen["tag"]), merged_into__isnull=False)
            survivor = gone.values_list("merged_into", flat=True).first()
            self.chosen["tag"] = str(survivor or self.chosen["tag"])
        self.chosen |= {name: value for name in BEHIND if (value := _plain(parameters.get(name, "")))}
        self.days = {name: day for name in ("from", "to") if (day := _as_day(self.chosen.get(name, "")))}
        for name in ("from", "to"):
            if name not in self.days:
                self.chosen.pop(name, None)
        if self.chosen.get("counted") not in _WHICH or not {"tag", "under"} & self.chosen.keys():
            self.chosen.pop("counted", None)

    def apply(self, articles: QuerySet[Article], but: str = "") -> QuerySet[Article]:
        """Those that match every chosen value, except that of the filter `but`."""
        if self.until:
            articles = articles.filter(known_at__lt=self.until)
        narrowing = {name: value for name, value in self.chosen.items() if name != but}
        if "counted" in narrowing and (tags := _tags_meant(narrowing)) is not None:
            articles = articles.filter(_counted(tags, narrowing["counted"], self.days))
            narrowing = {name: value for name, value in narrowing.items() if name not in (*BEHIND, "tag")}
        for name, value in narrowing.items():
            if name in self.days:
                articles = articles.filter(_on(name, self.days[name]))
            elif name != "counted":
                articles = articles.filter(_condition(name, value))
        return articles

    def groups(self, matching: QuerySet[Article], newest: list[int] | None = None) -> list[Group]:
        """Every filter with its values; `matching` is what the words alone find.

        `newest`, the ids of those that words and filters leave, saves looking for them again.
        """
        free = [name for name in FILTERS if name not in self.chosen]
        listed = None
        if newest is not None:
            listed = Article.objects.filter(_AnyOf(F("pk"), Constant(newest[:COUNTED], _IDS)))
        counts = self._count(matching, free, listed=listed)
        for name in self.chosen.keys() - BEHIND.keys():
            # What else could be chosen here: counted as if nothing were.
            counts |= self._count(matching, [name], but=name)
        labels = self._labels(counts)
        return [self._group(name, counts.get(name, Counter()), labels.get(name, {})) for name in FILTERS]

    def chips(self, groups: Iterable[Group]) -> list[tuple[str, Value]]:
        """What is chosen, as the name of the filter and the value that lets it go."""
        chips = [(group.words, value) for group in groups for value in group.values if value.is_on]
        behind = [name for name in BEHIND if name in self.chosen]
        return chips + [
            (str(BEHIND[name]), Value(self._said(name), None, True, self._query(name, ""))) for name in behind
        ]

    def said(self) -> list[tuple[str, str]]:
        """What is chosen in words, the name of each filter with its value."""
        labels = self._labels({"source": Counter(), "tag": Counter()})
        return [
            (
                str(FILTERS[name] if name in FILTERS else BEHIND[name]),
                _label(name, value, labels.get(name, {})) if name in FILTERS else self._said(name),
            )
            for name, value in self.chosen.items()
        ]

    def _said(self, name: str) -> str:
        if name in self.days:
            return say_day(self.days[name])
        if name == "counted":
            return str(_WHICH[self.chosen[name]])
        return str(Theme.objects.filter(slug=self.chosen[name]).first() or self.chosen[name])

    def _count(
        self,
        matching: QuerySet[Article],
        names: list[str],
        but: str = "",
        *,
        listed: QuerySet[Article] | None = None,
    ) -> dict[str, Counter[str]]:
        articles = self.apply(matching, but).order_by("-sort_at", "-id") if listed is None else listed
        rows = articles.values(*_READ)[:COUNTED]
        try:
            sql, parameters = rows.query.sql_with_params()
        except EmptyResultSet:
            # Words without a letter in them find nothing.
            return {name: Counter() for name in names}
        parts, values = [], [*parameters]
        for name in names:
            parts.append(" ".join(("(SELECT %s::text, * FROM (", _COUNTS[name], _COMMONEST)))
            values += [name, 4 * SHOWN]
        counts: dict[str, Counter[str]] = {name: Counter() for name in names}
        if parts:
            with connection.cursor() as cursor:
                counting = " UNION ALL ".join(parts)
                cursor.execute(" ".join(("WITH matched AS MATERIALIZED (", sql, ")", counting)), values)
                for name, value, count in cursor.fetchall():
                    counts[name][value] += count
        if "theme" in counts:
            counts["theme"] = _same_together(counts["theme"])
        return counts

    def _labels(self, counts: dict[str, Counter[str]]) -> dict[str, dict[str, str]]:
        """The words of values that are kept as ids, or have a name in the reader's language."""
        ids = {
            name: [int(value) for value in [*counts[name], self.chosen.get(name, "")] if _is_id(value)]
            for name in ("source", "tag")
        }
        return {
            "source": {
                str(source.pk): str(source)
                for source in Source.objects.filter(pk__in=ids["source"]).only("name", "url")
            },
            "tag": {
                str(tag.pk): str(tag) for tag in Tag.objects.filter(pk__in=ids["tag"]).only("name", "name_fr")
            },
            "theme": theme_words(),
        }

    def _group(self, name: str, counts: Counter[str], labels: dict[str, str]) -> Group:
        chosen = self.chosen.get(name, "")
        same = theme_key if name == "theme" else str.casefold
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        on = next((value for value in ranked if chosen and same(value) == same(chosen)), chosen)
        shown = ranked[:SHOWN]
        if on and on not in shown:
            shown.insert(0, on)
        values = [
            Value(
                words=_label(name, value, labels),
                count=counts.get(value),
                is_on=value == on,
                query=self._query(name, "" if value == on else value),
            )
            for value in shown
        ]
        return Group(name, str(FILTERS[name]), values, name in _OPEN or bool(on))

    def _query(self, name: str, value: str) -> str:
        """The URL with this value chosen; "" lets go of what is."""
        if name not in self._without:
            parameters = self.parameters.copy()
            known = {"q", *FILTERS, *BEHIND}
            for key in [name, "page", *(key for key in parameters if key not in known)]:
                parameters.pop(key, None)
            self._without[name] = parameters.urlencode()
        chosen = urlencode({name: value}) if value else ""
        return "?" + "&".join(part for part in (self._without[name], chosen) if part)


def theme_words() -> dict[str, str]:
    """The catalogue's themes in the reader's language, by the name that articles carry."""
    return {theme.name: str(theme) for theme in Theme.objects.only("name", "name_fr")}


def facet_words(value: str) -> str:
    """A category or type in the reader's language."""
    return str(WORDS.get(value.casefold(), value))


def _label(name: str, value: str, labels: dict[str, str]) -> str:
    if name == "language":
        return language_name(value)
    return facet_words(value) if name in ("category", "type") else labels.get(value, value)


def _condition(name: str, value: str) -> Q:
    if name == "theme":
        written = current_themes().written(value)
        return Q(themes__overlap=sorted({variant for word in written for variant in _cased(word)}))
    if name == "keyword":
        return Q(keywords__overlap=_cased(value))
    if name in ("category", "type"):
        return Q(**{f"{'note_type' if name == 'type' else name}__in": _cased(value)})
    if name == "language":
        return Q(language=value) | Q(language__startswith=f"{value}-")
    if name == "tag":
        # Of what many carry, the newest are found by walking back; of what few do, from the tag.
        return Q(Exists(Tagging.objects.filter(tag=int(value), state__in=_CARRIED, article=OuterRef("pk"))))
    if name == "under":
        carrying = Tagging.objects.filter(tag__themes__slug=value, state__in=_CARRIED).values("article")
        return Q(_AnyOf(F("pk"), ArraySubquery(carrying)))
    if name == "collected":
        return Q(note__page=value)
    return Q(**{name: value})


def _tags_meant(chosen: dict[str, str]) -> list[int] | None:
    """The tags whose mentions were counted: one, or those of a theme that are tracked."""
    if "tag" in chosen:
        return [int(chosen["tag"])]
    if "under" in chosen:
        return list(Tag.objects.tracked().filter(themes__slug=chosen["under"]).values_list("pk", flat=True))
    return None


def _counted(tags: list[int], which: str, days: dict[str, date]) -> Q:
    known: dict[str, Which] = {"all": "all", "confirmed": "confirmed", "suggested": "suggested"}
    start, end = days.get("from", date(1900, 1, 1)), days.get("to", date(2999, 12, 31))
    sql, parameters = mention_articles(tags, start=start, end=end, which=known[which])
    return Q(_AnyOf(F("pk"), RawSQL(f"ARRAY({sql})", parameters)))  # noqa: S611 - ours, with parameters


def _on(name: str, day: date) -> Q:
    """On that day (UTC) or later, or earlier, as the roll-up dates articles: what is undated has no day."""
    start = datetime.combine(day, time.min, UTC)
    dated = Q(published_at__isnull=False)
    return dated & (Q(sort_at__gte=start) if name == "from" else Q(sort_at__lt=start + timedelta(days=1)))


def _as_day(value: str) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if 1900 <= day.year < 3000 else None


def _cased(value: str) -> list[str]:
    """How notes may write a value: an index knows only what is written."""
    first = value[:1].upper() + value[1:]
    return sorted({value, value.lower(), value.upper(), value.title(), value.capitalize(), first})


def _same_together(counts: Counter[str]) -> Counter[str]:
    """Counts of themes with the spellings of one added up, under the commonest."""
    together: dict[str, Counter[str]] = {}
    for theme, count in counts.items():
        together.setdefault(theme_key(theme), Counter())[theme] += count
    return Counter(
        {max(same, key=lambda word: (same[word], word)): same.total() for same in together.values()}
    )


def _plain(value: str) -> str:
    return value.replace("\x00", "").strip()[:200]


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) < 18
