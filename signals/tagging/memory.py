"""What people decided about each tag, and how much of it speaks for or against a new article."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.candidates import Candidate
from signals.tagging.vectors import Floats
from signals.tagging.words import STOP_WORDS, Words

SIGNS: Final = (
    "accepted before",
    "name accepted before",
    "like confirmed",
    "like the three nearest",
    "like the three nearest rejected",
    "learned words",
)
"""All 0 for a tag that nobody decided on yet."""
LIKE: Final = 0.15
"""Cosine from which an article is said to be like a confirmed one."""
BOTH_SORTS: Final = 10
"""Decisions of each sort from which a tag's words are learned."""
_DOUBT: Final = 4.0
"""Imaginary decisions that pull a share of few real ones towards what is usual."""
_KEPT: Final = 50
"""Articles of each sort, the latest, that are kept of a tag."""
_VOCABULARY: Final = 20_000
_COLUMNS: Final = 300
"""Words, the weightiest, that are kept of a tag's learned ones."""
_RIDGE: Final = 1.0

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Judged:
    """What holds of an article and a tag, and the tag's names that stand in the article.

    What a note says was not asked for, and what was drawn at random was not shown for being likely: both say
    what the tag's articles are like, and nothing of how often a suggestion is right.
    """

    article_id: int
    tag_id: int
    is_right: bool
    names: tuple[str, ...] = ()
    is_sampled: bool = False
    is_unasked: bool = False


class Wording:
    """TF-IDF over the words of articles that were decided on, rows of length 1."""

    def __init__(self, words: Sequence[str], idf: Sequence[float]) -> None:
        self.words = list(words)
        self.idf = np.array(idf, dtype=np.float64)
        self.columns = {word: column for column, word in enumerate(self.words)}

    @classmethod
    def of(cls, texts: Sequence[Words]) -> Wording:
        """Words that stand in two texts or more, the commonest when there are too many."""
        counts = Counter(word for text in texts for word in set(_content(text)))
        kept = sorted(counts, key=lambda word: (-counts[word], word))[:_VOCABULARY]
        kept = [word for word in kept if counts[word] > 1]
        times = np.array([counts[word] for word in kept], dtype=np.float64)
        return cls(kept, np.round(np.log((1 + len(texts)) / (1 + times)) + 1, 4).tolist())

    def rows(self, texts: Sequence[Words]) -> csr_array:
        """Texts as rows, (texts, words)."""
        starts, columns, values = [0], [], []
        for text in texts:
            counts: dict[int, int] = {}
            for word in text.stems:
                column = self.columns.get(word)
                if column is not None:
                    counts[column] = counts.get(column, 0) + 1
            row = (1 + np.log(np.array(list(counts.values()), dtype=np.float64))) * self.idf[list(counts)]
            values.append(row / max(1e-9, float(np.sqrt(row @ row))))
            columns.append(np.array(list(counts), dtype=np.int32))
            starts.append(starts[-1] + len(counts))
        return csr_array(
            (
                np.concatenate([np.zeros(0), *values]),
                np.concatenate([np.zeros(0, np.int32), *columns]),
                starts,
            ),
            shape=(len(texts), len(self.words)),
        )


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why, in numbers: confirmed articles near to this one, and learned words that speak for the tag."""

    like: int
    words: tuple[str, ...]


class Memory:
    """Decisions by tag. Learned from `judged`, or as it was written down."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._written = written
        self.wording = Wording(written["words"], written["idf"])
        flat = written["articles"]
        self._rows = csr_array(
            (
                np.array(flat["values"], dtype=np.float64),
                np.array(flat["columns"], dtype=np.int32),
                np.array(flat["starts"], dtype=np.int32),
            ),
            shape=(len(flat["starts"]) - 1, len(self.wording.words)),
        )
        self._columns = csr_array(self._rows.T)
        self._confirmed = _places(written["confirmed"])
        self._rejected = _places(written["rejected"])
        self._lengths = {
            tag_id: max(1e-9, float(np.linalg.norm(self._rows[places].sum(axis=0))))
            for tag_id, places in self._confirmed.items()
        }
        self._accepted = _log_odds(written["accepted"])
        self._names = _names_log_odds(written["names"], written["accepted"])
        self._learn_from(written["learned"])

    def _learn_from(self, learned: Mapping[str, Any]) -> None:
        self._learned = {int(tag_id): row for row, tag_id in enumerate(learned)}
        starts = np.cumsum([0, *(len(words["columns"]) for words in learned.values())])
        places = [column for words in learned.values() for column in words["columns"]]
        weights = [weight for words in learned.values() for weight in words["weights"]]
        self._weights = csr_array(
            (np.array(weights, dtype=np.float64), np.array(places, dtype=np.int32), starts),
            shape=(len(learned), len(self.wording.words)),
        )

    @classmethod
    def empty(cls) -> Memory:
        """Of a catalogue that nobody decided on."""
        return cls.of([], {}, Wording([], []))

    @classmethod
    def of(cls, judged: Sequence[Judged], texts: Mapping[int, Words], wording: Wording) -> Memory:
        """What to remember of these, oldest first; `texts` holds the openings of their articles."""
        confirmed, rejected = _latest(judged, True), _latest(judged, False)
        kept = sorted({article for ids in (*confirmed.values(), *rejected.values()) for article in ids})
        place = {article: row for row, article in enumerate(kept)}
        rows = wording.rows([texts[article] for article in kept])
        asked = [pair for pair in judged if not (pair.is_unasked or pair.is_sampled)]
        names: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        accepted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for pair in asked:
            _count(accepted[str(pair.tag_id)], pair.is_right)
            for name in pair.names:
                _count(names[str(pair.tag_id)][name], pair.is_right)
        return cls(
            {
                "words": wording.words,
                "idf": wording.idf.tolist(),
                "articles": {
                    "starts": rows.indptr.tolist(),
                    "columns": rows.indices.tolist(),
                    "values": np.round(rows.data, 4).tolist(),
                },
                "confirmed": {
                    str(tag): [place[article] for article in ids] for tag, ids in confirmed.items()
                },
                "rejected": {str(tag): [place[article] for article in ids] for tag, ids in rejected.items()},
                "accepted": {tag: list(counts) for tag, counts in sorted(accepted.items())},
                "names": {
                    tag: {name: list(counts) for name, counts in sorted(of.items())}
                    for tag, of in sorted(names.items())
                },
                "learned": _learn_words(confirmed, rejected, place, rows),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """What makes the same memory again."""
        return dict(self._written)

    def like_these(self, rows: csr_array) -> Floats:
        """Cosines of article rows with every article that is kept, (articles, kept)."""
        return np.asarray((rows @ self._columns).toarray(), dtype=np.float64)

    def signs(
        self, rows: csr_array, cosines: Floats, pairs: Sequence[tuple[int, int, Iterable[str]]]
    ) -> Floats:
        """`SIGNS` of pairs (row, tag id, names that stand in it), (pairs, len(SIGNS)).

        `cosines` are those of the rows, as `like_these` has them.
        """
        signs = np.zeros((len(pairs), len(SIGNS)))
        by_tag: dict[int, list[int]] = defaultdict(list)
        for place, (_, tag_id, names) in enumerate(pairs):
            if tag_id in self._accepted or tag_id in self._confirmed:
                by_tag[tag_id].append(place)
            of_tag = self._names.get(tag_id)
            if of_tag:
                signs[place, 1] = max((of_tag[name] for name in names if name in of_tag), default=0.0)
        if not by_tag:
            return signs
        learned = np.asarray((rows @ self._weights.T).toarray())
        for tag_id, places in by_tag.items():
            articles = np.array([pairs[place][0] for place in places], dtype=np.intp)
            signs[places, 0] = self._accepted.get(tag_id, 0.0)
            if tag_id in self._confirmed:
                near = cosines[np.ix_(articles, self._confirmed[tag_id])]
                signs[places, 2] = near.sum(axis=1) / self._lengths[tag_id]
                signs[places, 3] = _three_nearest(near)
            if tag_id in self._rejected:
                signs[places, 4] = _three_nearest(cosines[np.ix_(articles, self._rejected[tag_id])])
            if tag_id in self._learned:
                signs[places, 5] = np.clip(learned[articles, self._learned[tag_id]], -2, 2)
        return signs

    def explain(self, row: csr_array, cosines: Floats, tag_id: int, count: int = 3) -> Likeness:
        """How many confirmed articles one article is like, and its words that weigh most for the tag.

        The article is one row of words, and that row's cosines, (kept,).
        """
        like = 0
        if tag_id in self._confirmed:
            like = int((cosines[self._confirmed[tag_id]] >= LIKE).sum())
        if tag_id not in self._learned:
            return Likeness(like, ())
        place = self._learned[tag_id]
        part = slice(self._weights.indptr[place], self._weights.indptr[place + 1])
        weights = dict(
            zip(self._weights.indices[part].tolist(), self._weights.data[part].tolist(), strict=True)
        )
        shares = {
            column: value * weights[column]
            for column, value in zip(row.indices.tolist(), row.data.tolist(), strict=True)
            if weights.get(column, 0.0) > 0
        }
        best = sorted(shares, key=lambda column: (-shares[column], column))[:count]
        return Likeness(like, tuple(self.wording.words[column] for column in best))

    def can_explain(self, tag_id: int) -> bool:
        """Whether anything is known of this tag."""
        return tag_id in self._confirmed or tag_id in self._learned


def names_in(candidate: Candidate) -> tuple[str, ...]:
    """The different names by which a candidate is named."""
    return tuple(sorted({match.name.text for match in candidate.title + candidate.text}))


def _content(text: Words) -> list[str]:
    return [word for word in text.stems if word not in STOP_WORDS and len(word) > 1]


def _places(written: Mapping[str, Sequence[int]]) -> dict[int, Places]:
    return {int(tag_id): np.array(places, dtype=np.intp) for tag_id, places in written.items()}


def _count(counts: list[int], is_right: bool) -> None:
    counts[0] += is_right
    counts[1] += 1


def _logit(share: float) -> float:
    share = min(max(share, 0.01), 0.99)
    return float(np.log(share / (1 - share)))


def _usual(accepted: Mapping[str, Sequence[int]]) -> float:
    right, asked = (
        sum(counts[0] for counts in accepted.values()),
        sum(counts[1] for counts in accepted.values()),
    )
    return (right + 1) / (asked + 2)


def _log_odds(accepted: Mapping[str, Sequence[int]]) -> dict[int, float]:
    """By how much a tag is accepted more than others, in log-odds of shares with a beta prior."""
    usual = _usual(accepted)
    return {
        int(tag_id): _logit((right + _DOUBT * usual) / (asked + _DOUBT)) - _logit(usual)
        for tag_id, (right, asked) in accepted.items()
    }


def _names_log_odds(
    names: Mapping[str, Mapping[str, Sequence[int]]], accepted: Mapping[str, Sequence[int]]
) -> dict[int, dict[str, float]]:
    """By how much a name means its tag more than the tag's others do."""
    usual = _usual(accepted)
    found: dict[int, dict[str, float]] = {}
    for tag_id, of_tag in names.items():
        right, asked = accepted[tag_id]
        own = (right + _DOUBT * usual) / (asked + _DOUBT)
        found[int(tag_id)] = {
            name: _logit((right + _DOUBT * own) / (asked + _DOUBT)) - _logit(own)
            for name, (right, asked) in of_tag.items()
        }
    return found


def _latest(judged: Sequence[Judged], is_right: bool) -> dict[int, list[int]]:
    """The last articles judged so, by tag, tags in order."""
    found: dict[int, dict[int, None]] = defaultdict(dict)
    for pair in judged:
        if pair.is_right is is_right:
            found[pair.tag_id][pair.article_id] = None
    return {tag_id: list(found[tag_id])[-_KEPT:] for tag_id in sorted(found)}


def _three_nearest(cosines: Floats) -> Floats:
    """Mean of the three highest of each row; what there is less than three counts as unlike."""
    best = np.partition(cosines, -3, axis=1)[:, -3:] if cosines.shape[1] > 3 else cosines
    return np.asarray(best.sum(axis=1) / 3)


def _learn_words(
    confirmed: Mapping[int, Sequence[int]],
    rejected: Mapping[int, Sequence[int]],
    place: Mapping[int, int],
    rows: csr_array,
) -> dict[str, Any]:
    """Ridge regression of -1 and 1 on words for each tag with enough of both, both sorts weighing the same."""
    learned: dict[str, Any] = {}
    for tag_id, right in confirmed.items():
        wrong = rejected.get(tag_id, ())
        if min(len(right), len(wrong)) < BOTH_SORTS:
            continue
        own = rows[[place[article] for article in (*right, *wrong)]]
        target = np.concatenate([np.ones(len(right)), -np.ones(len(wrong))])
        weights = np.concatenate(
            [np.full(len(right), 0.5 / len(right)), np.full(len(wrong), 0.5 / len(wrong))]
        ) * len(target)
        # In its dual form: there are fewer articles than words.
        kernel = (own @ own.T).toarray()
        dual = np.linalg.solve(kernel + _RIDGE * np.diag(1 / weights), target)
        coefficients = np.asarray(own.T @ dual).ravel()
        strongest = np.sort(np.argsort(-np.abs(coefficients), kind="stable")[:_COLUMNS])
        strongest = strongest[np.abs(coefficients[strongest]) >= 0.0001]
        learned[str(tag_id)] = {
            "columns": strongest.tolist(),
            "weights": np.round(coefficients[strongest], 4).tolist(),
        }
    return learned
