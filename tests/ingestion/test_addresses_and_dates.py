from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.dates import clamp, parse_date
from ingestion.sanitise import clean_html, plain_text
from ingestion.urls import (
    absolute_url,
    canonical_url,
    canonical_with_fragment,
    publisher_of,
    safe_link,
    url_key,
)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://www.Example.com:80/A/?utm_source=x&b=2&a=1&fbclid=3#top", "https://example.com/A?b=2&a=1"),
        ("https://example.com./x?q=a%20b&empty=&=", "https://example.com/x?q=a%20b&empty=&="),
        ("https://amp.example.com/story/amp/", "https://example.com/story"),
        ("https://example.com/story.amp.html?amp=1", "https://example.com/story.html"),
        ("https://www.google.com/amp/s/www.example.com/story", "https://example.com/story"),
        ("https://example-com.cdn.ampproject.org/c/s/example.com/story.amp", "https://example.com/story"),
        ("https://amp.dev/", "https://amp.dev"),
        ("https://github.com/a/b?ref=main", "https://github.com/a/b?ref=main"),
        ("https://example.com/p?ref=newsletter", "https://example.com/p"),
        ("https://Éxample.com/%7Eme/caf%c3%a9", "https://xn--xample-9ua.com/~me/caf%C3%A9"),
        ("http://[2606:4700::1]:8080/", "https://[2606:4700::1]:8080"),
        ("urn:uuid:1", "urn:uuid:1"),
        ("", ""),
    ],
)
def test_two_spellings_of_an_address_become_one(url, canonical):
    assert canonical_url(url) == canonical


def test_the_fragment_counts_where_identity_is_asked_for():
    assert canonical_with_fragment("http://e.example/log/#1.2") == "https://e.example/log#1.2"
    assert canonical_url("http://e.example/log/#1.2") == "https://e.example/log"


hosts = st.sampled_from(
    ["example.com", "www.example.com", "amp.example.co.uk", "www.www.com", "amp.dev", "é.fr", "1.2.3.4"]
)
paths = st.text("aé/%2.amp?#&=:~ \\+[]@", max_size=30)


@given(
    st.one_of(
        st.builds(
            "{}://{}{}/{}".format,
            st.sampled_from(["http", "https"]),
            hosts,
            st.sampled_from(["", ":80", ":443", ":8443"]),
            paths,
        ),
        st.text(max_size=60),
    )
)
def test_a_canonical_address_is_its_own_canonical_address(url):
    for form in (canonical_url, canonical_with_fragment):
        assert form(form(url)) == form(url)
    assert len(url_key(url * 30)) <= 500
    assert safe_link(url) == "" or safe_link(url).split(":")[0].lower() in ("http", "https", "mailto")
    absolute_url("https://e.example/", url)
    publisher_of(url)


@pytest.mark.parametrize(
    ("url", "publisher"),
    [
        ("https://www.bbc.co.uk/news/1", "bbc.co.uk"),
        ("https://deepmind.google/blog/x", "deepmind.google"),
        ("https://ann.substack.com/p/x", "ann.substack.com"),
        ("https://ann.github.io/x", "ann.github.io"),
        ("https://medium.com/@Ann/x", "medium.com/@ann"),
        ("https://github.com/org/repo/releases", "github.com/org"),
        ("https://raw.githubusercontent.com/org/repo/main/x", "github.com/org"),
        ("https://github.com", "github.com"),
        ("https://www.youtube.com/channel/UC1/videos", "youtube.com/channel/uc1"),
        ("https://huggingface.co/blog/x", "huggingface.co"),
        ("https://huggingface.co/org/model", "huggingface.co/org"),
        ("https://www.reddit.com/r/ml/comments/1", "reddit.com/r/ml"),
        ("http://127.0.0.1:8000/x", "127.0.0.1"),
        ("https://notsubstack.com/x", "notsubstack.com"),
        ("mailto:a@b.example", ""),
        ("http://[", ""),
    ],
)
def test_the_publisher_is_the_domain_or_the_account_on_a_shared_host(url, publisher):
    assert publisher_of(url) == publisher


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        " JavaScript:x",
        "data:text/html,x",
        "vbscript:x",
        "//x",
        "/a",
        "file:///etc/passwd",
        "http://",
        "mailto:",
    ],
)
def test_only_web_and_mail_addresses_become_links(url):
    assert safe_link(url) == ""


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("Thu, 28 May 2026 07:51:06 +0000", "2026-05-28T07:51:06+00:00"),
        ("Thu, 28 May 26 07:51 PDT", "2026-05-28T07:51:00-07:00"),
        ("28 May 2026 07:51:06 GMT+02:00 (CEST)", "2026-05-28T07:51:06+02:00"),
        ("2026-05-28T07:51:06.123456789Z", "2026-05-28T07:51:06+00:00"),
        ("2026-05-28 07:51 +0530", "2026-05-28T07:51:00+05:30"),
        ("2016/6/29", "2016-06-29T00:00:00+00:00"),
        ("20260528", "2026-05-28T00:00:00+00:00"),
        ("Wed Jun 29 12:00:00 UTC 2016", "2016-06-29T12:00:00+00:00"),
        ("May 28th, 2026 at 7:51 pm EST", "2026-05-28T19:51:00-05:00"),
        ("jeudi 28 mai 2026 07:51", "2026-05-28T07:51:00+00:00"),
        ("1467158400", "2016-06-29T00:00:00+00:00"),
        ("1467158400000", "2016-06-29T00:00:00+00:00"),
        ("Thu, 31 Dec 2026 24:00:00 GMT", "2027-01-01T00:00:00+00:00"),
        ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00+00:00"),
        ("2099-01-01", "2099-01-01T00:00:00+00:00"),
    ],
)
def test_dates_are_read_as_feeds_write_them(raw, moment):
    assert parse_date(raw).isoformat() == moment


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "yesterday",
        "3/4/2026",
        "2026-05",
        "2026",
        "2026-02-30",
        "2026-13-01",
        "0000-00-00",
        "14",
        "12345678901",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "1785-06-29",
        "2026-05-28 07:51 Europe/Paris",
        "28 Foo 2026",
        "9" * 5000,
        "Thu, 28 May 2026 25:00:00 GMT",
        "2026-05-28T07:51+99:00",
        "19990101x",
    ],
)
def test_a_date_that_would_be_a_guess_is_refused(raw):
    assert parse_date(raw) is None


@given(st.text(max_size=40))
def test_no_text_makes_the_date_layer_fail(raw):
    assert parse_date(raw) is None or parse_date(raw).tzinfo is not None


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1991, 1, 1), datetime(2099, 1, 1), timezones=zones))
def test_every_iso_moment_comes_back_with_its_zone(moment):
    moment = moment.replace(microsecond=0)
    found = parse_date(moment.isoformat())
    assert (found, found.utcoffset()) == (moment, moment.utcoffset())


def test_the_future_is_clamped_for_sorting_only():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert clamp(now + timedelta(days=1), now) == now
    assert clamp(now - timedelta(days=1), now) == now - timedelta(days=1)


def test_html_is_cleaned_and_its_links_are_made_absolute():
    html = """<h2>T</h2><p style="x" onclick="y">a <a href="../b" target="_top">b</a>
      <a href="mailto:x@y.example">m</a>
      <a href="JaVaScript:alert(1)">j</a> <a href="data:text/html,x">d</a>
      <img src="i.png" onerror="x" srcset="y">
      <iframe src="https://e.example"></iframe>
      <form action="/x"><input><button>go</button></form><svg><script>1</script></svg>
      <style>p{}</style><!-- c --></p>"""
    clean = clean_html(html, "https://e.example/blog/post")
    assert 'href="https://e.example/b"' in clean
    assert 'src="https://e.example/blog/i.png"' in clean
    assert 'href="mailto:x@y.example"' in clean
    assert clean.count("noopener") == clean.count("<a ")
    for bad in (
        "script",
        "onclick",
        "onerror",
        "style",
        "iframe",
        "form",
        "input",
        "button",
        "svg",
        "data:",
        "<!--",
    ):
        assert bad not in clean.lower()


def test_plain_text_has_a_line_per_block_and_no_markup():
    html = "<h1>T</h1><p>a &amp; b<br>c\nd</p><ul><li>x<li>y</ul>3 &lt; 4<script>no()</script>"
    assert plain_text(html + "<table><td>1</td><td>2</td></table>") == "T\na & b\nc d\nx\ny\n3 < 4\n1 2"


@given(st.text("<>ab/&;'\" =scriptonhref:", max_size=80))
def test_cleaning_twice_changes_nothing_more(html):
    clean = clean_html(html)
    assert "<script" not in clean.lower()
    assert clean_html(clean) == clean
