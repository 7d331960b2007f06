"""Adding, reading and pausing sources, from the shell and from pages."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from ingestion import services
from ingestion.client import default_fetcher
from ingestion.errors import NotAFeed
from ingestion.models import Fetch, Schedule
from signals.curation.catalogue import load_catalogue
from signals.models import Article, Source
from tests.ingestion.serving import item, rss

HTML = {"Content-Type": "text/html"}


@pytest.fixture(autouse=True)
def own_client(polite_enough, settings):
    from datetime import timedelta

    from ingestion.hosts import default_hosts

    settings.FETCH_HOST_DELAY = timedelta(0)
    for cached in (default_fetcher, default_hosts):
        cached.cache_clear()
    yield
    for cached in (default_fetcher, default_hosts):
        cached.cache_clear()


def run(command, *arguments):
    out = StringIO()
    try:
        call_command(command, *arguments, "--json", stdout=out)
        code = 0
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue())


@pytest.mark.django_db
def test_a_sites_address_finds_its_feed_and_shows_it_without_saving(site):
    feed = site.say("/news.rss", rss(*(item(number) for number in range(8))))
    home = site.say("/", "<html><head><link rel=alternate type='application/rss+xml' href='/news.rss'></head>",
                    headers=HTML)  # fmt: skip
    preview = services.preview_source(home)
    assert (preview.url, preview.title, preview.entries_count) == (feed, "A feed", 8)
    assert len(preview.entries) == 5
    assert not Source.objects.exists()


@pytest.mark.django_db
def test_a_site_that_answers_everything_with_a_page_has_no_feed(site):
    for path in ("/", "/feed", "/rss.xml"):
        site.say(path, "<!doctype html><html><body>Welcome</body></html>", headers=HTML)
    with pytest.raises(NotAFeed):
        services.preview_source(site.url)


@pytest.mark.django_db
def test_a_registry_is_told_from_a_feed_by_what_it_says(site):
    url = site.say("/api.json", '{"heron": {"name": "Heron", "models": {"heron-2": {"name": "Heron 2"}}}}')
    preview = services.preview_source(url)
    assert (preview.kind, preview.entries_count) == ("modelsdev", 1)


@pytest.mark.django_db
def test_adding_a_source_twice_adds_it_once(site):
    url = site.say("/feed.xml", rss(item(1)))
    code, first = run("add_source", url)
    assert (code, first["new"], first["name"]) == (0, True, "A feed")
    code, again = run("add_source", url + "?utm_source=x")
    assert (code, again["new"], again["id"]) == (0, False, first["id"])
    assert Schedule.objects.get().source_id == first["id"]


@pytest.mark.django_db
def test_an_address_that_is_no_source_is_refused_with_a_reason(site):
    code, summary = run("add_source", site.url + "/nothing.xml")
    assert (code, summary["error"]) == (1, "http")
    assert "404" in summary["reason"]
    assert not Source.objects.exists()


@pytest.mark.django_db
def test_a_list_of_feeds_goes_in_and_comes_out_with_its_folders(tmp_path):
    path = tmp_path / "feeds.opml"
    path.write_text(
        '<opml version="2.0"><body><outline text="AI"><outline text="Labs">'
        '<outline text="One" xmlUrl="https://one.example/feed"/></outline></outline></body></opml>'
    )
    assert run("add_source", "--opml", str(path))[1]["added"] == 1
    assert run("add_source", "--opml", str(path))[1] == {"added": 0, "known": 1, "refused": []}
    assert Source.objects.get().folder == "AI / Labs"
    assert services.import_opml(services.export_opml().encode()).known == 1


@pytest.mark.django_db(transaction=True)
def test_poll_reads_everything_tags_it_and_says_what_failed(site):
    load_catalogue()
    for name in ("a", "b"):
        services.make_source(url=site.say(f"/{name}.xml", rss(item(f"{name}1"), item(f"{name}2"))), name=name)
    broken = services.make_source(url=site.url + "/broken.xml", name="broken")
    code, summary = run("poll")
    assert (code, summary["new"], summary["tagged"], summary["failed"]) == (1, 4, 4, 1)
    assert summary["errors"][0]["source"] == "broken"
    assert not Article.objects.filter(processed_at=None).exists()
    assert Fetch.objects.filter(finished_at=None).count() == 0
    services.set_enabled(source=broken, enabled=False)
    code, summary = run("poll", "--all")
    assert (code, summary["unchanged"], summary["new"]) == (0, 2, 0)
    assert run("poll")[1]["sources"] == 0, "nothing is due so soon"


@pytest.mark.django_db
def test_an_article_is_added_from_a_file_and_tagged(tmp_path):
    load_catalogue()
    path = tmp_path / "note.txt"
    path.write_text("Agents everywhere\n\nAI agents now book travel, and mixture of experts models run them.")
    code, summary = run("add_article", str(path))
    assert (code, summary["new"]) == (0, True)
    assert Article.objects.get().processed_at is not None
    assert run("add_article", str(path))[1]["new"] is False


@pytest.mark.django_db
def test_a_source_with_articles_is_paused_not_removed(site):
    source = services.make_source(url="https://one.example/feed", name="One")
    Article.objects.create(source=source, title="Evidence")
    with pytest.raises(services.SourceInUse):
        services.remove_source(source=source)
    services.set_enabled(source=source, enabled=False)
    assert source.health == "paused"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["notes", "page", "curated"])
def test_what_is_not_read_over_the_network_is_never_due(kind):
    source = Source.objects.create(kind=kind, name="By hand")
    with pytest.raises(services.UnknownKind):
        services.poll_now(source=source)
    services.set_enabled(source=source, enabled=True)
    assert not Schedule.objects.exists()
