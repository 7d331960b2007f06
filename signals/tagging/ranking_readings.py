"""The words of articles as the ranker reads them, kept in the process: reading is most of a refit's work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from django.db.models.functions import Left
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from signals.models import Article
from signals.tagging.catalogue_index import current_tagger
from signals.tagging.ranking import OPENING, read_words
from signals.tagging.ranking_score import topicality
from signals.tagging.tagger import Tagger

_AT_ONCE: Final = 1_000


class Readings:
    """Rows of hashed words, and how much each article speaks like the catalogue (0-1)."""

    def __init__(self) -> None:
        self.rows: csr_array = read_words([])
        self._topicality: NDArray[np.float64] = np.zeros(0)
        self._places: dict[int, int] = {}
        self._stamps: dict[int, datetime | None] = {}
        self._tagger: Tagger | None = None

    def read(self, wanted: Mapping[int, datetime | None]) -> None:
        """Hold these articles (by id, with when they were processed) and no others; read what is new or changed."""
        tagger = current_tagger()
        # How much a text speaks like the catalogue depends on the catalogue.
        held_before = self._places if tagger is self._tagger else {}
        kept = [pk for pk, stamp in wanted.items() if pk in held_before and self._stamps[pk] == stamp]
        held = set(kept)
        new = [pk for pk in wanted if pk not in held]
        rows, speaks = self.of(kept)
        blocks, spoken = [rows], [speaks]
        for start in range(0, len(new), _AT_ONCE):
            batch = new[start : start + _AT_ONCE]
            # One that was deleted meanwhile has nothing to say.
            found = dict.fromkeys(batch, "") | _openings(batch)
            blocks.append(read_words(list(found.values())))
            spoken.append(np.array([topicality(tagger, text) for text in found.values()]))
        # All at once at the end: whatever fails before leaves what was held as it was.
        self.rows = csr_array(vstack(blocks, format="csr")) if new else rows
        self._topicality = np.concatenate(spoken)
        self._places = {pk: place for place, pk in enumerate([*kept, *new])}
        self._stamps, self._tagger = dict(wanted), tagger

    def of(self, article_ids: Sequence[int]) -> tuple[csr_array, NDArray[np.float64]]:
        """The rows, (n, columns), and the topicality, (n,), of articles that are held.

        Raises KeyError for one that is not.
        """
        places = np.array([self._places[pk] for pk in article_ids], dtype=np.intp)
        return csr_array(self.rows[places]), self._topicality[places]


def _openings(article_ids: Sequence[int]) -> dict[int, str]:
    """The beginnings, not the texts: those may be long."""
    rows = Article.objects.filter(pk__in=article_ids).values_list("pk", "title", Left("text", OPENING))
    return {pk: f"{title}. {text}" for pk, title, text in rows}
