"""What is written reads back equal, whatever a note says."""

from hypothesis import example, given, settings

from signals.notes.read import read_markdown, read_record
from signals.notes.types import NoteRow, SourceNote
from signals.notes.write import write_markdown, write_record
from tests.signals.notes.strategies import notes


@settings(max_examples=300, deadline=None)
@given(notes)
@example(SourceNote("\\__, from ([", page="\\]("))
@example(
    SourceNote(
        "__, (from page [x](y).)__", page="\\", page_link="](", rows=(NoteRow("issue", "\\", "\\nan"),)
    )
)
def test_a_note_written_as_markdown_reads_back_equal(note: SourceNote) -> None:
    written = write_markdown(note)
    again = read_markdown(written)
    assert again == note
    assert write_markdown(again) == written


@settings(max_examples=100, deadline=None)
@given(notes)
def test_a_note_written_as_a_record_reads_back_equal(note: SourceNote) -> None:
    again = read_record(write_record(note))
    assert again == note
    assert (again.identity, again.layout) == (note.identity, note.layout)


@settings(max_examples=100, deadline=None)
@given(notes)
def test_crlf_and_a_byte_order_mark_change_nothing(note: SourceNote) -> None:
    assert read_markdown("\ufeff" + write_markdown(note).replace("\n", "\r\n")) == note
