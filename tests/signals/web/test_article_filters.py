"""Articles filtered by what they are about and what they are; the URL is the state."""

import re

import pytest

from signals.curation.catalogue import create_tag
from signals.models import Article, Note, State, Theme
from tests.signals.web.making import make_article, make_source, plain


@pytest.fixture
def shelf(db):
    """Three articles: one in each category, their themes spelled as notes spell them."""
    source = make_source()
    law = make_article(
        source,
        title="The court decides",
        category="politics",
        note_type="news",
        themes=["AI", "Law"],
        keywords=["Open Source"],
        is_extracted=True,
        publisher="a.example",
    )
    chip = make_article(
        source,
        title="The chip is made",
        category="Technology",
        note_type="blog post",
        themes=["artificial intelligence"],
        keywords=["open source", "GPU"],
        language="fr-CA",
        publisher="b.example",
    )
    bare = make_article(make_source(), title="The bare one", publisher="b.example", language="fr")
    Note.objects.create(
        article=chip,
        note_key="1",
        page="2750.0",
        head={"themes": ["artificial intelligence"], "category": "Technology"},
    )
    return law, chip, bare


def titles(client, query: str) -> set[str]:
    html = client.get(f"/articles/?{query}").content.decode()
    html = html.replace("<mark>", "").replace("</mark>", "")
    return {title for title in ("The court decides", "The chip is made", "The bare one") if title in html}


def groups(client, query: str = "") -> dict[str, dict[str, str]]:
    """Each filter's values and what stands beside them."""
    html = client.get(f"/articles/?{query}").content.decode()
    found = {}
    for part in re.findall(r"<details[^>]*><summary>([^<]+)</summary><ul>(.*?)</ul>", html, re.S):
        rows = re.findall(r"<span>([^<]*)</span><span class=\"num\">(.*?)</span></a>", part[1], re.S)
        found[part[0]] = {value: plain(count).strip() for value, count in rows}
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("theme=Artificial+Intelligence", {"The court decides", "The chip is made"}),
        ("theme=IA&category=politics", {"The court decides"}),
        ("category=technology", {"The chip is made"}),
        ("type=news", {"The court decides"}),
        ("keyword=open+source", {"The court decides", "The chip is made"}),
        ("keyword=gpu&language=fr", {"The chip is made"}),
        ("language=fr", {"The chip is made", "The bare one"}),
        ("publisher=b.example&language=fr", {"The chip is made", "The bare one"}),
        ("collected=2750.0", {"The chip is made"}),
        ("q=court&category=politics", {"The court decides"}),
        ("q=court&category=technology", set()),
    ],
)
def test_filters_and_words_work_together_however_a_note_spells_them(analyst, shelf, query, expected):
    assert titles(analyst, query) == expected


def test_words_without_a_letter_find_nothing_beside_filters_too(analyst, shelf):
    assert titles(analyst, "q=%5B%5D&theme=Law") == set()


def test_a_tag_filters_what_carries_it_and_not_what_was_rejected(analyst, shelf):
    tag = create_tag(kind="technology", name="Chips", description="Chips.")
    make_article(shelf[0].source, [tag], title="The chip is made", state=State.CONFIRMED)
    make_article(shelf[0].source, [tag], title="The bare one", state=State.REJECTED)
    assert titles(analyst, f"tag={tag.pk}") == {"The chip is made"}
    assert titles(analyst, "tag=99999999999999999999") == {
        "The court decides",
        "The chip is made",
        "The bare one",
    }


def test_counts_follow_the_other_filters_but_not_their_own(analyst, shelf):
    everything = groups(analyst)
    assert everything["Theme"] == {"artificial intelligence": "2", "Law": "1"} or everything["Theme"] == {
        "AI": "2",
        "Law": "1",
    }
    assert everything["Category"] == {"politics": "1", "technology": "1"}
    assert everything["Language"] == {"Français": "2", "English": "1"}
    chosen = groups(analyst, "category=politics")
    assert chosen["Category"] == {"politics": "✕", "technology": "1"}
    assert chosen["Type"] == {"news": "1"}
    assert "Français" not in chosen["Language"]
    assert groups(analyst, "category=nope")["Category"] == {"nope": "✕", "politics": "1", "technology": "1"}


def test_a_value_is_a_link_that_keeps_the_rest_and_starts_on_the_first_page(analyst, shelf):
    html = analyst.get("/articles/?q=The&language=fr&page=1&stray=1").content.decode()
    assert 'href="?q=The&amp;language=fr&amp;category=technology"' in html
    assert 'href="?q=The"' in html
    assert '<input type="hidden" name="language" value="fr">' in html


def test_the_list_asks_as_many_queries_with_one_article_as_with_many(
    analyst, shelf, django_assert_max_num_queries
):
    for _ in range(20):
        make_article(shelf[0].source, title="More", themes=["Law", "Order"], keywords=["x"], category="art")
    with django_assert_max_num_queries(20):
        analyst.get("/articles/?theme=Law&category=art&type=news&language=en&q=more")


def test_an_article_says_what_was_extracted_and_what_its_note_says(analyst, shelf):
    Theme.objects.create(name="Law", name_fr="Droit", slug="law")
    extracted = analyst.get(f"/articles/{shelf[0].pk}/").content.decode()
    assert "Filed under extracted" in plain(extracted)
    assert '<a href="/articles/?theme=Law">Law</a>' in extracted
    noted = plain(analyst.get(f"/articles/{shelf[1].pk}/").content)
    assert "Category · from the note technology" in noted
    assert "Type · extracted blog post" in noted
    assert "Filed under" not in plain(analyst.get(f"/articles/{shelf[2].pk}/").content)


def test_htmx_gets_the_list_alone(analyst, shelf):
    html = analyst.get("/articles/?category=politics", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert "The court decides" in html
    assert Article.objects.count() == 3
