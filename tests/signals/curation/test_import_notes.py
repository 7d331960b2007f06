"""Notes are imported exactly as they are, once each, and a bad one never stops the rest."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from signals.curation.catalogue import create_tag
from signals.curation.export import export_note, export_notes
from signals.curation.notes import ImportSummary, counts_of, import_note, import_notes, stored_note
from signals.models import Article, ArticleType, Kind, Note, NoteRow, Source, SourceKind, State, Tag, Tagging
from signals.notes.read import read_jsonl_line, read_markdown
from signals.notes.types import ClosestNote, ExtraSection, SourceNote
from signals.notes.types import NoteRow as Row
from signals.notes.write import write_markdown, write_record
from tests.signals.notes.strategies import notes

pytestmark = pytest.mark.django_db

LAYOUTS = Path(__file__).parent.parent / "notes" / "layouts"
HARD = SourceNote(
    'A "hard" | note \\',
    link="https://news.example/hard?a=1",
    page="2750.0",
    keywords=("a", "", "b", ",", "c"),
    summary="First.\n\n## Not a section",
    rows=(
        Row(
            "signal", "a|b\nc", "x" * 10_000, "\u202eعربي\u202c", "nan", "<br>", 4, "src", (("mood", "good"),)
        ),
        Row("technology", None, "no name"),
        Row("concern", "שלום", relevancy=1),
    ),
    closest=(ClosestNote("[x](y)", "00ff"),),
    extra=(ExtraSection("Method", "Read twice."),),
)


def outcomes(summary: ImportSummary) -> dict[str, int]:
    return {outcome: count for outcome, count in counts_of(summary).items() if count}


def tag_named(name: str) -> Tag:
    return Tag.objects.create(kind=Kind.SIGNAL, name=name)


def test_a_note_is_stored_and_exported_exactly_as_it_came() -> None:
    import_note(note=HARD)
    article = Article.objects.get()
    assert export_note(article) == HARD
    assert NoteRow.objects.get(kind="technology").name is None
    assert list(NoteRow.objects.order_by("kind").values_list("stated_relevancy", flat=True)) == [1, 4, None]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(note=notes)
def test_any_note_goes_through_the_database_unharmed(db: None, note: SourceNote) -> None:
    with transaction.atomic():
        report = import_note(note=note)
        assert import_note(note=note).outcome == "unchanged"
        assert export_note(Article.objects.get(pk=report.article_id)) == note
        transaction.set_rollback(True)


def test_an_imported_note_is_an_article_of_its_source_without_a_date_waiting_to_be_tagged() -> None:
    import_notes(paths=[LAYOUTS / "full.md"])
    article = Article.objects.get()
    assert (article.source.kind, article.type) == (SourceKind.NOTES, ArticleType.NOTE)
    assert (article.publisher, article.language) == ("news.example", "fr")
    assert article.published_at is None and article.processed_at is None
    assert article.note.page == "20240107"
    assert (article.category, article.note_type) == ("technology", "news")


def test_every_layout_is_imported_once_and_exported_equal(tmp_path: Path) -> None:
    first, second = import_notes(paths=[LAYOUTS]), import_notes(paths=[LAYOUTS])
    assert outcomes(first) == {"imported": 5}
    assert outcomes(second) == {"unchanged": 5}
    assert Source.objects.count() == 1
    for note in Note.objects.all():
        read = read_markdown(Path(note.origin).read_text(encoding="utf-8"))
        assert stored_note(note) == read
        assert stored_note(note).layout == read.layout
    export_notes(articles=Article.objects.all(), folder=tmp_path)
    assert outcomes(import_notes(paths=[tmp_path])) == {"unchanged": 5}


def test_a_changed_note_updates_and_keeps_the_links_of_rows_that_stayed(tmp_path: Path) -> None:
    path = tmp_path / "a-note.md"
    rows = (Row("signal", "stays", "same"), Row("signal", "edited", "before"), Row("signal", "goes", "away"))
    note = SourceNote("A note", link="https://news.example/1", summary="Before.", rows=rows)
    path.write_text(write_markdown(note))
    import_notes(paths=[path])
    tags = {row.name: tag_named(f"tag of {row.name}") for row in NoteRow.objects.all()}
    for row in NoteRow.objects.all():
        NoteRow.objects.filter(pk=row.pk).update(tag=tags[row.name], link=NoteRow.Link.CONFIRMED)
    rows = (Row("signal", "new", "came"), Row("signal", "edited", "after"), Row("signal", "stays", "same"))
    changed = SourceNote("A note, retitled", link="https://news.example/1", summary="After.", rows=rows)
    path.write_text(write_markdown(changed))

    assert outcomes(import_notes(paths=[path])) == {"updated": 1}

    stored = NoteRow.objects.order_by("position")
    assert [(row.name, row.description) for row in stored] == [
        ("new", "came"),
        ("edited", "after"),
        ("stays", "same"),
    ]
    assert [row.tag for row in stored] == [None, tags["edited"], tags["stays"]]
    article = Article.objects.get()
    assert export_note(article) == changed
    assert (article.version, article.versions.get().text) == (2, "Before.")


def test_rows_that_name_a_known_tag_become_its_evidence_with_the_relevance_they_state(tmp_path: Path) -> None:
    tag = create_tag(kind=Kind.ISSUE, name="Cost of inference", description="What running a model costs.")
    note = SourceNote("A note", rows=(Row("issue", "Cost of Inference", "It grows.", relevancy=5),))
    (tmp_path / "note.md").write_text(write_markdown(note))
    assert import_notes(paths=[tmp_path]).links.linked == 1
    assert import_notes(paths=[tmp_path]).links.linked == 1
    tagging = Tagging.objects.get()
    assert (tagging.tag, tagging.state, tagging.stated_relevancy) == (tag, State.CONFIRMED, 5)
    assert export_note(Article.objects.get()) == note


def test_a_record_that_leaves_out_what_the_file_said_changes_nothing(tmp_path: Path) -> None:
    name = "0a1b2c3d4e5f0a1b"
    markdown, lines = tmp_path / f"{name}.md", tmp_path / "notes.jsonl"
    note = SourceNote(
        "A note", link="https://x.example/a?b=c", page="1", page_link="p", rows=(Row("issue", "i", src=name),)
    )
    markdown.write_text(write_markdown(note))
    record = write_record(note) | {"id": name, "url": "https://x.example/a"}
    del record["page_url"], record["issues"][0]["src"]
    lines.write_text(json.dumps(record))
    import_notes(paths=[markdown])
    assert outcomes(import_notes(paths=[lines])) == {"unchanged": 1}
    assert export_note(Article.objects.get()) == note


def test_two_notes_under_one_file_name_are_two_notes(tmp_path: Path) -> None:
    for folder, link in (("a", "https://x.example/a"), ("b", "https://x.example/b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.md").write_text(write_markdown(SourceNote(f"Note {folder}", link=link)))
    assert outcomes(import_notes(paths=[tmp_path])) == {"imported": 2}
    assert outcomes(import_notes(paths=[tmp_path])) == {"unchanged": 2}


def test_what_cannot_be_read_is_refused_with_a_reason_and_the_rest_is_imported(tmp_path: Path) -> None:
    good = json.dumps(write_record(SourceNote("Good")))
    (tmp_path / "all.jsonl").write_bytes(f'{{\n{good}\n\n{{"title": 1, "signals": 3}}\n'.encode() + b"\xff\n")
    (tmp_path / "article.txt").write_text("A plain article\nwith text")
    (tmp_path / "binary.md").write_bytes(b"\x89PNG\xff")
    (tmp_path / "empty.md").write_text(" ")
    (tmp_path / "wide.md").write_text(
        "# __T__\n\n## Signals\n\n| name | description | change | 10-year |\n| a | b | c | d | e |"
    )
    (tmp_path / "ignored.png").write_bytes(b"")
    summary = import_notes(paths=[tmp_path, tmp_path / "missing.md"])
    reasons = {Path(r.origin).name: (r.outcome, r.reason) for r in summary.reports}
    assert reasons["all.jsonl:2"] == ("imported", "")
    assert reasons.pop("all.jsonl:1")[1].startswith("not a JSON object")
    assert reasons == {
        "all.jsonl:2": ("imported", ""),
        "all.jsonl:4": ("refused", "'signals' is not a list of objects"),
        "all.jsonl:5": ("refused", "not UTF-8 text: invalid start byte at byte 0"),
        "article.txt": ("refused", "not a source note; a plain article is added with add_article"),
        "binary.md": ("refused", "not UTF-8 text: invalid start byte at byte 0"),
        "empty.md": ("refused", "the text is empty"),
        "missing.md": ("refused", "can't be read: No such file or directory"),
        "wide.md": ("refused", reasons["wide.md"][1]),
    }
    assert reasons["wide.md"][1].startswith("line 6: 5 cells where the header has 4")


def test_unusual_sections_are_kept_and_reported() -> None:
    report = import_note(note=HARD)
    assert report.reason == "unusual sections kept: Method; unusual columns kept: mood"


def test_the_commands_print_json_and_fail_when_something_was_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.md").write_text("nothing")
    (tmp_path / "in" / "good.md").write_text(write_markdown(HARD))
    out = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("import_notes", str(tmp_path / "in"), "--json", stdout=out)
    assert exit_.value.code == 1
    answer = json.loads(out.getvalue())
    assert (answer["imported"], answer["refused"]) == (1, 1)
    article = Article.objects.get()
    out = StringIO()
    call_command("export_notes", str(article.pk), "--out", str(tmp_path / "out"), "--json", stdout=out)
    (written,) = json.loads(out.getvalue())["files"]
    assert read_markdown(Path(written).read_text(encoding="utf-8")) == HARD
    with pytest.raises(CommandError, match="no such article"):
        call_command("export_notes", str(article.pk + 1), "--out", str(tmp_path / "out"))
    with pytest.raises(CommandError, match="can't write"):
        call_command("export_notes", "--out", written)


def test_all_real_notes_are_imported_once_and_go_out_as_they_came(shared_data: Path) -> None:
    folder = shared_data / "notes"
    first = import_notes(paths=[folder])
    assert outcomes(first) == {"imported": 46, "updated": 9, "refused": 1}
    assert outcomes(import_notes(paths=[folder])) == {"unchanged": 55, "refused": 1}
    assert NoteRow.objects.exclude(note__origin__contains="001_").count() == 1312
    assert NoteRow.objects.filter(kind="technology", name=None).count() == 28
    for path in (folder / "markdown").glob("*.md"):
        note = Note.objects.get(note_key=path.stem)
        assert write_markdown(export_note(note.article)) == path.read_text(encoding="utf-8") + "\n"
    for line in (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        read = read_jsonl_line(line)
        exported = export_note(Note.objects.get(note_key=read.identity).article)
        if exported.layout is None:
            assert exported == read


def test_a_note_with_another_title_is_compared_anew_with_the_news_and_tagged_at_once() -> None:
    note = SourceNote("First title", link="https://news.example/a", page="20240107")
    article_id = import_note(note=note).article_id
    Article.objects.update(title_key="first title", story_keys=[1], analyze_lease_until=timezone.now())
    import_note(note=replace(note, title="Second title"))
    article = Article.objects.get(pk=article_id)
    assert (article.title_key, article.story_keys, article.analyze_lease_until) == ("", [], None)
