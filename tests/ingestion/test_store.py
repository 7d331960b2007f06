"""Entries become articles: once, whatever a feed does to its identities, and never by guessing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ingestion.models import Schedule, SeenEntry
from ingestion.sources.feed import parse
from ingestion.store import store_entries
from signals.models import Article, ArticleVersion, Source
from tests.ingestion.serving import item, rss

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
URL = "https://lab.example/feed.xml"


@pytest.fixture
def source():
    source = Source.objects.create(kind="feed", name="Lab", url=URL)
    Schedule.objects.create(source=source)
    return source


def store(source, *entries, now=NOW, head=""):
    with transaction.atomic():
        return store_entries(source, parse(rss(*entries, head=head), "application/xml", URL), now)


def writes(queries):
    return [
        query["sql"]
        for query in queries
        if query["sql"].split(" ", 1)[0] in ("INSERT", "UPDATE", "DELETE") or " INTO " in query["sql"]
    ]


def test_the_same_document_again_writes_no_row(source):
    document = [item(number) for number in range(50)]
    assert store(source, *document).new == 50
    with CaptureQueriesContext(connection) as queries:
        counts = store(source, *document)
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 50)
    assert writes(queries) == []


def test_one_new_entry_among_fifty_writes_one(source):
    document = [item(number) for number in range(50)]
    store(source, *document)
    with CaptureQueriesContext(connection) as queries:
        counts = store(source, item(50), *document)
    assert (counts.new, counts.unchanged, Article.objects.count()) == (1, 50, 51)
    assert len([sql for sql in writes(queries) if "dirtymark" not in sql]) == 2


def test_an_edited_entry_is_a_new_version_of_the_same_article(source):
    store(source, item(1, text="Before."))
    Article.objects.update(processed_at=NOW)
    counts = store(source, item(1, text="After."), now=NOW + timedelta(days=1))
    article = Article.objects.get()
    assert (counts.new, counts.changed, counts.article_ids) == (0, 1, [article.pk])
    assert (article.text, article.version, article.processed_at) == ("After.", 2, None)
    assert article.known_at == NOW
    version = ArticleVersion.objects.get()
    assert (version.number, version.text) == (1, "Before.")


def test_other_white_space_is_no_edit_and_other_markup_needs_no_tagging(source):
    store(source, item(1, text="<![CDATA[<p>One two</p>]]>"))
    Article.objects.update(processed_at=NOW)
    counts = store(source, item(1, text="<![CDATA[<p><b>One</b>   two</p>]]>"))
    article = Article.objects.get()
    assert (counts.changed, counts.article_ids, ArticleVersion.objects.count()) == (1, [], 0)
    assert article.processed_at == NOW
    assert "<b>" in article.html


def test_a_changed_guid_with_the_same_address_and_text_is_the_same_article(source):
    store(source, item(1), item(2))
    counts = store(source, item(1, guid="new-1"), item(2, guid="new-2"))
    assert (counts.new, counts.unchanged, Article.objects.count()) == (0, 2, 2)
    assert SeenEntry.objects.count() == 2


def test_a_guid_shared_by_different_entries_costs_no_entry_now_or_later(source):
    store(source, *(item(number) for number in range(3)))
    document = [item(number, guid="all-the-same") for number in range(10)]
    assert store(source, *document).new == 7
    assert not Schedule.objects.get(source=source).uses_guid
    assert store(source, *reversed(document)).new == 0
    assert Article.objects.count() == 10


def test_entries_that_differ_only_in_their_fragment_all_live(source):
    document = [
        item(n, url=f"https://lab.example/changelog#v{n}", guid="", title="Update") for n in range(20)
    ]
    assert store(source, *document).new == 20
    assert store(source, *document).new == 0
    assert Article.objects.values("url_key").distinct().count() == 1
    assert not Article.objects.exclude(text_due_at=None).exists()


def test_a_purged_article_does_not_come_back(source):
    store(source, item(1), item(2))
    Article.objects.filter(url__endswith="/1").delete()
    assert store(source, item(1), item(2)).new == 0
    assert store(source, item(1, text="Edited since."), item(2)).new == 0
    assert store(source, item(1, guid="other"), item(2)).new == 0
    assert Article.objects.count() == 1


def test_without_a_date_the_time_first_seen_stands_for_ever(source):
    store(source, item(1, date=None))
    store(source, item(1, date=None, text="Edited."), now=NOW + timedelta(days=9))
    article = Article.objects.get()
    assert (article.published_at, article.is_date_first_seen) == (NOW, True)


def test_a_date_stated_later_is_taken_once_and_then_stays(source):
    stated = datetime(2026, 3, 2, 10, tzinfo=UTC)
    store(source, item(1, date=None))
    store(source, item(1), now=NOW + timedelta(days=1))
    assert Article.objects.get().published_at == stated
    counts = store(source, item(1, date="Tue, 10 Mar 2026 09:00:00 GMT"), now=NOW + timedelta(days=2))
    assert counts.unchanged == 1
    assert Article.objects.get().published_at == stated


def test_a_date_in_the_future_is_kept_but_does_not_sort_to_the_top(source):
    store(source, item(1, date="Fri, 01 Jan 2027 00:00:00 GMT"))
    article = Article.objects.get()
    assert article.published_at.year == 2027
    assert article.sort_at == NOW


def test_an_entry_the_database_refuses_fails_alone_and_says_why(source):
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE signals_article ADD CONSTRAINT no_threes CHECK (title <> 'Entry number 3')"
        )
    counts = store(source, *(item(number) for number in range(5)))
    assert (counts.new, Article.objects.count()) == (4, 4)
    assert [refusal["position"] for refusal in counts.refusals] == [3]
    assert "no_threes" in counts.refusals[0]["reason"]


def test_publisher_is_the_links_unless_the_source_overrides_it(source):
    store(source, item(1, url="https://www.example.com/a"))
    source.publisher = "Lab"
    store(source, item(2))
    assert list(Article.objects.order_by("id").values_list("publisher", flat=True)) == ["example.com", "Lab"]


def test_the_language_is_the_texts_own(source):
    french = "Les modèles de langage sont de plus en plus petits, et ils tournent sur un ordinateur portable."
    store(source, item(1, text=french * 3), head="<language>en-us</language>")
    assert Article.objects.get().language == "fr"
