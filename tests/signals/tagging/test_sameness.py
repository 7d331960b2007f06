"""Tags that may be one: few where nobody made duplicates, found where somebody did."""

import tomllib

from signals.curation.catalogue import STARTER
from signals.tagging.sameness import TagText, find_alike


def pairs(*tags, **options):
    return {(one.first, one.second): one.code for one in find_alike(tags, **options)}


def test_the_starter_catalogue_has_next_to_no_duplicates():
    rows = tomllib.loads(STARTER.read_text(encoding="utf-8"))["tag"]
    tags = [
        TagText(
            number, row["kind"], row["name"], row.get("name_fr", ""),
            (*row.get("aliases", ()), *row.get("aliases_fr", ())), row["description"], row.get("description_fr", ""),
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip
    assert len(find_alike(tags)) <= 4


def test_the_same_thing_in_other_words_or_another_language_is_found():
    assert pairs(
        TagText(1, "issue", "Dependence on AI tools", description="People can't do without assistants."),
        TagText(2, "concern", "Dependency on AI tools", description="People can't work without assistants."),
        TagText(3, "issue", "Energy use of AI", "Consommation d'énergie de l'IA"),
        TagText(4, "issue", "Power demand of models", "Consommation d’énergie de l’IA"),
        TagText(5, "technology", "Retrieval-augmented generation (RAG)", aliases=("grounded generation",)),
        TagText(6, "technology", "RAG"),
        TagText(7, "behavior", "Quiet ports", description="Harbours run their cranes on batteries."),
    ) == {(1, 2): "meaning", (3, 4): "same_french_name", (5, 6): "name_is_alias"}


def test_two_versions_of_a_thing_are_two_things():
    assert not pairs(TagText(1, "technology", "GPT-4 models"), TagText(2, "technology", "GPT-5 models"))


def test_tags_seen_in_the_same_articles_are_found_whatever_they_are_called():
    together, apart = frozenset(range(10)), frozenset(range(50, 60))
    found = find_alike(
        [
            TagText(1, "issue", "Robots in care", places=together),
            TagText(2, "issue", "Machines for the old", places=together - {3}),
            TagText(3, "issue", "Ports", places=apart),
        ],
        places_in_all=1000,
    )
    assert [(one.first, one.second, one.code, one.shared, one.of) for one in found] == [
        (1, 2, "together", 9, 9)
    ]
