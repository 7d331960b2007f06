"""What an article is about and what it is: keywords, themes, category, type, from its words and its address. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from signals.tagging import facets_words as known
from signals.tagging.keyphrases import key_phrases
from signals.tagging.words import STOP_WORDS, Words, split_words

READ: Final = 1500
"""Characters of a text that are read."""
MOST_KEYWORDS: Final = 8
MOST_THEMES: Final = 3
CATEGORIES: Final = ("technology", "science", "politics", "business", "art")
"""Those that notes state; "others" says nothing, so it is never given."""
TYPES: Final = (
    "news",
    "blog post",
    "research article",
    "press release",
    "opinion",
    "release notes",
    "documentation",
    "podcast",
    "video",
)

_SAME: Final = (
    ("artificial intelligence", "ai", "a.i.", "ia", "i.a.", "intelligence artificielle"),
    ("large language models", "llms", "llm", "language models", "language model", "modèles de langage"),
    ("generative ai", "genai", "gen ai", "generative artificial intelligence", "ia générative"),
    ("machine learning", "ml", "apprentissage automatique", "apprentissage machine"),
    ("technology", "tech", "technologie", "technologies", "tecnología"),
    ("open source", "opensource", "open-source", "logiciel libre"),
    ("regulation", "regulations", "réglementation", "régulation"),
    (
        "natural language processing",
        "nlp",
        "traitement du langage naturel",
        "traitement automatique des langues",
    ),
)
_GENERAL: Final = "artificial intelligence"
"""What most are about comes last."""
# Every article here is about technology, which is a category.
_SAYS_NOTHING: Final = frozenset({"technology", "innovation", "news", "newsletter", "technology trends"})


@dataclass(frozen=True, slots=True)
class FacetText:
    """What is read of an article."""

    title: str
    text: str
    url: str = ""
    publisher: str = ""
    kind: str = "entry"
    filed_under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagWeight:
    """A tag that the article carries: its name, its themes, how sure and how relevant (1-5)."""

    name: str
    kind: str
    themes: tuple[str, ...]
    confidence: float
    relevance: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What was found; empty where nothing is sure enough."""

    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    category: str = ""
    type: str = ""


def theme_key(theme: str) -> str:
    """`theme` as themes are compared: "AI", "A.I." and "Intelligence artificielle" are one."""
    plain = " ".join(theme.casefold().split())
    if (same := _KEYS.get(plain)) is not None:
        return same
    stems = " ".join(split_words(plain).stems)
    return _KEYS.get(stems, stems)


_KEYS: dict[str, str] = {}
_FIRST: dict[str, str] = {}
for _names in _SAME:
    _key = " ".join(split_words(_names[0]).stems)
    _FIRST[_key] = _names[0]
    for _name in _names:
        _KEYS[_name] = _KEYS[" ".join(split_words(_name).stems)] = _key


@dataclass(frozen=True, slots=True)
class ThemeNames:
    """The themes an article can get: the catalogue's, by their words, and those that several notes state."""

    catalogue: Mapping[str, frozenset[str]] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    """Key of a theme that notes state to how most of them write it."""
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Key to every way in which notes write it."""

    def written(self, theme: str) -> set[str]:
        """Every way in which a theme may be written."""
        key = theme_key(theme)
        same = next((names for names in _SAME if _KEYS[names[0]] == key), ())
        return {theme, *same, *self.spellings.get(key, ())}

    @classmethod
    def of(cls, catalogue: Mapping[str, str], stated: Mapping[str, int], least: int = 2) -> ThemeNames:
        """From the catalogue's themes with what they say of themselves, and how many notes write each theme."""
        written: dict[str, dict[str, int]] = {}
        for theme, count in stated.items():
            if len(theme.strip()) > 1:
                written.setdefault(theme_key(theme), {})[theme.strip()] = count
        own = [set(split_words(name).stems) for name in catalogue]
        recurrent = {
            key: _FIRST.get(key) or max(spelled, key=lambda name: (spelled[name], name.islower(), name))
            for key, spelled in written.items()
            # "agents" beside "Agents and automation" would be the same shelf twice.
            if sum(spelled.values()) >= least
            and key not in _SAYS_NOTHING
            and not any(set(key.split()) <= words for words in own)
        }
        return cls(
            {
                name: frozenset(word for word in split_words(words).stems if len(word) > 3)
                - STOP_WORDS
                - known.WEAK
                for name, words in catalogue.items()
            },
            recurrent,
            {key: tuple(sorted(spelled)) for key, spelled in written.items()},
        )


def extract_facets(article: FacetText, tags: Sequence[TagWeight], names: ThemeNames) -> Facets:
    """All four, from what is known of one article."""
    title, text = split_words(article.title[:400]), split_words(article.text[:READ])
    return Facets(
        find_keywords(article, tags, title, text),
        find_themes(tags, names, title, text),
        find_category(article, title, text),
        find_type(article),
    )


def find_keywords(
    article: FacetText, tags: Sequence[TagWeight], title: Words, text: Words
) -> tuple[str, ...]:
    """At most MOST_KEYWORDS: tags that are certain, what the publisher filed it under and names, then phrases."""
    said = f" {' '.join(title.stems)} {' '.join(text.stems)} "
    first: list[str] = []
    for tag in sorted(tags, key=lambda tag: -tag.confidence * tag.relevance):
        name = re.sub(r"\s*\([^)]*\)", "", tag.name).strip()
        stems = " ".join(split_words(name).stems)
        # A name that the article doesn't use would be a keyword that nobody finds in it.
        if tag.kind == "technology" and tag.confidence >= 0.6 and f" {stems} " in said and len(first) < 3:
            first.append(name)
    for term in article.filed_under:
        stems = " ".join(split_words(term).stems)
        if stems and stems not in known.WEAK and len(term) <= 40 and f" {stems} " in said and len(first) < 5:
            first.append(" ".join(term.split()))
    return tuple(key_phrases(title, text, first, MOST_KEYWORDS))


def find_themes(tags: Sequence[TagWeight], names: ThemeNames, title: Words, text: Words) -> tuple[str, ...]:
    """At most MOST_THEMES: those of the tags it carries, and those of notes that it names."""
    weights: dict[str, float] = {}
    for tag in tags:
        for theme in tag.themes:
            if theme in names.catalogue:
                weights[theme] = weights.get(theme, 0.0) + tag.confidence * tag.relevance / 5
    words = set(title.stems) | set(text.stems)
    for theme, own in names.catalogue.items():
        # Likeness alone takes three of a theme's own words; beside a tag, each speaks a little.
        shared = len(words & own)
        if shared >= 3 or theme in weights:
            weights[theme] = weights.get(theme, 0.0) + 0.12 * shared
    most = max(weights.values(), default=0.0)
    ranked = sorted(weights, key=lambda theme: (-weights[theme], theme))
    chosen = [theme for theme in ranked if weights[theme] >= max(0.36, 0.5 * most)][:2]
    said_title, said = f" {' '.join(title.stems)} ", f" {' '.join(text.stems)} "
    named = {
        key: 3 * (f" {key} " in said_title) + said.count(f" {key} ")
        for key in names.stated
        if f" {key} " in said_title or f" {key} " in said
    }
    for name, key in _KEYS.items():
        if key in names.stated and (f" {name} " in said_title or f" {name} " in said):
            named[key] = max(named.get(key, 0), 3 * (f" {name} " in said_title) + said.count(f" {name} "))
    for key in sorted(named, key=lambda key: (key == _GENERAL, -named[key], -len(key), key)):
        if named[key] >= 2 and len(chosen) < MOST_THEMES:
            chosen.append(names.stated[key])
    return tuple(chosen)


def find_category(article: FacetText, title: Words, text: Words) -> str:
    """The one of CATEGORIES that its words, its section and its publisher speak for; "" when none does."""
    scores = dict.fromkeys(CATEGORIES, 0.0)
    titled, written = set(title.stems), set(text.stems)
    for category, words in known.SUBJECTS.items():
        scores[category] = 2.0 * len(words & titled) + min(6.0, float(len(words & (written - titled))))
    # Words of technology are everywhere here, and say little against another subject.
    scores["technology"] = min(4.0, scores["technology"])
    for section in (*_segments(article.url)[:-1], *(_slug(term) for term in article.filed_under)):
        if (of := known.SECTIONS.get(section)) is not None:
            scores[of] += 2.0 if of == "technology" else 3.0
    if _is_of(article, known.SCIENCE_HOSTS):
        scores["science"] += 4.0
    best = max(scores, key=lambda category: scores[category])
    # One word of politics is no politics; one of technology mostly is, here.
    if best != "technology" and scores[best] < 3.0 and scores["technology"] > 0:
        best = "technology"
    return best if scores[best] >= 2.0 else ""


_TITLE_TYPES: Final = (
    ("podcast", re.compile(r"\bpodcast\b|\bepisode \d+|\bépisode \d+|\binterviews? #\d+", re.I)),
    ("video", re.compile(r"^\W*(?:video|vidéo|watch|webinar|webinaire)\b\s*[:|\])–-]|\[video\]", re.I)),
    ("opinion", re.compile(r"^\W*(?:opinion|op-ed|tribune|editorial|édito(?:rial)?|chronique)\b\W", re.I)),
    (
        "release notes",
        re.compile(r"\brelease notes?\b|\bchangelog\b|^v?\d+\.\d+(?:\.\d+)*$|\bnotes de version\b", re.I),
    ),
)
_PATH_TYPES: Final = (
    ("video", known.word_set("video videos featured-video watch webinar webinars webinaire")),
    ("podcast", known.word_set("podcast podcasts episode episodes emissions émissions")),
    (
        "opinion",
        known.word_set(
            "opinion opinions commentisfree op-ed editorial editorials idees tribune tribunes column"
        ),
    ),
    (
        "press release",
        known.word_set("press-release press-releases news-releases press communique communiques"),
    ),
    ("release notes", known.word_set("changelog changelogs release-notes releases whatsnew")),
    ("documentation", known.word_set("docs documentation reference manual")),
    ("research article", known.word_set("abs doi paper papers publications preprint")),
)
_NEWS_PATHS: Final = known.word_set("news actualites actualite actu article story")
_BLOG_PATHS: Final = known.word_set(
    "blog blogs blog-posts post posts p writing notes index research engineering essays the-batch"
)
_YEAR: Final = re.compile(r"20[0-3]\d(?:-\d\d(?:-\d\d)?.*)?")
_FIRST_PERSON: Final = known.word_set("i my me we our je mon ma mes j nous notre you your")


def find_type(article: FacetText) -> str:
    """The one of TYPES that its address, its publisher and its wording speak for; "" when none does."""
    if article.kind == "release":
        return ""
    if article.kind == "brief":
        return "news"
    host, segments = _host(article.url), _segments(article.url)
    if _is_of(article, known.RESEARCH_HOSTS) or any(
        segment.startswith(("s41586", "d41586-")) for segment in segments
    ):
        return "news" if any(segment.startswith("d41586-") for segment in segments) else "research article"
    for hosts, kind in (
        (known.PRESS_HOSTS, "press release"),
        (known.VIDEO_HOSTS, "video"),
        (known.PODCAST_HOSTS, "podcast"),
    ):
        if _is_of(article, hosts):
            return kind
    for kind, pattern in _TITLE_TYPES:
        if pattern.search(article.title):
            return kind
    for kind, names in _PATH_TYPES:
        if any(segment in names for segment in segments):
            return kind
    if (
        host.startswith(("blog.", "blogs.", "newsletter.", "devblogs."))
        or "blog" in segments
        or "blog." in host
    ):
        return "blog post"
    if host.startswith(("docs.", "developer.", "developers.")):
        return "documentation"
    if host.startswith(("news.", "actu.")) or _is_of(article, known.NEWS_HOSTS):
        return "news"
    if _is_of(article, known.BLOG_HOSTS) or _BLOG_PATHS & set(segments):
        return "blog post"
    if "newsroom" in segments:
        return "press release"
    if _NEWS_PATHS & set(segments):
        return "news"
    # Nobody that is known: a dated address of one's own site, or someone who says "I".
    if any(_YEAR.fullmatch(segment) for segment in segments):
        return "blog post"
    opening = split_words(article.text[:600]).stems
    personal = sum(word in _FIRST_PERSON for word in opening)
    return "blog post" if personal >= 3 and personal * 40 >= len(opening) else ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _segments(url: str) -> list[str]:
    try:
        path = urlsplit(url).path
    except ValueError:
        return []
    return [unquote(segment).casefold() for segment in path.split("/") if segment]


def _slug(term: str) -> str:
    return "-".join(term.casefold().split())


def _is_of(article: FacetText, hosts: Iterable[str]) -> bool:
    """Whether the address or the publisher is one of these hosts, or a part of one."""
    for host in (_host(article.url), article.publisher.casefold()):
        while host:
            if host in hosts:
                return True
            host = host.partition(".")[2]
    return False
