from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.errors import ParseError, RefusedDocument
from ingestion.opml import Outline, read_opml, write_opml
from ingestion.robots import Robots, robots_url

NOW = datetime(2026, 8, 22, tzinfo=UTC)


def test_nested_folders_are_read():
    opml = read_opml(
        b"""<?xml version="1.0" encoding="ISO-8859-1"?><opml version="1.0">
        <head><title>Mes flux</title></head><body>
        <outline text="Labs"><outline title="Europe"><outline text="M" type="rss" xmlUrl="https://m.example/feed?a=1&b=2"
        htmlUrl="https://m.example/"/></outline></outline><outline text="\xe9" xmlURL="feed://e.example/rss"/>
        <outline text="twice" xmlUrl="https://e.example/rss"/>
        <outline text="bad" xmlUrl="javascript:x"/></body></opml>"""
    )
    first, second = opml.outlines
    assert opml.title == "Mes flux"
    assert (first.url, first.folders) == ("https://m.example/feed?a=1&b=2", ("Labs", "Europe"))
    assert (second.url, second.title, second.folders) == ("https://e.example/rss", "é", ())
    assert opml.refused == ("bad: not a web address",)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE opml SYSTEM "http://127.0.0.1/x.dtd">',
    ],
)
def test_any_document_type_is_refused(doctype):
    with pytest.raises(RefusedDocument):
        read_opml(f"<?xml version='1.0'?>{doctype}<opml><body><outline text='&x;'/></body></opml>".encode())


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"<opml><body>", b"<opml>" + b"<outline text='a'>" * 50, b"\xff\xfe"]
)
def test_what_is_no_opml_is_said_to_be_none(body):
    with pytest.raises(ParseError):
        read_opml(body)


names = (
    st.text(min_size=1, max_size=20)
    .map(lambda name: " ".join(name.split()))
    .filter(lambda name: name and name.isprintable())
)
outlines = st.builds(
    Outline,
    url=st.integers(0, 10**6).map("https://e.example/?a=1&b={}".format),
    title=names,
    site_url=st.just("https://e.example/"),
    folders=st.lists(names, max_size=3).map(tuple),
)


@given(names, st.lists(outlines, max_size=8, unique_by=lambda outline: outline.url))
def test_what_is_written_is_read_back(title, feeds):
    back = read_opml(write_opml(title, feeds, NOW).encode())
    assert back.title == title
    assert sorted(back.outlines, key=lambda one: one.url) == sorted(feeds, key=lambda one: one.url)


ROBOTS = """\ufeff# hello
User-agent: Vigie
User-agent: other
Disallow: /private
Allow: /private/open*.html$
Crawl-delay: 2.5

User-agent: *
Disallow: /
Allow: /$
"""


@pytest.mark.parametrize(
    ("agent", "path", "allowed"),
    [
        ("Vigie/1.0 (+https://x)", "/a", True),
        ("vigie", "/private/x", False),
        ("Vigie", "/private/open-1.html", True),
        ("Vigie", "/private/open-1.html?x", False),
        ("Unknown", "/a", False),
        ("Unknown", "/", True),
        ("Unknown", "", True),
        ("Unknown", "/robots.txt", True),
        ("Vigie", "/%70rivate/x", False),
    ],
)
def test_the_longest_rule_of_the_own_group_decides(agent, path, allowed):
    assert Robots(ROBOTS).allows("https://e.example" + path, agent) is allowed


def test_an_empty_or_odd_robots_file_allows_everything():
    for text in ("", "Disallow: /", "User-agent: *\nDisallow:", "<html>404: not found</html>"):
        assert Robots(text).allows("https://e.example/a?b", "Vigie")


def test_a_delay_and_the_place_of_the_file():
    assert Robots(ROBOTS).crawl_delay("Vigie") == 2.5
    assert Robots(ROBOTS).crawl_delay("Unknown") is None
    assert Robots("User-agent: *\nCrawl-delay: 86400").crawl_delay("Vigie") == 60
    assert robots_url("https://e.example:8443/a/b?c#d") == "https://e.example:8443/robots.txt"


def test_many_wildcards_do_not_take_for_ever():
    rules = Robots("User-agent: *\nDisallow: /" + "*a" * 2000 + "b$")
    assert rules.allows("https://e.example/" + "a" * 5000, "Vigie")
