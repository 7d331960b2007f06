import gzip
import socket
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingestion.addresses import is_allowed, parse_networks
from ingestion.errors import (
    AddressRefused,
    BadEncoding,
    BadUrl,
    ConnectionFailed,
    DeadlineExceeded,
    DnsError,
    HttpStatus,
    IngestError,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from ingestion.fetch import Fetcher

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)
LOOPBACK = parse_networks(["127.0.0.0/8"])
FEED = b"<rss version='2.0'><channel><title>t</title></channel></rss>"


class Site:
    """A real server on loopback; a page is a function from the request handler to nothing."""

    def __init__(self):
        self.pages = {}
        self.requests = []
        self.over = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.requests.append(
                    (self.path, {name.lower(): value for name, value in self.headers.items()})
                )
                self.close_connection = True
                site.pages[self.path.split("?")[0]](self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def page(self, path, body=b"", status=200, **headers):
        def answer(handler):
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if "Content_Length" not in headers:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.pages[path] = answer
        return self.url + path

    def drip(self, path, start, piece):
        def answer(handler):
            try:
                handler.wfile.write(start)
                while not self.over.wait(0.02):
                    handler.wfile.write(piece)
                    handler.wfile.flush()
            except OSError:
                return

        self.pages[path] = answer
        return self.url + path

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


def fetcher(**options):
    options = {"deadline": 10, "allow_networks": LOOPBACK, "clock": lambda: NOW} | options
    return Fetcher(user_agent="Vigie/1.0 (+https://vigie.example)", **options)


def test_an_answer_keeps_its_validators_verbatim_and_its_caching_hints(site):
    url = site.page(
        "/feed",
        FEED,
        ETag='W/"a b"',
        Last_Modified="yesterday, about noon",
        Content_Type="text/xml; charset=x",
        Cache_Control="public, max-age=900",
        Expires="Sat, 22 Aug 2026 13:00:00 GMT",
        Link='</feed?page=2>; rel="next"',
        X_RateLimit_Remaining="3",
        Set_Cookie="id=1",
    )
    got = fetcher().get(url)
    assert (got.status, got.body, got.content_type) == (200, FEED, "text/xml; charset=x")
    assert (got.etag, got.last_modified) == ('W/"a b"', "yesterday, about noon")
    assert (got.max_age, got.expires) == (timedelta(minutes=15), NOW + timedelta(hours=1))
    assert got.links == {"next": site.url + "/feed?page=2"}
    assert got.headers["x-ratelimit-remaining"] == "3"
    assert "set-cookie" not in got.headers

    fetcher().get(url, etag=got.etag, last_modified=got.last_modified)
    sent = site.requests[-1][1]
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('W/"a b"', "yesterday, about noon")
    assert sent["user-agent"] == "Vigie/1.0 (+https://vigie.example)"
    assert not {"cookie", "authorization", "referer"} & sent.keys()


def test_a_304_is_an_answer_but_not_to_an_unconditional_request(site):
    url = site.page("/feed", status=304, ETag='"2"', Cache_Control="max-age=60")
    got = fetcher().get(url, etag='"1"')
    assert got.not_modified
    assert (got.body, got.etag, got.max_age) == (b"", '"2"', timedelta(minutes=1))
    with pytest.raises(HttpStatus):
        fetcher().get(url)


def test_only_the_leading_run_of_permanent_redirects_moves_an_address(site):
    site.page("/feed", FEED)
    site.page("/a", status=301, Location="/b")
    site.page("/b", status=308, Location="c?x=1")
    site.page("/c", status=302, Location="/d")
    site.page("/d", status=301, Location="/feed#top")
    got = fetcher().get(site.url + "/a")
    assert (got.url_final, got.permanent_url) == (site.url + "/feed", site.url + "/c?x=1")
    assert fetcher().get(site.url + "/c").permanent_url is None


def test_a_circle_of_redirects_ends(site):
    url = site.page("/a", status=302, Location="/a")
    with pytest.raises(TooManyRedirects):
        fetcher().get(url)
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    "target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://user:pass@127.0.0.1/", "http://["]
)
def test_a_redirect_to_something_else_than_a_plain_web_address_is_refused(site, target):
    url = site.page("/a", status=302, Location=target)
    with pytest.raises(BadUrl):
        fetcher().get(url)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0x7f.1", "0"]
)
def test_no_spelling_of_loopback_gets_through(site, host):
    site.page("/", FEED)
    with pytest.raises((AddressRefused, DnsError)) as raised:
        fetcher(allow_networks=()).get(f"http://{host}:{site.server.server_port}/")
    assert host != "localhost" or isinstance(raised.value, AddressRefused)
    assert site.requests == []


def test_a_redirect_is_checked_like_a_first_request(site):
    url = site.page("/a", status=302, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(AddressRefused):
        fetcher().get(url)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("172.31.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("198.18.0.1", False),
        ("::", False),
        ("::1", False),
        ("::ffff:8.8.8.8", False),
        ("::8.8.8.8", False),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::1", False),
        ("2002:808:808::1", False),
        ("2001:0:4136:e378::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
    ],
)
def test_only_public_addresses_are_allowed(address, allowed):
    assert is_allowed(address) is allowed
    assert is_allowed(address, parse_networks(["0.0.0.0/0", "::/0"]))


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>"]
)
def test_a_drip_ends_at_the_deadline_wherever_it_drips(site, start):
    url = site.drip("/drip", start, b"a")
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        fetcher(deadline=0.4).get(url)
    assert time.monotonic() - began < 2


def test_a_server_that_never_shakes_hands_ends_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(DeadlineExceeded):
        fetcher(deadline=0.4).get(f"https://127.0.0.1:{silent.getsockname()[1]}/")


def test_the_deadline_counts_all_hops_together(site):
    def slow(handler):
        site.over.wait(0.15)
        handler.send_response(302)
        handler.send_header("Location", handler.path)
        handler.end_headers()

    site.pages["/slow"] = slow
    with pytest.raises(DeadlineExceeded):
        fetcher(deadline=0.4).get(site.url + "/slow")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip"])
def test_a_bomb_stops_at_the_limit(site, coding):
    body = b"\0" * 30_000_000
    for name in coding.split(", "):
        body = gzip.compress(body) if name == "gzip" else zlib.compress(body)
    url = site.page("/bomb", body, Content_Encoding=coding)
    with pytest.raises(TooLarge):
        fetcher(max_bytes=1_000_000).get(url)


def test_a_size_announced_or_sent_beyond_the_limit_is_refused(site):
    with pytest.raises(TooLarge):
        fetcher(max_bytes=100).get(site.page("/announced", b"", Content_Length="101"))
    endless = site.drip("/endless", b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 1000)
    with pytest.raises(TooLarge):
        fetcher(max_bytes=3000).get(endless)


def test_compressed_answers_are_read_in_every_usual_form(site):
    bare = zlib.compressobj(wbits=-15)
    forms = {
        "gzip": gzip.compress(FEED),
        "x-gzip": gzip.compress(FEED[:9]) + gzip.compress(FEED[9:]),
        "deflate": zlib.compress(FEED),
        "Deflate": bare.compress(FEED) + bare.flush(),
        "identity": FEED,
    }
    for coding, body in forms.items():
        assert fetcher().get(site.page("/feed", body, Content_Encoding=coding)).body == FEED, coding


def test_an_answer_that_breaks_off_is_an_error_and_never_half_a_feed(site):
    with pytest.raises(ConnectionFailed):
        fetcher().get(site.page("/short", FEED, Content_Length=str(len(FEED) + 1)))
    with pytest.raises(BadEncoding):
        fetcher().get(site.page("/torn", gzip.compress(FEED)[:-9], Content_Encoding="gzip"))
    with pytest.raises(BadEncoding):
        fetcher().get(site.page("/brotli", FEED, Content_Encoding="br"))


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Sat, 22 Aug 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Sat, 22 Aug 2026 11:00:00 GMT", timedelta(0)),
        ("soon", None),
    ],
)
def test_retry_after_is_understood_in_both_forms(site, header, wait):
    url = site.page("/busy", status=503, Retry_After=header)
    with pytest.raises(HttpStatus) as raised:
        fetcher().get(url)
    assert (raised.value.status, raised.value.retry_after, raised.value.permanent) == (503, wait, False)


def test_gone_is_permanent_and_not_found_is_not(site):
    for status, permanent in ((410, True), (404, False)):
        with pytest.raises(HttpStatus) as raised:
            fetcher().get(site.page("/x", status=status))
        assert raised.value.permanent is permanent


def test_what_can_not_be_reached_is_told_apart(site):
    with pytest.raises(DnsError):
        fetcher().get("http://no-such-host.invalid/")
    with pytest.raises(TlsError):
        fetcher().get(site.url.replace("http:", "https:") + "/feed")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConnectionFailed):
        fetcher().get(f"http://127.0.0.1:{port}/")
    for url in (
        "ftp://example.org/",
        "example.org/feed",
        "http://",
        "http://a:b@example.org/",
        "http://x:99999/",
    ):
        with pytest.raises(BadUrl):
            fetcher().get(url)


def test_proxies_of_the_environment_are_not_used(site, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    assert fetcher().get(site.page("/feed", FEED)).body == FEED


def test_an_address_with_accents_and_spaces_is_fetched(site):
    site.page("/caf%C3%A9%20noir", FEED)
    assert fetcher().get(site.url + "/café noir?q=é").body == FEED
    assert site.requests[-1][0] == "/caf%C3%A9%20noir?q=%C3%A9"


def test_every_error_has_its_own_code_and_a_sentence():
    def tree(error):
        yield error
        for child in error.__subclasses__():
            yield from tree(child)

    errors = list(tree(IngestError))
    assert len({error.code for error in errors}) == len(errors)
    assert all(error.sentence.endswith(".") for error in errors)
