"""Plain articles added by hand, and the note that is built of any article."""

from pathlib import Path

import pytest

from signals.curation.articles import add_article
from signals.curation.errors import CurationError
from signals.curation.export import export_note
from signals.curation.pasted import read_plain
from signals.models import Article, Kind, State, Tag, Tagging, TextOrigin
from signals.notes.read import read_markdown
from signals.notes.types import NoteRow, SourceNote
from signals.notes.write import write_markdown

PASTED = """Des modèles plus petits : une révolution ?
- Jeanne Morel
- 12 févr.
- 3 min de lecture
Dernière mise à jour : 14 févr.
Pourquoi maintenant

Les petits modèles tournent sur un ordinateur portable et coûtent peu.
- Moins d'énergie
- Plus de contrôle
Partager
2 commentaires
"""


def test_the_furniture_of_a_page_is_left_out_and_its_author_kept() -> None:
    plain = read_plain(PASTED)
    assert plain is not None
    assert (plain.title, plain.author) == ("Des modèles plus petits : une révolution ?", "Jeanne Morel")
    assert plain.text == (
        "Pourquoi maintenant\n\nLes petits modèles tournent sur un ordinateur portable et coûtent peu.\n"
        "- Moins d'énergie\n- Plus de contrôle"
    )


def test_a_list_under_the_title_is_text_when_no_date_stands_there() -> None:
    plain = read_plain("Three names\n- Ada Lovelace\n- Alan Turing\nBoth wrote programs.")
    assert plain is not None
    assert (plain.author, plain.text) == ("", "- Ada Lovelace\n- Alan Turing\nBoth wrote programs.")


def test_a_paragraph_without_a_title_lends_its_beginning() -> None:
    paragraph = "A first sentence that says it all. " + "And more of the same. " * 40
    plain = read_plain(paragraph)
    assert plain is not None
    assert (plain.title, plain.text) == ("A first sentence that says it all.", paragraph.strip())


@pytest.mark.django_db
def test_the_same_text_twice_is_one_article() -> None:
    article, is_new = add_article(text=PASTED)
    again, is_new_again = add_article(text=PASTED.replace("\n", "\r\n"))
    assert (is_new, is_new_again, again) == (True, False, article)
    assert Article.objects.count() == 1
    assert (article.language, article.text_origin) == ("fr", TextOrigin.PASTED)
    assert article.published_at is None and article.processed_at is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "url"),
    [(" \n", ""), (write_markdown(SourceNote("A note")), ""), ("A title\ntext", "javascript:x")],
)
def test_what_is_no_plain_article_is_refused(text: str, url: str) -> None:
    with pytest.raises(CurationError):
        add_article(text=text, url=url)
    assert not Article.objects.exists()


@pytest.mark.django_db
def test_a_plain_article_goes_out_as_a_note_built_of_its_mentions() -> None:
    article, _ = add_article(text=PASTED, url="https://blog.example/petits")
    for kind, name, state, stated, estimated in (
        (Kind.SIGNAL, "Small models", State.SUGGESTED, None, 3),
        (Kind.ISSUE, "Energy use", State.CONFIRMED, 5, 2),
        (Kind.SIGNAL, "Local inference", State.CONFIRMED, 4, None),
        (Kind.SIGNAL, "Not this", State.REJECTED, None, 4),
        (Kind.SIGNAL, "Nor this", State.SAMPLED, None, 4),
    ):
        tag = Tag.objects.create(
            kind=kind, name=name, description="d", change="c", outlook="o", driving_force="f"
        )
        Tagging.objects.create(
            article=article, tag=tag, state=state, stated_relevancy=stated, estimated_relevancy=estimated
        )
    note = export_note(article)
    assert note.rows == (
        NoteRow("signal", "Local inference", "d", "c", "o", "f", 4, position=0),
        NoteRow("signal", "Small models", "d", "c", "o", "f", 3, position=1),
        NoteRow("issue", "Energy use", "d", relevancy=5, position=0),
    )
    assert note.link == "https://blog.example/petits"
    assert note.summary is not None and note.summary.startswith("Pourquoi maintenant")
    assert read_markdown(write_markdown(note)) == note


@pytest.mark.django_db
def test_the_plain_seed_article_is_added_with_its_author(shared_data: Path) -> None:
    (path,) = (shared_data / "notes").glob("000_*.txt")
    article, _ = add_article(text=path.read_text(encoding="utf-8"))
    assert article.title.startswith("The Evolution of AI Models")
    assert article.author == "Floyd Mahou"
    assert article.text.startswith("A major technological transformation\nGenerative AI")
    assert (article.language, article.text.count("lecture")) == ("en", 0)
