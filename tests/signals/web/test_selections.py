"""What is selected goes out as notes, as a report and as JSON, all of it and nothing else."""

import io
import json
import zipfile

import pytest
from django.urls import reverse

from signals.curation import selected
from signals.curation.export import export_note
from signals.curation.note_files import find_notes
from signals.models import Article, Note, Role, Theme
from signals.notes.write import write_markdown
from signals.web.views import inbox_many, selections
from tests.signals.web.making import make_article, make_row, make_source, make_tag, plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def articles() -> list[Article]:
    tag, source = make_tag("Chat models"), make_source()
    made = [make_article(source, [tag], publisher=f"p{n % 2}.example", language="fr") for n in range(4)]
    make_row(made[0], tag, name="Robots *bavards*", description="Disent <oui>.")
    return made


def body(response) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def test_a_filter_and_a_choice_give_the_notes_that_each_article_has_alone(as_role, articles):
    viewer = as_role(Role.VIEWER)
    text = body(viewer.get("/out/?publisher=p0.example&form=md")).decode()
    assert "Publisher: p0.example" in text
    wanted = [articles[0], articles[2]]
    for article in articles:
        assert (write_markdown(export_note(article)) in text) == (article in wanted)
    chosen = viewer.post("/out/", {"article": [articles[3].pk, articles[1].pk], "form": "md"})
    notes = body(chosen).decode().split("\n---\n\n")[1:]
    assert notes == [write_markdown(export_note(articles[n])) for n in (3, 1)]


@pytest.mark.parametrize(("title", "expected"), [("A law is made", "A law is made"), (" \n", "")])
def test_a_note_that_lacks_a_title_goes_out_under_its_article_s_name(analyst, title, expected):
    stored = make_article(make_source(), title=title, publisher="none.example")
    Note.objects.create(article=stored, note_key="k", head={"themes": ["law"], "title": None})
    built = make_article(make_source(), title=title, publisher="none.example")
    for article in (stored, built):
        first = analyst.get(f"/articles/{article.pk}.md").content.decode().splitlines()[0]
        assert first == f"# __{expected or f'Article {article.pk}'}__"
    assert "2 articles" in body(analyst.get("/out/?publisher=none.example&form=md")).decode()


def test_a_zip_comes_in_again_as_the_same_notes(analyst, articles, tmp_path):
    answer = body(analyst.get("/out/?form=zip"))
    with zipfile.ZipFile(io.BytesIO(answer)) as archive:
        assert archive.testzip() is None
        assert "4 articles" in archive.comment.decode()
        archive.extractall(tmp_path)
    found = list(find_notes([tmp_path]))
    assert {one.note.title for one in found} == {article.title for article in articles}
    assert len(found) == 4


def test_json_says_what_was_selected_and_all_that_is_known(analyst, articles):
    told = json.loads(body(analyst.get(f"/out/?tag={articles[0].taggings.get().tag_id}&form=json")))
    assert (told["format"], told["count"], told["matching"], told["is_complete"]) == (
        "vigie-selection/1", 4, 4, True,
    )  # fmt: skip
    assert told["selected_by"] == [{"filter": "Item", "value": "Chat models"}]
    first = next(one for one in told["articles"] if one["id"] == articles[0].pk)
    assert first["note"]["issues"][0]["name"] == "Robots *bavards*"
    assert (first["mentions"][0]["name"], first["mentions"][0]["is_stated"]) == ("Chat models", False)


def test_more_than_go_out_at_once_says_so_in_every_form(analyst, articles, monkeypatch):
    monkeypatch.setattr(selections, "LIMIT", 3)
    assert "3 articles: the first of 4 that match" in body(analyst.get("/out/?form=md")).decode()
    assert "the first of 4 that match" in plain(body(analyst.get("/out/?form=print")))
    told = json.loads(body(analyst.get("/out/?form=json")))
    assert (told["count"], told["matching"], told["is_complete"], len(told["articles"])) == (3, 4, False, 3)


def test_the_report_has_its_title_page_notes_tables_passages_and_sources(analyst, articles):
    html = body(analyst.get("/out/?publisher=p0.example&form=print")).decode()
    assert html.count("<article") == 2
    assert "Robots *bavards*" in html
    assert "Disent &lt;oui&gt;." in html
    assert plain(html).count("A sentence about it.") >= 2
    assert html.count("<cite>") == 2
    assert (html.count("<main>"), html.count("</html>")) == (1, 1)
    assert "style=" not in html


def test_items_of_the_table_go_out_with_their_newest_evidence(analyst, articles):
    other = make_tag("Speech models")
    theme = Theme.objects.create(name="Voices", slug="voices")
    other.themes.add(theme)
    told = json.loads(body(analyst.get("/out/items/?form=json")))
    assert {one["name"]: len(one["evidence"]) for one in told["items"]} == {
        "Chat models": 4,
        "Speech models": 0,
    }
    text = body(analyst.get(f"/out/items/?item={other.pk}&form=md")).decode()
    assert "# __Speech models__" in text
    assert "Chat models" not in text
    assert "<article" in body(analyst.get("/out/items/technology/?form=print&q=speech")).decode()


def test_what_is_chosen_in_the_inbox_goes_out_by_hand_or_all_that_its_filter_lists(
    analyst, articles, monkeypatch, settings
):
    english = make_article(make_source(), [make_tag("Speech models")], language="en")
    chosen = analyst.post("/inbox/out/", {"article": f"{articles[2].pk},{english.pk}", "form": "json"})
    assert [one["id"] for one in json.loads(body(chosen))["articles"]] == [articles[2].pk, english.pk]
    french = {"all": "1", "article": str(english.pk), "form": "json"}
    told = json.loads(body(analyst.post("/inbox/out/?language=fr", french)))
    assert {one["id"] for one in told["articles"]} == {article.pk for article in articles}
    assert (told["selected_by"], told["url"]) == (
        [{"filter": "Filters", "value": "Français"}], f"{settings.PUBLIC_URL}/inbox/?language=fr",
    )  # fmt: skip
    monkeypatch.setattr(inbox_many, "LIMIT", 3)
    told = json.loads(body(analyst.post("/inbox/out/", {"all": "1", "form": "json"})))
    assert (told["count"], told["matching"], told["is_complete"], len(told["articles"])) == (3, 5, False, 3)
    nothing = analyst.post("/inbox/out/?language=fr", {"article": "x", "form": "md"})
    assert nothing["Location"] == "/inbox/?language=fr"


def test_bad_input_is_answered_and_strangers_may_take_what_they_may_read(
    analyst, as_role, articles, settings
):
    assert analyst.get("/out/?form=exe").status_code == 404
    assert analyst.get("/out/items/nothing/?form=md").status_code == 404
    assert body(analyst.get("/out/?tag=99999999999999999&from=yesterday&form=json"))
    assert "Nothing found" in body(analyst.get("/out/?publisher=nobody&form=print")).decode()
    for back in ("//evil.example/", "tag", "\\"):
        nobody = analyst.post("/out/", {"which": "chosen", "form": "md", "back": back})
        assert nobody["Location"] == reverse("articles")
    every = analyst.post("/out/", {"which": "all", "publisher": "p0.example", "form": "md", "article": "1"})
    assert every["Location"] == "/out/?publisher=p0.example&form=md"
    assert as_role("").get("/out/?form=md").status_code == 302
    settings.PUBLIC_READ_ONLY = True
    one = f"/out/?form=json&article={articles[0].pk}"
    told = [json.loads(body(as_role("").get(f"{one}&which={which}")))["count"] for which in ("chosen", "all")]
    assert told == [1, 4]
    assert selected.LIMIT == 1000
