"""A catalogue of thousands of tags, made of the starter catalogue and a seed: its tags, then variants of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from signals.tagging.names import normalise_name

STARTER: Final = Path(__file__).resolve().parent.parent / "signals" / "starter" / "catalogue.toml"
_SEED: Final = 20261122
_FIELDS: Final = """
hospitals schools farms banks courts ports railways newsrooms museums laboratories factories
airports insurers pharmacies libraries cities ministries kindergartens theatres mines forests
harbours warehouses clinics studios utilities shipyards vineyards bakeries observatories archives
parliaments embassies prisons sawmills breweries orchards reservoirs tramways planetariums
"""
_MANNERS: Final = """
federated sparse continual verified decentralised offline certified low-cost long-horizon
privacy-preserving hybrid neurosymbolic embedded simulated event-driven peer-to-peer zero-shot
incremental audited bilingual
"""
_SYLLABLES: Final = """
ar vex no li tor qua mi sel dra kun or pha zen ulo bri cas
"""


def make_rows(count: int, seed: int = _SEED) -> list[dict[str, Any]]:
    """`count` tags as a catalogue file states them, no name twice in a kind; the same for the same seed."""
    starter: list[dict[str, Any]] = tomllib.loads(STARTER.read_text(encoding="utf-8"))["tag"]
    taken = {
        (row["kind"], normalise_name(name))
        for row in starter
        for name in (row["name"], row.get("name_fr", ""), *row.get("aliases", []), *row.get("aliases_fr", []))
    }
    rows = starter[:count]
    for row in _variants(starter, Random(seed)):
        if len(rows) >= count:
            break
        keys = {(row["kind"], normalise_name(name)) for name in (row["name"], *row["aliases"])}
        if len(keys) == 1 + len(row["aliases"]) and not keys & taken:
            taken |= keys
            rows.append(row)
    return rows


def _variants(starter: list[dict[str, Any]], random: Random) -> Iterator[dict[str, Any]]:
    fields, manners, syllables = _FIELDS.split(), _MANNERS.split(), _SYLLABLES.split()
    while True:
        base, other = random.sample(starter, 2)
        field, manner = random.choice(fields), random.choice(manners)
        product = "".join(random.choices(syllables, k=3)).capitalize()
        name = base["name"].split(" (")[0]
        row: dict[str, Any] = {"kind": base["kind"], "cues": [field, manner], "aliases": []}
        if base["kind"] == "technology" and random.random() < 0.4:
            row["name"] = f"{product}-{random.randint(1, 9)}"
            row["aliases"] = [f"{product} {random.randint(2, 70)}B"]
        elif random.random() < 0.5:
            row["name"] = f"{name} for {field}"
            row["aliases"] = [f"{manner} {name} in {field}"]
        else:
            row["name"] = f"{manner} {name}"
        words = f"{base['description']} {other['description']}".split()
        random.shuffle(words)
        row["description"] = f"{row['name']}: {manner}, for {field}. {' '.join(words[:30])}."
        yield row
