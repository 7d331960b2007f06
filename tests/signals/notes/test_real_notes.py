"""The real notes, all layouts: read, written and read back."""

import json
from pathlib import Path

from signals.notes.read import is_source_note, read_jsonl_line, read_markdown
from signals.notes.write import write_markdown, write_record


def test_every_real_markdown_note_is_written_as_it_was(shared_data: Path) -> None:
    paths = [*(shared_data / "notes/markdown").glob("*.md"), *(shared_data / "notes").glob("001_*.txt")]
    assert len(paths) == 10
    for path in paths:
        text = path.read_text(encoding="utf-8")
        note = read_markdown(text)
        assert write_markdown(note) == text + "\n", path.name
        assert read_markdown(write_markdown(note)) == note
        assert not note.extra


def test_every_real_record_reads_back_equal_and_whole(shared_data: Path) -> None:
    lines = (shared_data / "notes/dev.jsonl").read_text(encoding="utf-8").splitlines()
    notes = [read_jsonl_line(line) for line in lines]
    rows = [row for note in notes for row in note.rows]
    assert (len(notes), len(rows)) == (45, 1312)
    assert sum(row.kind == "technology" and row.name is None for row in rows) == 28
    assert sum(row.relevancy is None for row in rows) == 293
    for line, note in zip(lines, notes, strict=True):
        record = json.loads(line)
        assert write_record(note) == record | {"summary": record["summary"].strip()}
        assert read_markdown(write_markdown(note)) == note


def test_markdown_and_record_of_one_note_say_the_same(shared_data: Path) -> None:
    records = {}
    for line in (shared_data / "notes/dev.jsonl").read_text(encoding="utf-8").splitlines():
        note = read_jsonl_line(line)
        records[note.identity] = note
    for path in (shared_data / "notes/markdown").glob("*.md"):
        note = read_markdown(path.read_text(encoding="utf-8"))
        record = records[path.stem]
        assert (note.title, note.page, note.keywords, note.summary) == (
            record.title,
            record.page,
            record.keywords,
            record.summary,
        )
        assert [(r.kind, r.name, r.description, r.outlook, r.relevancy) for r in note.rows] == [
            (r.kind, r.name, r.description, r.outlook, r.relevancy) for r in record.rows
        ]


def test_the_plain_seed_article_is_not_taken_for_a_note(shared_data: Path) -> None:
    (path,) = (shared_data / "notes").glob("000_*.txt")
    assert not is_source_note(path.read_text(encoding="utf-8"))
