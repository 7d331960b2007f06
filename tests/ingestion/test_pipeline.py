"""A poll from claim to tagging, over real HTTP, with every attempt on record."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from ingestion.hosts import Hosts
from ingestion.models import Fetch, Schedule, SeenEntry
from ingestion.pipeline import poll_source, process_articles, process_leftovers, try_again
from ingestion.schedule import claim, close_lost, due_source_ids, set_enabled
from signals.curation.catalogue import load_catalogue
from signals.models import Article, Health, Role, Source, User
from tests.ingestion.serving import item, rss

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def hosts(servers, settings):
    return Hosts(settings.REDIS_URL, pause=timedelta(0), longest_request=timedelta(seconds=10))


@pytest.fixture
def poll(fetcher, hosts, rng):
    def poll(source, now=NOW, **options):
        return poll_source(
            source.pk, fetcher=fetcher, hosts=hosts, now=now, rng=rng, force=True, patience=0, **options
        )

    return poll


@pytest.fixture
def source(site):
    return add(site.say("/feed.xml", rss(*(item(number) for number in range(50)))))


def add(url):
    source = Source.objects.create(kind="feed", name=url[:200], url=url)
    Schedule.objects.create(source=source, due_at=NOW)
    return source


def latest(source):
    return Fetch.objects.filter(source=source).latest("id")


def test_a_poll_stores_the_entries_the_validators_the_attempt_and_the_next_check(source, poll):
    result = poll(source)
    assert (result.state, result.new, len(result.article_ids)) == ("stored", 50, 50)
    fetch = latest(source)
    assert (fetch.status, fetch.new, fetch.error) == (200, 50, "")
    assert fetch.bytes > 0 and fetch.finished_at is not None
    assert fetch.next_at > NOW and "publishes about" in fetch.next_reason
    source.refresh_from_db()
    assert (source.health, source.last_success_at, source.next_attempt_at) == ("ok", NOW, fetch.next_at)
    assert (source.name, source.site_url) == ("A feed", "https://lab.example/")
    assert source.schedule.etag and source.schedule.lease_until is None


def test_an_unchanged_answer_writes_nothing_but_the_attempt_and_the_schedule(source, site, poll):
    poll(source)
    with CaptureQueriesContext(connection) as queries:
        result = poll(source, NOW + HOUR)
    assert latest(source).status == 304
    assert result.state == "unchanged"
    written = {q["sql"].split()[1 if q["sql"].startswith("UPDATE") else 2].strip('"') for q in queries
               if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))}  # fmt: skip
    assert written == {"ingestion_schedule", "ingestion_fetch", "signals_source"}
    assert "if-none-match" in site.requests[-1][1]


def test_without_validators_the_same_bytes_are_not_read_again(site, poll):
    source = add(site.say("/plain.xml", rss(item(1)), has_validators=False))
    poll(source)
    result = poll(source, NOW + HOUR)
    assert (result.state, latest(source).status, latest(source).unchanged) == ("unchanged", 200, 0)


def test_validators_are_not_saved_when_storing_fails(source, site, poll):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE signals_dirtymark ADD CONSTRAINT broken CHECK (tag_id IS NOT NULL)")
    result = poll(source)
    assert (result.state, result.error) == ("failed", "store")
    assert "broken" in latest(source).error_text
    source.schedule.refresh_from_db()
    assert (source.schedule.etag, source.schedule.body_hash, Article.objects.count()) == ("", "", 0)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE signals_dirtymark DROP CONSTRAINT broken")
    assert poll(source, NOW + HOUR).new == 50
    assert "if-none-match" not in site.requests[-1][1]


def test_validators_of_one_address_are_not_sent_to_another(source, site, poll):
    poll(source)
    source.url = site.say("/moved.xml", rss(item(1), item(99)))
    source.save()
    assert poll(source, NOW + HOUR).new == 1
    assert "if-none-match" not in site.requests[-1][1]


def test_failures_back_off_and_recover_by_themselves(source, site, poll):
    poll(source)
    good = site.answers["/feed.xml"]
    waits = []
    for attempt in range(1, 12):
        site.say("/feed.xml", b"", status=500, has_validators=False)
        now = NOW + attempt * DAY
        poll(source, now)
        waits.append(latest(source).next_at - now)
    assert waits[0] < timedelta(minutes=17)
    assert waits[-1] > timedelta(hours=20)
    assert max(waits) <= DAY
    source.refresh_from_db()
    assert (source.health, source.stale_since, source.is_enabled) == (Health.FAILING, NOW, True)
    assert "500" in source.health_reason
    site.answers["/feed.xml"] = good
    poll(source, NOW + 20 * DAY)
    source.refresh_from_db()
    assert (source.health, source.stale_since) == (Health.OK, None)


def test_only_gone_for_good_ends_a_source(site, poll):
    source = add(site.say("/gone.xml", b"", status=410, has_validators=False))
    poll(source)
    source.refresh_from_db()
    assert (source.health, source.is_enabled, latest(source).next_at) == (Health.GONE, False, None)
    assert due_source_ids(now=NOW + 30 * DAY) == []


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_holds_every_source_of_the_host(status, site, poll):
    busy = add(site.say("/busy.xml", status=status, headers={"Retry-After": "7200"}, has_validators=False))
    neighbour = add(site.say("/neighbour.xml", rss(item(1))))
    stranger = add("http://elsewhere.example/feed.xml")
    poll(busy)
    assert latest(busy).next_at >= NOW + 2 * HOUR
    assert "Retry-After" in latest(busy).next_reason
    assert due_source_ids(now=NOW + HOUR) == [stranger.pk]
    assert sorted(due_source_ids(now=NOW + 3 * HOUR)) == sorted([busy.pk, neighbour.pk, stranger.pk])


def test_a_permanent_redirect_is_believed_after_days_and_a_temporary_one_never(site, poll):
    new = site.say("/new.xml", rss(item(1)))
    for status, path in ((301, "/old.xml"), (302, "/portal.xml")):
        site.say(path, status=status, headers={"Location": new}, has_validators=False)
    moved, passing = add(site.url + "/old.xml"), add(site.url + "/portal.xml")
    for day in range(5):
        poll(moved, NOW + day * DAY)
        poll(passing, NOW + day * DAY)
        moved.refresh_from_db()
        assert moved.url == (site.url + "/old.xml" if day < 3 else new)
    passing.refresh_from_db()
    assert passing.url == site.url + "/portal.xml"
    assert Article.objects.filter(source=moved).count() == 1


def test_a_soft_404_is_a_failure_that_keeps_what_we_have(source, site, poll):
    poll(source)
    site.say("/feed.xml", "<!doctype html><html><body>Nothing here</body></html>")
    result = poll(source, NOW + HOUR)
    assert (result.state, result.error) == ("failed", "not_a_feed")
    assert Article.objects.count() == 50


def test_one_source_is_read_by_one_worker_and_a_dead_ones_claim_ends(source, settings, poll):
    first = claim(source.pk, now=NOW)
    assert first is not None
    assert claim(source.pk, now=NOW) is None
    assert poll(source).state == "skipped"
    settings.FETCH_LEASE = timedelta(seconds=-1)
    Schedule.objects.update(lease_until=NOW)
    assert claim(source.pk, now=NOW) is not None


def test_an_attempt_whose_worker_died_is_closed_as_lost(source, poll):
    Fetch.objects.create(source=source, started_at=NOW)
    claim(source.pk, now=NOW)
    lost = Fetch.objects.get()
    assert (lost.error, lost.finished_at is None) == ("lost", False)
    running = Fetch.objects.create(source=source, started_at=NOW)
    assert close_lost(now=NOW) == 0, "its claim still holds"
    Schedule.objects.update(lease_until=None)
    assert close_lost(now=NOW) == 1
    running.refresh_from_db()
    assert running.error == "lost"


def test_a_source_that_kills_worker_after_worker_is_put_off(source):
    for _ in range(5):
        Schedule.objects.update(lease_until=None)
        Fetch.objects.create(source=source, started_at=NOW)
        close_lost(now=NOW)
    assert claim(source.pk, now=NOW) is None
    assert claim(source.pk, now=NOW + HOUR) is not None


def test_a_worker_that_outlived_its_claim_stores_nothing(source, hosts, fetcher):
    class SlowFetcher:
        user_agent = fetcher.user_agent

        def get(self, *args, **options):
            Schedule.objects.update(lease_until=NOW + DAY)  # somebody else took over meanwhile
            return fetcher.get(*args, **options)

    poll_source(source.pk, fetcher=SlowFetcher(), hosts=hosts, now=NOW, force=True)
    assert (Article.objects.count(), latest(source).error) == (0, "lost")


def test_stored_articles_are_grouped_and_tagged_and_nobody_does_it_twice(source, poll):
    load_catalogue()
    ids = poll(source).article_ids
    assert process_articles(ids) == 50
    assert not Article.objects.filter(processed_at=None).exists()
    assert process_articles(ids) == 0


def test_an_article_that_cannot_be_tagged_holds_up_nobody_and_is_set_aside(source, poll, client):
    load_catalogue()
    ids = poll(source).article_ids
    refuse(ids[7])
    for _ in range(6):
        Article.objects.update(analyze_lease_until=None)  # the claims of those who failed have ended
        with suppress(DatabaseError):
            process_leftovers()
    assert not Article.objects.unprocessed().exists()
    aside = Article.objects.set_aside().get()
    assert (aside.pk, aside.processed_at) == (ids[7], None)
    assert "nobody may tag it" in aside.analyze_failure
    client.force_login(User.objects.create_user("a@example.org", role=Role.VIEWER))
    assert "nobody may tag it" in client.get(f"/articles/{aside.pk}/").content.decode()
    assert f"/articles/{aside.pk}/" in client.get("/sources/").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse ON signals_article")
    assert (try_again(), process_leftovers()) == (1, 1)
    aside.refresh_from_db()
    assert (aside.analyze_tries, aside.analyze_failure) == (0, "")


def refuse(article_id):
    """From now on the database refuses that this article is tagged."""
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'nobody may tag it'; END $$
        """)
        cursor.execute(f"""
            CREATE TRIGGER refuse BEFORE UPDATE ON signals_article FOR EACH ROW
            WHEN (NEW.id = {article_id} AND NEW.processed_at IS NOT NULL) EXECUTE FUNCTION refuse()
        """)


def test_all_real_feeds_are_stored_once(shared_data, site, poll):
    files = sorted((shared_data / "feeds" / "latest").glob("*.xml"))
    sources = [add(site.say(f"/{file.name}", file.read_bytes())) for file in files]
    results = [poll(source) for source in sources]
    assert [result.error_text for result in results if result.state == "failed"] == []
    # 3,033 entries; one feed repeats three of them word for word.
    assert (len(sources), sum(result.new for result in results)) == (34, 3030)
    assert Article.objects.count() == SeenEntry.objects.count() == 3030
    for source in sources:
        Schedule.objects.filter(source=source).update(etag="", last_modified="", body_hash="")
    again = [poll(source, NOW + HOUR) for source in sources]
    assert sum(result.new + result.changed for result in again) == 0
    assert sum(result.unchanged for result in again) == 3030
    same_page = Article.objects.filter(source__url__contains="windsurf").filter(url__contains="#")
    assert same_page.count() >= 265


@pytest.mark.django_db(transaction=True)
def test_workers_that_poll_one_source_at_once_store_it_once(source, fetcher, hosts):
    def work(_):
        try:
            return poll_source(source.pk, fetcher=fetcher, hosts=hosts, now=NOW, force=True, patience=0).state
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(work, range(8)))
    assert states.count("stored") == 1
    assert set(states) <= {"stored", "skipped", "unchanged"}
    assert Article.objects.count() == SeenEntry.objects.count() == 50


@pytest.mark.parametrize("answer", ["rss", "nonsense"])
def test_a_source_paused_while_it_is_read_stays_paused(site, fetcher, hosts, rng, answer):
    source = add(site.say("/feed.xml", rss(item(1)) if answer == "rss" else b"no feed"))

    class PausedMeanwhile(type(fetcher)):
        def get(self, url, **options):
            set_enabled(Source.objects.get(pk=source.pk), enabled=False, now=NOW)
            return fetcher.get(url, **options)

    poll_source(source.pk, fetcher=PausedMeanwhile(user_agent="x"), hosts=hosts, now=NOW, rng=rng)
    source.refresh_from_db()
    assert (source.is_enabled, source.health, source.next_attempt_at) == (False, Health.PAUSED, None)
    assert source.last_attempt_at == NOW
    assert due_source_ids(now=NOW + 30 * DAY) == []
