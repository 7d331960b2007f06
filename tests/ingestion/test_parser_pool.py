import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from ingestion.errors import NotAFeed, ParserCrashed, ParserTimeout
from ingestion.parser_pool import ParserPool, shared_pool
from ingestion.sources.feed import parse

URL = "https://e.example/feed"
FEED = (
    b"<rss version='2.0'><channel><title>T</title><ttl>60</ttl><skipHours><hour>2</hour></skipHours>"
    b"<item><title>A \xc3\xa9</title><guid>1</guid><pubDate>Wed, 3 Sep 2025 10:00:00 EST</pubDate>"
    b"<category>c</category></item><item/></channel></rss>"
)
# The address in an author's name is searched for by an expression that takes the square of its length.
HANGS = (
    b"<rss version='2.0'><channel><item><title>t</title><author>"
    + b"a" * 200_000
    + b"</author></item></channel></rss>"
)


@pytest.fixture
def make_pool():
    # Other tests may have left parsers idling; only this test's are counted.
    shared_pool().close()
    pools = []

    def make(**options):
        pools.append(ParserPool(**({"size": 1, "deadline": 20.0} | options)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def workers():
    return [child for child in psutil.Process().children() if "ingestion.parser_worker" in child.cmdline()]


def test_a_document_is_read_in_another_process_as_in_this_one(make_pool):
    pool = make_pool()
    assert pool.parse_feed(FEED, "text/xml", URL) == parse(FEED, "text/xml", URL)
    with pytest.raises(NotAFeed) as raised:
        pool.parse_feed(b"<html></html>", "text/html", URL)
    assert raised.value.detail == "it is a web page"
    assert len(workers()) == 1


def test_a_document_that_hangs_is_killed_and_the_pool_goes_on(make_pool):
    pool = make_pool(deadline=1.0)
    pool.parse_feed(FEED, "", URL)
    [before] = workers()
    began = time.monotonic()
    with pytest.raises(ParserTimeout):
        pool.parse_feed(HANGS, "", URL)
    assert time.monotonic() - began < 3
    assert not before.is_running()
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1


def test_a_parser_that_dies_over_a_document_is_replaced(make_pool):
    pool = make_pool()
    pool.parse_feed(FEED, "", URL)
    [worker] = workers()
    failures = []

    def ask():
        try:
            pool.parse_feed(HANGS, "", URL)
        except ParserCrashed as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    used = worker.cpu_times().user
    thread.start()
    while worker.cpu_times().user < used + 0.3:
        assert thread.is_alive()
    worker.send_signal(signal.SIGSEGV)
    thread.join(20)
    assert [error.code for error in failures] == ["parser_crashed"]
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1


def test_a_parser_that_died_while_idle_costs_nobody_a_document(make_pool):
    pool = make_pool()
    pool.parse_feed(FEED, "", URL)
    [worker] = workers()
    worker.kill()
    while worker.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.005)
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1


def test_the_feeds_of_a_page_are_found_in_another_process(make_pool):
    pool = make_pool(deadline=2.0)
    page = b'<link rel="alternate" type="application/rss+xml" title="\xc3\xa9" href="/rss">'
    [link] = pool.discover(page, "text/html", "https://e.example/")
    assert (link.url, link.title) == ("https://e.example/rss", "é")
    with pytest.raises(ParserTimeout):
        pool.discover(b"<!--" * 100_000, "text/html", "https://e.example/")


def test_memory_is_limited(make_pool):
    pool = make_pool(memory_bytes=100 * 1024 * 1024)
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1
    # One character beyond the basic plane makes Python keep every character in four bytes.
    many = FEED.replace(b"A \xc3", "\U0001f600".encode() * 3_000_000 + b" \xc3")
    with pytest.raises(ParserCrashed):
        pool.parse_feed(many, "", URL)
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1


def test_parsers_are_recycled(make_pool):
    pool = make_pool(documents_per_process=2)
    seen = set()
    for _ in range(4):
        pool.parse_feed(FEED, "", URL)
        seen |= {worker.pid for worker in workers()}
    assert len(seen) == 2
    assert workers() == []


def test_many_threads_share_few_parsers(make_pool):
    pool = make_pool(size=2)
    answers = []

    def ask(number):
        body = FEED.replace(b"<guid>1<", f"<guid>{number}<".encode())
        answers.append((number, pool.parse_feed(body, "", URL).entries[0].guid))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(number, str(number)) for number in range(24)]
    # The threads that asked first are gone; the parsers they caused to start are not.
    assert len(workers()) == 2
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1


def test_parsers_get_no_secrets(make_pool, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "sesame")
    make_pool().parse_feed(FEED, "", URL)
    [worker] = workers()
    assert "sesame" not in worker.environ().values()


def test_a_forked_process_starts_parsers_of_its_own(make_pool):
    pool = make_pool()
    pool.parse_feed(FEED, "", URL)
    child = os.fork()
    if child == 0:
        fine = len(pool.parse_feed(FEED, "", URL).entries) == 1
        pool.close()
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(pool.parse_feed(FEED, "", URL).entries) == 1


def test_parsers_end_with_a_parent_that_is_killed():
    code = (
        "import sys, time; from ingestion.parser_pool import ParserPool; pool = ParserPool(size=1)\n"
        f"pool.parse_feed({FEED!r}, '', 'https://e.example/'); print('ready', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert parent.stdout.readline() == b"ready\n"
        [worker] = psutil.Process(parent.pid).children()
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    worker.wait(10)


def test_a_page_is_extracted_with_the_date_it_states(make_pool):
    words = "".join(
        f"<p>Un paragraphe {n} avec assez de mots pour que l'on y voie un texte.</p>" for n in range(6)
    )
    page = f"""<html lang="fr"><head><title>Le titre</title><link rel="canonical" href="/a">
      <script type="application/ld+json">{{"datePublished": "2026-05-28T10:00:00+02:00"}}</script></head>
      <body><nav>Menu</nav><article><h1>Le titre</h1>
      <p>Copyright 1999-01-02.</p>{words}</article></body></html>"""
    pool = make_pool()
    found = pool.extract_page(page.encode("cp1252"), "https://e.example/a?utm_source=x", "text/html")
    assert "paragraphe 5" in found.text
    assert "Menu" not in found.text
    assert (found.title, found.language, found.canonical_url) == ("Le titre", "fr", "https://e.example/a")
    assert found.published.isoformat() == "2026-05-28T10:00:00+02:00"
    undated = page.replace("datePublished", "x").encode()
    assert pool.extract_page(undated, "https://e.example/a").published is None
    assert pool.extract_page(undated, "https://e.example/2026/05/28/a").published.day == 28
    assert pool.extract_page(b"<html><body></body></html>", "https://e.example/") is None
