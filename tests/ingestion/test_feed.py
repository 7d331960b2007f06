import tarfile
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.errors import NotAFeed, ParseError
from ingestion.sources.discover import discover, well_known_feed_urls
from ingestion.sources.feed import parse
from ingestion.sources.identity import entry_key, guids_are_unreliable, keyed_entries
from ingestion.types import Entry

URL = "https://news.example/feeds/all.xml"


def rss(items, head=""):
    channel = f"<channel><title>News</title>{head}{items}</channel>"
    return f"<?xml version='1.0'?><rss version='2.0'>{channel}</rss>".encode()


def read(body, content_type="application/xml"):
    return parse(body, content_type, URL)


def test_an_rss_entry_is_read_with_everything_it_says():
    feed = read(
        rss(
            """<item><title>Cats &amp;amp; dogs</title><link>/a?x=1#top</link>
            <guid isPermaLink="false">7</guid>
            <pubDate>Wed, 3 Sep 2025 10:00:00 EST</pubDate><category>Research</category>
            <category>Research</category>
            <author>ann@news.example (Ann Lee)</author>
            <description>&lt;p onclick="x"&gt;One &lt;a href="/b"&gt;link&lt;/a&gt; and
            &lt;a href="javascript:alert(1)"&gt;another&lt;/a&gt;.&lt;/p&gt;
            &lt;script&gt;evil()&lt;/script&gt;
            &lt;form action="/x"&gt;&lt;input&gt;&lt;/form&gt;</description></item>""",
            """<link>https://news.example/</link><language>en_us</language><ttl>90</ttl>
            <skipHours><hour>3</hour><hour>24</hour></skipHours><skipDays><day>Sunday</day></skipDays>""",
        )
    )
    assert (feed.kind, feed.title, feed.site_url, feed.language) == (
        "rss",
        "News",
        "https://news.example/",
        "en-US",
    )
    assert (feed.ttl, feed.skip_hours, feed.skip_days) == (timedelta(minutes=90), {0, 3}, {6})
    [entry] = feed.entries
    assert (entry.guid, entry.url, entry.title) == ("7", "https://news.example/a?x=1#top", "Cats & dogs")
    assert entry.published == datetime(2025, 9, 3, 10, tzinfo=timezone(timedelta(hours=-5)))
    assert entry.text == "One link and another."
    assert 'href="https://news.example/b"' in entry.html
    assert not any(bad in entry.html for bad in ("script", "javascript", "onclick", "<form", "evil"))
    assert (entry.categories, entry.language) == (("Research",), "en-US")
    assert "Ann Lee" in entry.author


def test_an_atom_entry_is_read_with_bases_and_languages():
    feed = read(
        b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="https://blog.example/b/"><title>B</title>
        <link rel="next" href="?page=2"/>
        <entry xml:lang="en"><id>tag:1</id><title type="html">On &lt;i>T&lt;/i></title><link href="p"/>
        <updated>2026-05-28T07:51:06.5+02:00</updated>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
        <p>Body <b>text</b></p></div></content></entry>
        <entry><id>tag:2</id><title>a &lt;T> b</title><link href="q"/>
        <summary>5 &lt; 6</summary></entry></feed>"""
    )
    first, second = feed.entries
    assert (feed.kind, feed.language, feed.next_url) == ("atom", "fr", "https://blog.example/b/?page=2")
    assert (first.url, first.title, first.text) == ("https://blog.example/b/p", "On T", "Body text")
    assert (first.language, second.language) == ("en", "fr")
    assert first.published == datetime(2026, 5, 28, 5, 51, 6, tzinfo=UTC)
    assert (second.text, second.published) == ("5 < 6", None)


def test_rdf_cdf_and_old_rss_are_read():
    rdf = read(
        b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel><title>t</title><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel>
        <item rdf:about="https://e.example/1"><title>z</title><link>https://e.example/1</link>
        <dc:date>2016-06-29T10:00Z</dc:date><dc:creator>Bob</dc:creator></item></rdf:RDF>"""
    )
    assert (rdf.kind, rdf.update_period) == ("rdf", timedelta(hours=6))
    assert (rdf.entries[0].author, rdf.entries[0].published) == ("Bob", datetime(2016, 6, 29, 10, tzinfo=UTC))
    cdf = read(
        b'<CHANNEL HREF="https://e.example/"><ITEM HREF="https://e.example/1"><TITLE>One</TITLE></ITEM></CHANNEL>'
    )
    assert (cdf.kind, cdf.entries[0].title) == ("cdf", "One")
    old = read(
        b'<rss version="0.91"><channel><item><title>One</title><link>https://e.example/1</link></item></channel></rss>'
    )
    assert (old.kind, old.entries[0].url) == ("rss", "https://e.example/1")


def test_a_json_feed_is_read_and_its_bad_entries_are_refused_alone():
    feed = read(
        b"""{"version": "https://jsonfeed.org/version/1.1", "title": "J", "home_page_url": "https://j.example/",
        "language": "fr-FR", "authors": [{"name": "Zo\xc3\xa9"}], "next_url": "?p=2", "items": [
        {"id": 12, "url": "/a", "title": "A", "content_html": "<p>x</p><script>y</script>",
         "tags": ["t", 3, null],
         "date_published": "2026-02-03T04:05:06Z"},
        "what?", {"id": "z"}, {"id": "t", "content_text": "a < b. And more."}]}""",
        "application/feed+json",
    )
    first, second = feed.entries
    assert (feed.kind, feed.language, feed.next_url) == (
        "json",
        "fr-FR",
        "https://news.example/feeds/all.xml?p=2",
    )
    assert (first.guid, first.url, first.text, first.author) == ("12", "https://j.example/a", "x", "Zoé")
    assert first.categories == ("t", "3")
    assert (second.title, second.text) == ("a < b.", "a < b. And more.")
    assert [refused.position for refused in feed.refused] == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"<!doctype html><html><head><title>404</title></head></html>",
        b"<html><body><rss></html>",
        b"plain words",
        b'{"items": 3}',
        b'{"items": [{"a": 1}]}',
        b"[" * 100_000,
        b"\x89PNG\r\n\x1a\n\x00",
    ],
)
def test_what_is_no_feed_is_said_to_be_none(body):
    with pytest.raises(NotAFeed):
        read(body, "application/json" if body.startswith((b"{", b"[")) else "text/html")


def test_a_head_full_of_comments_does_not_take_for_ever():
    assert read(b"<!-- a -->" * 3000 + rss("<item><title>A</title></item>")[21:]).entries[0].title == "A"
    with pytest.raises(NotAFeed):
        read(b"<!-- a -->" * 3000 + b"<!doctype html><html>")


def test_one_bad_entry_is_refused_and_the_rest_live():
    feed = read(
        rss("<item><title>A</title></item><item><category>x</category></item><item><title>B</title></item>")
    )
    assert [entry.title for entry in feed.entries] == ["A", "B"]
    assert [(refused.position, bool(refused.reason)) for refused in feed.refused] == [(1, True)]


def test_an_entry_in_which_the_document_breaks_off_is_not_taken_for_whole():
    feed = read(
        b"<rss version='2.0'><channel><item><title>A</title></item><item><title>B</title>"
        b"<description>half a te"
    )
    assert [entry.title for entry in feed.entries] == ["A"]
    assert feed.bozo
    assert len(feed.refused) == 1


def test_an_entry_without_title_takes_the_start_of_its_text():
    long = "word " * 60
    feed = read(
        rss(
            f"<item><description>First sentence. Second one.</description></item>"
            f"<item><title> </title><description>{long}</description></item>"
        )
    )
    assert feed.entries[0].title == "First sentence."
    assert feed.entries[1].title.endswith("word…")
    assert len(feed.entries[1].title) <= 121


@pytest.mark.parametrize(
    ("encoding", "declaration", "content_type"),
    [
        ("utf-8", "", "text/xml"),
        ("utf-8-sig", "", ""),
        ("utf-16", "", ""),
        ("cp1252", "windows-1252", ""),
        ("iso-8859-1", "", "text/xml; charset=iso-8859-1"),
        ("cp1252", "iso-8859-1", ""),
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("utf-8", "us-ascii", ""),
        ("cp1252", "utf-8", ""),
    ],
)
def test_a_charset_is_found_whoever_is_wrong_about_it(encoding, declaration, content_type):
    text = (
        "« Ça marche à l’été », dit-elle : déjà vu"
        if encoding != "iso-8859-1"
        else "Ça marche à l'été : déjà vu"
    )
    stated = f" encoding='{declaration}'" if declaration else ""
    document = f"<?xml version='1.0'{stated}?><rss version='2.0'><item><title>{text}</title></item></rss>"
    assert read(document.encode(encoding), content_type).entries[0].title == text


def test_text_that_a_database_can_not_hold_is_cleaned():
    feed = read(
        b'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "a\\u0000b\\ud800c"}]}'
    )
    assert feed.entries[0].title.encode() == b"ab?c"


def test_external_entities_are_not_read_and_entity_bombs_do_not_grow(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    body = f"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">{bomb}]>
    <rss version="2.0"><channel><item><title>T &x; &e11;</title></item></channel></rss>"""
    feed = read(body.encode())
    assert "sesame" not in feed.entries[0].title
    assert len(feed.entries[0].title) < 1000


def test_guids_identify_entries_until_they_prove_unreliable():
    same_guid = [Entry("1", "https://e.example/a", "A"), Entry("1", "https://e.example/b", "B")]
    assert guids_are_unreliable(same_guid)
    assert len(keyed_entries(same_guid)) == len(keyed_entries(same_guid, degraded=True)) == 2
    good = [Entry("1", "https://e.example/a", "A"), Entry("2", "https://e.example/a", "B")]
    assert not guids_are_unreliable(good)
    blank = [Entry("", "https://e.example/a#1", "A"), Entry("", "https://e.example/a#2", "A")]
    assert len(keyed_entries(blank)) == 2
    repeated = [
        Entry("1", "https://e.example/a", "A", position=0),
        Entry("1", "https://e.example/a", "A", position=1),
    ]
    assert list(keyed_entries(repeated).values()) == [repeated[0]]


def test_entries_that_share_an_identity_keep_theirs_when_their_order_changes():
    one, two = (Entry("1", "https://e.example/a", "A", text=text) for text in ("first", "second"))
    forward, backward = keyed_entries([one, two]), keyed_entries([two, one])
    assert {key: entry.text for key, entry in forward.items()} == {
        key: entry.text for key, entry in backward.items()
    }


words = st.text(max_size=40)


@given(st.builds(Entry, guid=words, url=words, title=words, text=words), st.booleans())
def test_an_entry_key_is_stable_and_ignores_what_is_edited(entry, degraded):
    key = entry_key(entry, degraded)
    assert len(key) == 64
    if (entry.guid and not degraded) or entry.url:
        assert key == entry_key(Entry(entry.guid, entry.url, "edited", text="edited"), degraded)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"<rss version='2.0'><channel><item>", b"<feed>", b'{"items":[']),
)
def test_no_bytes_raise_anything_but_a_parse_error(noise, start):
    try:
        read(start + noise)
    except ParseError as error:
        assert error.code


def test_the_real_feeds_give_every_entry_with_an_identity_of_its_own(shared_data):
    feeds = {
        path.stem: parse(path.read_bytes(), "application/xml", f"https://feeds.example/{path.name}")
        for path in sorted((shared_data / "feeds" / "latest").glob("*.xml"))
    }
    assert len(feeds) == 34
    assert sum(len(feed.entries) for feed in feeds.values()) == 3033
    assert not any(feed.refused for feed in feeds.values())
    assert all(
        entry.published and entry.title and entry.url for feed in feeds.values() for entry in feed.entries
    )
    changelogs = [feeds["feed_windsurf_changelog"], feeds["feed_windsurf_next_changelog"]]
    assert sum(len(keyed_entries(feed.entries)) for feed in changelogs) == 265
    # Even if their guids were not trusted, the fragments of their addresses tell them apart.
    assert sum(len(keyed_entries(feed.entries, degraded=True)) for feed in changelogs) == 265
    # Three essays stand there twice, word for word.
    assert sum(len(keyed_entries(feed.entries)) for feed in feeds.values()) == 3030


def test_no_document_of_the_parsers_own_corpus_stops_us(shared_data):
    kinds = set()
    with tarfile.open(shared_data / "feeds" / "feedparser-corpus.tar.xz") as corpus:
        for member in corpus:
            if not member.isfile() or not member.name.endswith((".xml", ".json")):
                continue
            try:
                kinds.add(read(corpus.extractfile(member).read(), "").kind)
            except ParseError:
                kinds.add(None)
    assert kinds == {"rss", "atom", "rdf", "cdf", "json", None}


def test_the_feeds_of_a_page_are_found():
    html = """<head><base href="https://blog.example/en/">
      <link rel="alternate" type="application/rss+xml" title="All posts"
      href="feed.xml"><link rel="alternate" type="text/html" hreflang="fr" href="/fr/">
      <link rel=ALTERNATE type="application/atom+xml" href="https://blog.example/en/feed.xml"></head>
      <a href="feed://other.example/rss">RSS</a>
      <a href="/feedback">Tell us</a> <a href="javascript:rss()">x</a>"""
    found = discover(html, "https://blog.example/x")
    assert [link.url for link in found] == ["https://blog.example/en/feed.xml", "https://other.example/rss"]
    assert found[0].title == "All posts"


def test_well_known_places_are_below_the_folder_and_at_the_root():
    urls = well_known_feed_urls("https://e.example/blog/?x=1#y")
    assert urls[0] == "https://e.example/blog/feed"
    assert "https://e.example/rss.xml" in urls
    assert len(urls) == len(set(urls))
