"""Whatever dies on the way, every entry is there once and tagged, and every attempt is on record."""

import os
import random
import shutil
import signal
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.faults.installation import installation
from tests.ingestion.serving import item, rss, serving

pytestmark = pytest.mark.faults

LONG = os.environ.get("VIGIE_FAULTS") == "long"
FEEDS, ENTRIES = (200, 51) if LONG else (40, 20)
SENTENCES = (
    "AI agents book travel for their users and call tools on their own.",
    "The small language model runs on a phone, and its weights are open.",
    "Data centres for artificial intelligence need more electricity than the grid has.",
    "Regulators publish rules for general-purpose AI models under the AI Act.",
)


@pytest.fixture(scope="module")
def broken_in():
    # A short path: sockets stand in it. Passable: PostgreSQL runs as a plain user.
    folder = Path(tempfile.mkdtemp(prefix="vigie-f-")).resolve()
    folder.chmod(0o711)
    with installation(folder) as there:
        yield there
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def there(broken_in, feeds):
    broken_in.begin([f"{feeds.url}/{feed}.xml" for feed in range(FEEDS)])
    yield broken_in
    broken_in.end_workers()


@pytest.fixture
def feeds():
    with serving() as site:
        date = format_datetime(datetime.now(UTC) - timedelta(days=1))
        for feed in range(FEEDS):
            entries = (
                item(f"{feed}-{number}", title=f"Report {word(feed)} {word(number)}",
                     text=SENTENCES[(feed + number) % len(SENTENCES)], date=date)
                for number in range(ENTRIES)
            )  # fmt: skip
            site.say(f"/{feed}.xml", rss(*entries))
        yield site


@pytest.fixture
def seed():
    number = int(os.environ.get("VIGIE_FAULTS_SEED") or random.randrange(10**6))
    print(f"VIGIE_FAULTS_SEED={number}")
    return number


def word(number):
    """A number as a word that means nothing: a digit might be a model's."""
    return "q" + "".join("bcdfghjklm"[int(digit)] for digit in str(number))


def everything_is_there_once(there, site):
    stored = "SELECT count(*) FROM signals_article"
    assert there.ask(stored) == FEEDS * ENTRIES
    assert there.ask("SELECT count(DISTINCT url) FROM signals_article") == FEEDS * ENTRIES
    assert there.ask("SELECT count(*) FROM ingestion_seenentry") == FEEDS * ENTRIES
    # An attempt is on record before the first byte is asked for, and says what it brought.
    asked = sum(path.endswith(".xml") for path, _ in site.requests)
    assert there.ask("SELECT count(*) FROM ingestion_fetch") >= asked
    assert there.ask("SELECT count(*) FROM ingestion_fetch WHERE finished_at IS NULL") == 0
    assert there.ask("SELECT sum(new) FROM ingestion_fetch") == FEEDS * ENTRIES
    assert there.ask("SELECT sum(changed) FROM ingestion_fetch") == 0
    assert there.ask("SELECT count(*) FROM signals_source WHERE health <> 'ok'") == 0


def everything_is_tagged(there):
    assert there.ask("SELECT count(*) FROM signals_article WHERE processed_at IS NULL") == 0
    assert there.ask("SELECT count(*) FROM signals_tagging") > 0
    # What says the same carries the same tags, whoever died while tagging; what is drawn differs by article.
    uneven = """SELECT count(*) FROM (SELECT count(DISTINCT tags) AS kinds FROM (
        SELECT a.text, (SELECT array_agg(t.tag_id ORDER BY t.tag_id) FROM signals_tagging t
                        WHERE t.article_id = a.id AND t.state <> 'sampled') AS tags
        FROM signals_article a) one GROUP BY text) two WHERE kinds > 1"""
    assert there.ask(uneven) == 0


def test_workers_and_servers_that_die_lose_nothing(there, feeds, seed):
    chance = random.Random(seed)
    faults = [
        lambda: there.kill_worker("fetch"),
        lambda: there.kill_postgres(signal.SIGINT),
        lambda: there.kill_worker("analyze"),
        lambda: there.valkey.flushall(),
        lambda: there.kill_postgres(signal.SIGKILL),
    ] * (6 if LONG else 1)
    chance.shuffle(faults)
    # Half of the work is storing, half is tagging; each fault comes at some moment of it.
    moments = sorted(chance.uniform(0.02, 0.95) for _ in faults)
    work = "SELECT (SELECT count(*) FROM signals_article) + count(processed_at) FROM signals_article"
    for queue in ("fetch", "analyze"):
        there.start_worker(queue)
    limit = time.monotonic() + (1800 if LONG else 120)
    while moments or not is_quiet(there):
        there.tick()
        if moments and there.ask(work) >= 2 * FEEDS * ENTRIES * moments[0]:
            moments.pop(0)
            faults.pop()()
        assert time.monotonic() < limit, there.words_of_workers()
        time.sleep(0.05 if moments else 0.3)
    everything_is_there_once(there, feeds)
    everything_is_tagged(there)


def is_quiet(there):
    total = FEEDS * ENTRIES
    return there.ask(
        f"""SELECT count(*) = {total} AND count(processed_at) = {total}
               AND NOT EXISTS (SELECT 1 FROM ingestion_fetch WHERE finished_at IS NULL)
               AND NOT EXISTS (SELECT 1 FROM signals_source WHERE health <> 'ok')
            FROM signals_article"""
    )


def test_a_poll_killed_at_any_moment_is_made_good_by_the_next(there, feeds, seed):
    chance = random.Random(seed)
    for _ in range(20 if LONG else 2):
        asked = len(feeds.requests) + chance.randrange(1, FEEDS // 3)
        poll = there.start("manage.py", "poll")
        while len(feeds.requests) < asked and poll.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        there.kill(poll)
    claims = """SELECT (SELECT count(*) FROM ingestion_schedule WHERE lease_until > now()) + count(*)
                FROM signals_article WHERE processed_at IS NULL AND analyze_lease_until > now()"""
    limit = time.monotonic() + 60
    while there.ask(claims):
        assert time.monotonic() < limit
        time.sleep(0.1)
    assert there.start("manage.py", "poll").wait() == 0, there.words_of_workers()
    everything_is_there_once(there, feeds)
    everything_is_tagged(there)
