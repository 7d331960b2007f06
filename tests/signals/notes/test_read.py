"""Each layout, the untidy ones too, is read as it was meant; what is no note is refused with a reason."""

from pathlib import Path

import pytest

from signals.notes.read import is_source_note, read_jsonl_line, read_markdown, read_record
from signals.notes.types import (
    ClosestNote,
    ExtraSection,
    Kind,
    NoteError,
    NoteRow,
    SourceNote,
    readable_list,
)
from signals.notes.write import write_markdown, write_record

LAYOUTS = Path(__file__).parent / "layouts"
FILES = sorted(LAYOUTS.glob("*.md"))


def layout(name: str) -> SourceNote:
    return read_markdown((LAYOUTS / f"{name}.md").read_text(encoding="utf-8"))


def note_with(table: str, heading: str = "Signals") -> SourceNote:
    return read_markdown(f"# __A title__\n\n## {heading}\n\n{table}\n")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_layout_reads_back_equal_and_keeps_its_layout(path: Path) -> None:
    note = read_markdown(path.read_text(encoding="utf-8"))
    again = read_markdown(write_markdown(note))
    assert again == note
    assert read_record(write_record(note)) == note
    if path.stem != "untidy":
        assert again.layout == note.layout


def test_a_full_note_is_read_field_by_field() -> None:
    note = layout("full")
    assert note.title == "Réutiliser la chaleur des centres de données"
    assert (note.page, note.page_link) == ("20240107", "https://notes.example/p/20240107")
    assert note.link == "https://news.example/heat_(reuse)?a=1&b=2"
    assert note.keywords == ("chaleur", "data centers")
    assert (note.category, note.type) == ("technology", "news")
    assert note.rows_of("signal")[1] == NoteRow(
        "signal",
        '"Green" compute €',
        "Buyers ask where the heat goes.",
        "From price to footprint.",
        "Heat is part of the tender.",
        "Climate_targets",
        5,
        position=1,
    )
    assert [len(note.rows_of(kind)) for kind in ("signal", "concern", "behavior", "technology", "issue")] == [
        2,
        1,
        1,
        1,
        1,
    ]


def test_a_page_id_is_kept_verbatim_and_unnamed_technologies_stay_so() -> None:
    note = layout("no_concerns_unnamed_technologies")
    assert note.page == "2750.0"
    assert note.layout is not None and note.layout.origin == "from"
    assert [(row.name, row.src) for row in note.rows_of("technology")] == [(None, "0a1b2c3d4e5f")] * 2
    assert [row.relevancy for row in note.rows] == [5, 4, 4, 5, None]


def test_rows_without_a_relevancy_column_have_none() -> None:
    note = layout("only_signals_scored")
    assert [row.relevancy for row in note.rows] == [5, None, None, None, None]


def test_the_old_order_fills_the_same_fields_and_keeps_its_neighbours() -> None:
    note = layout("old_order")
    assert note.rows == (
        NoteRow(
            "signal",
            "Lamps alone",
            change="Technology",
            outlook="Nobody visits the lamps",
            driving_force="Cost of keepers",
        ),
    )
    assert note.closest == (ClosestNote("On Ships [and Men]", "00ff00ff00ff00ff"),) * 2
    assert note.category is None


def test_an_untidy_note_loses_nothing() -> None:
    note = layout("untidy")
    assert note.title == "Notes from a [Untidy] __Desk__"
    assert note.themes == ("law", "order")
    assert note.rows_of("signal") == (
        NoteRow(
            "signal",
            "Pipe | escaped",
            "Line\ntwo",
            "a|b",
            "<b>bold</b> &amp; more",
            relevancy=4,
            extra=(("certainty", "low"),),
        ),
        NoteRow(
            "signal",
            None,
            None,
            "\\alpha",
            "C:\\temp",
            "'single' \"double\"",
            extra=(("relevancy (as said)", "4.5"),),
            position=1,
        ),
        NoteRow("signal", "Short row", "only this", position=2),
    )
    assert note.rows_of("issue") == (NoteRow("issue", "Left", "said x | y, not z", relevancy=3),)
    assert note.extra == (
        ExtraSection("", "Collected by hand."),
        ExtraSection("Signals (text)", "Two of these are guesses."),
        ExtraSection("Methodology", "Read twice.\n\n* once quickly"),
    )


def test_keywords_torn_into_letters_stay_so_but_can_be_read() -> None:
    note = layout("untidy")
    assert note.keywords == ("a", "i", ",", "", "l", "a", "w")
    assert readable_list(note.keywords) == ("ai", "law")
    assert readable_list(("a", "b")) == ("a", "b")


@pytest.mark.parametrize(
    ("table", "name", "description"),
    [
        ("| name | description |\n|:--|:--|\n| a|b | c |", "a|b", "c"),
        (
            "| name    | description   |\n|:--------|:--------------|\n| a | b   | c             |",
            "a | b",
            "c",
        ),
        ("| name | description | relevancy |\n|--|--|--|\n| a | b | c | 3 |", "a", "b | c"),
        ("| name | description |\n|--|--|\n| a | one\ntwo |", "a", "one\ntwo"),
        ("name is here\n| name | description |\n| a | b", "a", "b"),
    ],
    ids=["inside a word", "by column width", "into the description", "a raw line end", "no rule line"],
)
def test_marks_inside_a_cell_are_told_apart(table: str, name: str, description: str) -> None:
    (row,) = note_with(table, "Issues").rows
    assert (row.name, row.description) == (name, description)


def test_a_row_that_cannot_be_told_apart_is_refused_with_its_line() -> None:
    header = "| name | description | change | 10-year | driving-force | relevancy |\n|--|--|--|--|--|--|\n"
    with pytest.raises(NoteError, match=r"^line 7: 7 cells where the header has 6"):
        note_with(header + "| a | b | c | d | e | f | 4 |")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the text is empty"),
        ("\n\nA plain article\n\nwith text", "line 3: not a source note"),
        ("# A readme\n\n## Install\n\npip", "line 1: not a source note"),
        ("# ____\n\n## Signals\n\n## Issues\n", "a note needs a title"),
        ("# __A__, (from page [x)\n\n## Signals\n", "line 1: the title line's link to its page is broken"),
    ],
)
def test_what_is_no_note_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        read_markdown(text)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 3: not a JSON object"),
        ("[]", "line 3: not a JSON object"),
        ("{}", "line 3: a note needs a title"),
        ('{"title": "x", "signals": ["y"]}', "line 3: 'signals' is not a list of objects"),
        ('{"title": "x", "summary": {}}', "line 3: 'summary' is not a text"),
    ],
)
def test_a_broken_line_of_a_collection_is_refused_with_its_number(line: str, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        read_jsonl_line(line, 3)


def test_a_record_keeps_what_it_does_not_know_and_reads_odd_relevancies() -> None:
    note = read_record(
        {
            "title": "x",
            "issues": [
                {"name": "a", "relevancy": value} for value in (4, 4.0, "4.0", float("nan"), None, 9, True)
            ],
            "mood": "good",
        }
    )
    assert [row.relevancy for row in note.rows] == [4, 4, 4, None, None, None, None]
    assert [row.extra for row in note.rows[5:]] == [
        (("relevancy (as said)", "9"),),
        (("relevancy (as said)", "True"),),
    ]
    assert note.extra == (ExtraSection("mood", "good"),)


@pytest.mark.parametrize("relevancy", [0, 6, True, 4.0])
def test_a_row_holds_a_whole_relevancy_from_1_to_5(relevancy: object) -> None:
    kind: Kind = "issue"
    with pytest.raises(NoteError):
        NoteRow(kind, "a", relevancy=relevancy)


def test_a_plain_article_is_not_a_note() -> None:
    assert not is_source_note("How to read\n- Somebody\n- 2 min\nText.")
    assert is_source_note((LAYOUTS / "old_order.md").read_text(encoding="utf-8"))
