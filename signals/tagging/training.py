"""The default pair model, trained from the starter catalogue, the sample and invented news alone.

`python -m signals.tagging.training` writes `default_model.json` again, the same to the last digit.

No news goes in. Three kinds of text stand for it: invented news with its tags (`examples.toml`); names put into
sentences about anything else (a mention only when the name itself is beyond doubt); and the sample's briefs,
whose surest names are mentions. What a text neither names nor describes is no mention.

Invented news says which signs matter, not how often each kind is meant. That is set by the six numbers of
`CALIBRATION`, chosen so that .8 means 8 in 10 on news labelled by hand (docs/decisions/tagging.md).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from signals.tagging.candidates import Candidate
from signals.tagging.profiles import GAP, Profile
from signals.tagging.rules import cues_of
from signals.tagging.scorer import DEFAULT_MODEL, FEATURES, KINDS, UNPHRASED, PairModel, is_beyond_doubt
from signals.tagging.tagger import Document, Tagger

_STARTER: Final = Path(__file__).resolve().parent.parent / "starter"
_BLANK: Final = PairModel((0.0,) * len(FEATURES), 0.0)

# News of other worlds, for names that mean something else there.
_ELSEWHERE: Final = (
    "The council voted to widen the cycle path along the river. Works start in spring and last two years.",
    "Growers expect a late harvest after the wet summer. Prices for plums have doubled at the market.",
    "The striker renewed his contract for three seasons. The club did not say what it will pay him.",
    "A new bakery opened opposite the station. Its rye bread sold out before nine on the first morning.",
    "The museum shows two hundred maps of the coast. Visitors may touch the globes on Sundays.",
    "The phone has a brighter screen and a larger battery. It goes on sale next week for 599 euros.",
    "Engineers closed the bridge after finding a crack. Trains take a detour of forty minutes.",
    "The minister answered questions about pensions for three hours. The vote was put off until March.",
    "Le conseil a voté la rénovation du marché couvert. Les travaux dureront dix-huit mois.",
    "Les vendanges commencent tôt cette année. Les coopératives cherchent encore des saisonniers.",
    "Le club a changé d'entraîneur à la mi-saison. Les supporters attendaient mieux du recrutement.",
    "La gare rouvre après six semaines de chantier. Deux quais restent fermés jusqu'à l'été.",
    "Le syndicat appelle à la grève dans les hôpitaux. Une réunion est prévue jeudi au ministère.",
    "Un orage a coupé le courant dans la vallée. Les équipes ont travaillé toute la nuit.",
)
CALIBRATION: Final = {
    "slope": 1.16, "technology": -0.37, "signal": -1.07, "behavior": -1.21, "issue": -0.87, "concern": -0.74,
}  # fmt: skip
"""Of the log-odds: how steep, and a shift for each kind."""
_INSERTED_WEIGHT: Final = 0.05
_BRIEF_WEIGHT: Final = 0.1
_FRAMES: Final = {
    "en": ("{name}: what comes next", "{name} in the news", "A year of {name}", "How {name} changed us"),
    "fr": ("{name} : et maintenant ?", "Un an de {name}", "{name} au programme", "Ce que change {name}"),
}  # fmt: skip
_SENTENCES: Final = {
    "en": ("The talk was of {name}.", "Part of it is {name}, people there say.", "It comes down to {name}."),
    "fr": ("On y parle de {name}.", "Il est question de {name}, dit-on sur place.", "Reste {name}."),
}


class Others(Enum):
    """What an example teaches about tags it was not made for."""

    NOTHING = "nothing"
    ABSENT = "they are no mentions"
    NAMED = "those it names beyond doubt are mentions, the others are none"


@dataclass(frozen=True, slots=True)
class Example:
    """A text, the tags it carries, those it teaches nothing about, and what it says of all `others`."""

    document: Document
    carries: frozenset[int]
    leaves_open: frozenset[int]
    others: Others


def read_profiles(catalogue: dict[str, Any]) -> list[Profile]:
    """The profiles of a catalogue file, numbered from 0."""
    profiles = []
    for number, row in enumerate(catalogue["tag"]):
        names = [row["name"], *row.get("aliases", []), row.get("name_fr", ""), *row.get("aliases_fr", [])]
        description = " ".join(row.get(key, "") for key in ("description", "description_fr", "change"))
        profiles.append(
            Profile(
                number,
                row["kind"],
                tuple(dict.fromkeys(name for name in names if name)),
                tuple(cues_of(row)),
                description,
            )
        )
    return profiles


def train(
    catalogue: dict[str, Any], briefs: Sequence[Document], invented: Sequence[dict[str, Any]], seed: int = 1
) -> PairModel:
    """A pair model from a catalogue, briefs and invented news; the same for the same arguments."""
    profiles = read_profiles(catalogue)
    tagger = Tagger(profiles, _BLANK)
    inserted = list(_insertions(catalogue, Random(seed)))  # noqa: S311 - reproducible draws, no secret
    nobody: frozenset[int] = frozenset()
    read = [Example(brief, nobody, nobody, Others.NAMED) for brief in briefs]
    features, labels, weights = [], [], []
    for examples, weight in (
        (list(_invented(invented, profiles)), 1.0),
        (inserted, _INSERTED_WEIGHT),
        (read, _BRIEF_WEIGHT),
    ):
        x, y = _pairs(tagger, examples)
        features.append(x)
        labels += y
        weights += [weight] * len(y)
    # Without a phrasing: that is learned from news (`phrasing_training`).
    signs = np.vstack(features)[:, : len(UNPHRASED)]
    # How often a kind is meant is no matter of examples: the calibration says it.
    signs[:, -len(KINDS) :] = 0.0
    model = LogisticRegression(C=3.0, max_iter=5000)
    model.fit(signs, np.array(labels), sample_weight=np.array(weights))
    slope, base = CALIBRATION["slope"], CALIBRATION["technology"]
    learned = (slope * model.coef_[0]).tolist()[: -len(KINDS)]
    shifts = [CALIBRATION[kind] - base for kind in KINDS]
    return PairModel(
        tuple(round(float(weight), 4) for weight in (*learned, *shifts, *_BLANK.weights[len(UNPHRASED) :])),
        round(slope * float(model.intercept_[0]) + base, 4),
    )


def _invented(rows: Sequence[dict[str, Any]], profiles: Sequence[Profile]) -> Iterator[Example]:
    numbers = {f"{profile.kind}: {profile.names[0]}": profile.tag_id for profile in profiles}
    for row in rows:
        yield Example(
            Document(row["title"], row["text"]),
            frozenset(numbers[tag] for tag in row.get("tags", []) if tag in numbers),
            frozenset(numbers[tag] for tag in row.get("maybe", []) if tag in numbers),
            Others.ABSENT,
        )


def _insertions(catalogue: dict[str, Any], random: Random) -> Iterator[Example]:
    for number, row in enumerate(catalogue["tag"]):
        for language, name in _names(row):
            name = name.replace(GAP, " ")
            text = " ".join(random.sample(_ELSEWHERE, random.choice((1, 1, 5))))
            frame = random.choice(_FRAMES[language]).format(name=name)
            sentence = random.choice(_SENTENCES[language]).format(name=name)
            opening, _, rest = text.partition(". ")
            late = f"{rest} {sentence}" if random.random() < 0.5 else f"{sentence} {rest}"
            document = Document(frame, text) if random.random() < 0.4 else Document(opening, late)
            own = frozenset((number,))
            carries = own if is_beyond_doubt(name) else frozenset()
            yield Example(document, carries, frozenset(), Others.NOTHING if carries else Others.ABSENT)


def _names(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in (row["name"], *row.get("aliases", [])):
        yield "en", name
    for name in (row.get("name_fr", ""), *row.get("aliases_fr", [])):
        if name:
            yield "fr", name


def _pairs(tagger: Tagger, examples: Sequence[Example]) -> tuple[Any, list[int]]:
    _readings, pairs, features = tagger.score_features([example.document for example in examples])
    rows, labels = [], []
    for place, (index, candidate) in enumerate(pairs):
        example, tag_id = examples[index], tagger.profiles[candidate.profile].tag_id
        if tag_id in example.carries:
            label = True
        elif example.others is Others.NOTHING or tag_id in example.leaves_open:
            continue
        else:
            label = example.others is Others.NAMED and _is_sure(candidate)
        rows.append(place)
        labels.append(int(label))
    return features[rows], labels


def _is_sure(candidate: Candidate) -> bool:
    names = candidate.title + candidate.text
    return bool(candidate.title) or len(names) > 1 or any(is_beyond_doubt(match.name.text) for match in names)


def main() -> None:
    """Write the default model."""
    catalogue = tomllib.loads((_STARTER / "catalogue.toml").read_text(encoding="utf-8"))
    briefs = tomllib.loads((_STARTER / "briefs.toml").read_text(encoding="utf-8"))["brief"]
    invented = tomllib.loads((_STARTER / "examples.toml").read_text(encoding="utf-8"))["example"]
    model = train(catalogue, [Document(brief["title"], brief["text"]) for brief in briefs], invented)
    stored = {"weights": dict(zip(UNPHRASED, model.weights, strict=False)), "intercept": model.intercept}
    DEFAULT_MODEL.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
