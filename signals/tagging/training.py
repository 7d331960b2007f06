"""The default pair model, trained from the starter catalogue and the sample briefs alone.

`python -m signals.tagging.training` writes `default_model.json` again, the same to the last digit.

No article labelled by hand goes in. Three kinds of text stand for articles: each tag's own description, read
by a tagger that does not know it; names put into sentences about AI (a mention) and about anything else (a
mention only when the name itself is beyond doubt); and the sample's briefs, whose surest names are mentions.
What a text neither names nor describes is no mention.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from signals.tagging.candidates import Candidate
from signals.tagging.profiles import GAP, Profile
from signals.tagging.scorer import DEFAULT_MODEL, FEATURES, PairModel, is_beyond_doubt
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
    UNNAMED = "those it does not name are no mentions"
    ALL = "that, and those it names beyond doubt are"


@dataclass(frozen=True, slots=True)
class Example:
    """A text, the tag it was made for and whether it carries it; what it says of other tags is `others`."""

    document: Document
    tag_id: int | None
    carries: bool
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
                tuple(row.get("cues", [])),
                description,
            )
        )
    return profiles


def train(catalogue: dict[str, Any], briefs: Sequence[Document], seed: int = 1) -> PairModel:
    """A pair model from a catalogue and briefs; the same for the same arguments."""
    profiles = read_profiles(catalogue)
    blind = Tagger([replace(profile, description="") for profile in profiles], _BLANK)
    seeing = Tagger(profiles, _BLANK)
    described = list(_descriptions(catalogue))
    inserted = list(_insertions(catalogue, profiles, Random(seed)))  # noqa: S311 - reproducible draws, no secret
    read = [Example(brief, None, False, Others.ALL) for brief in briefs]
    features, labels, weights = [], [], []
    for tagger, examples in ((blind, described), (seeing, inserted), (seeing, read)):
        x, y, w = _pairs(tagger, examples)
        features.append(x)
        labels += y
        weights += w
    model = LogisticRegression(C=0.3, max_iter=2000)
    model.fit(np.vstack(features), np.array(labels), sample_weight=np.array(weights))
    return PairModel(
        tuple(round(float(weight), 4) for weight in model.coef_[0]), round(float(model.intercept_[0]), 4)
    )


def _descriptions(catalogue: dict[str, Any]) -> Iterator[Example]:
    for number, row in enumerate(catalogue["tag"]):
        for text in (row.get("description"), row.get("description_fr"), row.get("change")):
            if text:
                first, _, rest = text.partition(". ")
                yield Example(Document(first, rest), number, True, Others.UNNAMED)
                yield Example(Document("", text), number, True, Others.UNNAMED)


def _insertions(catalogue: dict[str, Any], profiles: Sequence[Profile], random: Random) -> Iterator[Example]:
    rows = catalogue["tag"]
    for number, row in enumerate(rows):
        for language, name in _names(row):
            name = name.replace(GAP, " ")
            length = random.choice((1, 1, 5))
            key = "description_fr" if language == "fr" else "description"
            about_ai = " ".join(str(row.get(key, "")) for row in random.sample(rows, length))
            elsewhere = " ".join(random.sample(_ELSEWHERE, length))
            frame = random.choice(_FRAMES[language]).format(name=name)
            sentence = random.choice(_SENTENCES[language]).format(name=name)
            in_title, is_late = random.random() < 0.4, random.random() < 0.5
            for text, carries in ((about_ai, True), (elsewhere, is_beyond_doubt(name))):
                opening, _, rest = text.partition(". ")
                late = f"{rest} {sentence}" if is_late else f"{sentence} {rest}"
                document = Document(frame, text) if in_title else Document(opening, late)
                yield Example(document, number, carries, Others.NOTHING)


def _names(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in (row["name"], *row.get("aliases", [])):
        yield "en", name
    for name in (row.get("name_fr", ""), *row.get("aliases_fr", [])):
        if name:
            yield "fr", name


def _pairs(tagger: Tagger, examples: Sequence[Example]) -> tuple[Any, list[int], list[float]]:
    _readings, pairs, features = tagger.score_features([example.document for example in examples])
    rows, labels, weights = [], [], []
    for place, (index, candidate) in enumerate(pairs):
        example = examples[index]
        is_own = tagger.profiles[candidate.profile].tag_id == example.tag_id
        if is_own:
            label = example.carries
        elif example.others is Others.NOTHING or (example.others is Others.UNNAMED and candidate.is_named):
            continue
        else:
            label = _is_sure(candidate)
        rows.append(place)
        labels.append(int(label))
        weights.append(1.0)
    return features[rows], labels, weights


def _is_sure(candidate: Candidate) -> bool:
    names = candidate.title + candidate.text
    return bool(candidate.title) or len(names) > 1 or any(is_beyond_doubt(match.name.text) for match in names)


def main() -> None:
    """Write the default model."""
    catalogue = tomllib.loads((_STARTER / "catalogue.toml").read_text(encoding="utf-8"))
    briefs = tomllib.loads((_STARTER / "briefs.toml").read_text(encoding="utf-8"))["brief"]
    model = train(catalogue, [Document(brief["title"], brief["text"]) for brief in briefs])
    stored = {"weights": dict(zip(FEATURES, model.weights, strict=True)), "intercept": model.intercept}
    DEFAULT_MODEL.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
