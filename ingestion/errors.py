"""What can go wrong while learning something from a source.

Every error has a short stable `code`, kept in fetch records, and a message that a person who does not
program understands. `permanent` says that trying again unchanged is pointless.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar


class IngestError(Exception):
    """Anything expected to go wrong while a source is read."""

    code: ClassVar[str] = "error"
    permanent: bool = False
    sentence: ClassVar[str] = "The source could not be read."

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.sentence} ({detail})" if detail else self.sentence)

    def __reduce__(self) -> tuple[type[IngestError], tuple[object, ...]]:
        return (type(self), (self.detail,))


class FetchError(IngestError):
    """No usable answer came over the network."""

    code = "fetch"
    sentence = "The address could not be fetched."


class BadUrl(FetchError):
    """The address is not one that may be fetched."""

    code = "bad_url"
    permanent = True
    sentence = "This is not a web address that can be fetched: only http and https, without a password in it."


class AddressRefused(FetchError):
    """The name leads to an address inside a private or reserved network."""

    code = "address_refused"
    permanent = True
    sentence = "The address leads into a private or reserved network, which is not allowed."


class DnsError(FetchError):
    """The host name has no address."""

    code = "dns"
    sentence = "The name of the website could not be found."


class ConnectionFailed(FetchError):
    """The connection could not be made, or broke."""

    code = "connection"
    sentence = "The website did not answer, or the connection broke."


class TlsError(FetchError):
    """The secure connection could not be established."""

    code = "tls"
    sentence = "The website's certificate or secure connection is not valid."


class DeadlineExceeded(FetchError):
    """The answer took longer than the total time allowed."""

    code = "deadline"
    sentence = "The website took too long to answer."


class TooLarge(FetchError):
    """The answer is larger than allowed after decompression."""

    code = "too_large"
    sentence = "The answer is larger than is accepted."


class BadEncoding(FetchError):
    """The compressed answer is damaged or compressed in a way we did not ask for."""

    code = "encoding"
    sentence = "The answer is damaged: it could not be decompressed."


class TooManyRedirects(FetchError):
    """The address redirects too often, or in a circle."""

    code = "redirects"
    sentence = "The address sends us on to another one too many times."


class HttpStatus(FetchError):
    """The server answered with an error status."""

    code = "http"
    sentence = "The website answered with an error."

    def __init__(self, status: int, retry_after: timedelta | None = None, url: str = "") -> None:
        self.status = status
        self.retry_after = retry_after
        self.url = url
        self.permanent = status == 410
        super().__init__(_STATUS_SENTENCES.get(status, f"HTTP status {status}"))

    def __reduce__(self) -> tuple[type[IngestError], tuple[object, ...]]:
        return (type(self), (self.status, self.retry_after, self.url))


_STATUS_SENTENCES = {
    401: "401: it asks for a password",
    402: "402: it asks for payment",
    403: "403: it refuses us",
    404: "404: there is nothing at this address",
    410: "410: it has been removed for good",
    429: "429: we asked too often",
    500: "500: the website has a fault",
    502: "502: the website has a fault",
    503: "503: the website is not available for now",
    504: "504: the website took too long",
}


class ParseError(IngestError):
    """An answer came, but it could not be read."""

    code = "parse"
    sentence = "The answer could not be read."


class NotAFeed(ParseError):
    """The document is something else than a feed."""

    code = "not_a_feed"
    sentence = "This is not a feed."


class ParserTimeout(ParseError):
    """Reading the document took longer than allowed; the reader was stopped."""

    code = "parser_timeout"
    sentence = "The document takes too long to read."


class ParserCrashed(ParseError):
    """The process reading the document died, usually for want of memory."""

    code = "parser_crashed"
    sentence = "The document made the reader fail."


class RefusedDocument(ParseError):
    """The document holds something that is never accepted, such as entity declarations."""

    code = "refused_document"
    permanent = True
    sentence = "The document holds something that is not accepted."
