"""Full text from the page, and what stays when there is none."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.enrich import Pages, claim_due_pages, enrich_article
from ingestion.hosts import Hosts
from ingestion.pages import add_page
from signals.models import Article, Source

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SENTENCE = "The laboratory says that its small model answers as well as one ten times its size. "
PAGE = (
    "<html lang='en'><head><title>A small model</title><meta property='article:published_time' "
    "content='2026-03-01T08:00:00Z'></head><body><nav>Home</nav><article><h1>A small model</h1>"
    + "".join(f"<p>{number}. {SENTENCE * 3}</p>" for number in range(6))
    + "</article></body></html>"
)
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def pages(fetcher, servers, settings):
    return Pages(
        fetcher,
        Hosts(settings.REDIS_URL, pause=timedelta(0), longest_request=timedelta(seconds=10)),
        patience=0,
    )


@pytest.fixture
def article(site):
    source = Source.objects.create(kind="feed", name="Lab", url=site.url + "/feed.xml")
    return Article.objects.create(
        source=source, url=site.say("/post", PAGE, headers=HTML), title="A small model", text="An excerpt.",
        text_origin="feed", text_due_at=NOW, known_at=NOW, processed_at=NOW, published_at=NOW,
        is_date_first_seen=True,
    )  # fmt: skip


def test_the_pages_text_replaces_an_excerpt_and_is_tagged_anew(article, pages):
    assert claim_due_pages(now=NOW, limit=10) == {pages_host(article): [article.pk]}
    assert enrich_article(article.pk, pages=pages, now=NOW) == "done"
    article.refresh_from_db()
    assert article.text.count("ten times its size") == 18
    assert (article.text_origin, article.processed_at, article.text_due_at) == ("page", None, None)
    assert (article.version, article.versions.count()) == (1, 0)
    assert (article.published_at.isoformat(), article.is_date_first_seen) == (
        "2026-03-01T08:00:00+00:00",
        False,
    )
    assert enrich_article(article.pk, pages=pages, now=NOW) == "skipped"


def pages_host(article):
    return article.url.split("/")[2]


def test_robots_txt_is_obeyed_and_asked_for_once(article, site, pages):
    site.say("/robots.txt", "User-agent: VigieTest\nDisallow: /post", headers={"Content-Type": "text/plain"})
    for _ in range(2):
        Article.objects.update(text_due_at=NOW)
        assert enrich_article(article.pk, pages=pages, now=NOW) == "failed"
    article.refresh_from_db()
    assert (article.text, article.processed_at) == ("An excerpt.", NOW)
    assert "robots.txt" in article.text_failure
    assert [path for path, _ in site.requests] == ["/robots.txt"]


def test_a_page_that_fails_for_now_is_tried_again_and_then_given_up(article, site, pages):
    site.say("/post", status=502, has_validators=False)
    assert enrich_article(article.pk, pages=pages, now=NOW) == "later"
    article.refresh_from_db()
    assert article.text_due_at == NOW + timedelta(minutes=30)
    assert enrich_article(article.pk, pages=pages, now=NOW + timedelta(days=4)) == "failed"
    article.refresh_from_db()
    assert (article.text_due_at, "502" in article.text_failure) == (None, True)


def test_a_page_with_hardly_more_than_the_feed_changes_nothing(article, site, pages):
    site.say("/post", "<html><body><article><p>An excerpt.</p></article></body></html>", headers=HTML)
    assert enrich_article(article.pk, pages=pages, now=NOW) == "failed"
    article.refresh_from_db()
    assert (article.text, article.text_origin) == ("An excerpt.", "feed")


def test_a_lost_claim_on_a_page_is_due_again(article):
    assert claim_due_pages(now=NOW, limit=10)
    assert not claim_due_pages(now=NOW, limit=10)
    assert claim_due_pages(now=NOW + timedelta(minutes=11), limit=10)


def test_a_page_added_by_its_address_is_one_article_however_often(site, pages):
    url = site.say("/single", PAGE, headers=HTML)
    article, is_new = add_page(url, pages=pages, now=NOW)
    assert (is_new, article.title, article.published_at.year) == (True, "A small model", 2026)
    assert add_page(url + "?utm_source=mail", pages=pages, now=NOW) == (article, False)
