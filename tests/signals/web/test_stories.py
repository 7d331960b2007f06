"""An article's story on its page: who tells the same news, moved, taken out, grouped and split."""

import pytest
from django.urls import reverse

from signals.models import Article, Change, Role
from tests.signals.web.making import make_article, make_source, plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def articles() -> list[Article]:
    return [make_article(make_source(), title=f"News of the {n}th kind", url_key=f"n{n}") for n in range(4)]


def stories(articles) -> list[int | None]:
    return [Article.objects.get(pk=article.pk).story_id for article in articles]


def test_articles_are_grouped_in_the_list_and_changed_on_their_page(analyst, articles):
    one, two, three, four = articles
    said = analyst.post(
        reverse("story-group"),
        {"article": [one.pk, two.pk, three.pk], "back": "/articles/?page=1"},
        follow=True,
    )
    assert "3 articles tell the same news now." in plain(said.content)
    assert said.redirect_chain == [("/articles/?page=1#grouped", 302)]
    page = reverse("story", args=[one.pk])
    assert page in analyst.get(f"/articles/{one.pk}/").content.decode()
    html = plain(analyst.get(page).content)
    assert "3 articles tell it" in html
    assert "placed by a person" in html
    for words in (four.title, str(four.pk), f"https://vigie.example/articles/{four.pk}/"):
        assert f'value="{four.pk}"' in analyst.get(page, {"q": words}).content.decode(), words
    analyst.post(page, {"what": "move", "to": four.pk})
    assert len(set(stories([one, four]))) == 1
    analyst.post(page, {"what": "out"})
    assert stories([one]) == [None]
    analyst.post(reverse("story", args=[two.pk]), {"what": "split", "article": [two.pk]})
    assert stories([two]) == [None]
    log = plain(analyst.get("/history/").content)
    assert "grouped what tells the same news" in log
    assert "3 articles moved" in plain(
        analyst.get(f"/history/{Change.objects.order_by('pk')[0].pk}/").content
    )
    assert analyst.post("/inbox/undo/")["Location"] == f"/articles/{two.pk}/"
    for _ in range(3):
        analyst.post("/inbox/undo/")
    assert stories(articles) == [None] * 4


def test_what_is_refused_says_why_and_a_viewer_sees_no_way(analyst, as_role, articles):
    page = reverse("story", args=[articles[0].pk])
    for posted, reason in [
        ({"what": "out"}, "Nobody else tells this news."),
        ({"what": "move", "to": "99999999"}, "no longer there"),
        ({"what": "move", "to": articles[0].pk}, "the same news already"),
        ({"what": "split", "article": "x"}, "Choose articles that tell the same news."),
        ({"what": "dance"}, "Unknown verdict."),
    ]:
        assert reason in analyst.post(page, posted, follow=True).content.decode()
    for back in ("https://evil.example", "//evil.example", "tag", "[]"):
        refused = analyst.post(reverse("story-group"), {"article": articles[0].pk, "back": back}, follow=True)
        assert "Choose at least two articles." in refused.content.decode()
        assert refused.redirect_chain[0][0] == reverse("articles")
    viewer = as_role(Role.VIEWER)
    assert reverse("story-group") not in viewer.get("/articles/").content.decode()
    assert viewer.get(page).status_code == 403
