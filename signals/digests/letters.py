"""A mail for one reader: what all readers of a rendering share is put together once."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.utils import formatdate
from io import BytesIO
from typing import Final, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail.message import sanitize_address

from signals.digests.links import READER, absolute, subscription_token, unsubscribe_link
from signals.digests.pictures import IllustratedMail, attach_pictures, pictures_of
from signals.models import Rendering

_ENCODING: Final = "utf-8"
_SOFT_BREAK: Final = b"=\r\n"
# quoted-printable may break a line in the middle of a word
_READER: Final = re.compile(rb"(?:=\r\n)?".join(re.escape(bytes([byte])) for byte in READER.encode()))
_TRANSFER: Final = b"Content-Transfer-Encoding: "
_OWN_HEADERS: Final = ("To", "Date", "Message-ID")


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a delivery is for, and which one it is."""

    delivery: int
    subscription: int
    email: str
    period: str
    cadence: str

    @property
    def token(self) -> str:
        """The reader's own links are made of it."""
        return subscription_token(self.subscription)

    def headers(self) -> dict[str, str]:
        """What stands in no other mail; the same each time."""
        said = f"delivery:{self.delivery}".encode()
        stamp = hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()[:16]
        return {
            "Message-ID": f"<digest.{self.period}.{self.delivery}.{stamp}@{_host()}>",
            "List-Unsubscribe": f"<{unsubscribe_link(self.token)}>",
        }


def compose(rendering: Rendering, address: Address) -> IllustratedMail:
    """The mail of one delivery; composed twice it is the same, Message-ID and all."""
    mail = _shared(rendering, address.period, address.cadence, address.token)
    mail.to = [address.email]
    mail.extra_headers |= address.headers()
    return mail


def _shared(rendering: Rendering, period: str, cadence: str, token: str) -> IllustratedMail:
    mail = IllustratedMail(
        subject=rendering.subject,
        body=rendering.text.replace(READER, token),
        headers={
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"Vigie <digest.{_host()}>",
            "Auto-Submitted": "auto-generated",
            "Feedback-ID": f"{period}:{cadence}:digest:vigie",
        },
    )
    mail.attach_alternative(rendering.html.replace(READER, token), "text/html")
    attach_pictures(mail, pictures_of(rendering))
    return mail


def without_reader(said: str) -> str:
    """A rendering for all to see: nobody's own links in it."""
    for name in ("subscription", "unsubscribe"):
        said = said.replace(absolute(name, READER), absolute("subscribe"))
    return said


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendering as it goes over SMTP, with gaps where a reader's own links belong."""

    sender: str
    pieces: tuple[bytes, ...]
    is_quoted: tuple[bool, ...]
    """Of each gap, whether it lies in a quoted-printable part, whose lines must stay short."""

    @classmethod
    def of(cls, rendering: Rendering, *, period: str, cadence: str) -> Self:
        """Put it together; ValueError for a sender's address that no mail can be made of."""
        mail = _shared(rendering, period, cadence, READER)
        message = mail.message()
        for name in _OWN_HEADERS:
            del message[name]
        written = BytesIO()
        BytesGenerator(written, mangle_from_=False).flatten(message, linesep="\r\n")
        raw = written.getvalue()
        pieces, quoted, begin = [], [], 0
        for gap in _READER.finditer(raw):
            pieces.append(raw[begin : gap.start()])
            told = raw.rfind(_TRANSFER, 0, gap.start()) + len(_TRANSFER)
            quoted.append(raw.startswith(b"quoted-printable", told))
            begin = gap.end()
        pieces.append(raw[begin:])
        return cls(sanitize_address(mail.from_email, _ENCODING), tuple(pieces), tuple(quoted))

    def to(self, address: Address) -> tuple[str, bytes]:
        """The recipient as the server is told, and the whole message; ValueError for an address that can't be."""
        recipient = sanitize_address(address.email, _ENCODING)
        own = {"To": recipient, "Date": formatdate(), **address.headers()}
        token = address.token.encode()
        parts = ["".join(f"{name}: {value}\r\n" for name, value in own.items()).encode()]
        for piece, is_quoted in zip(self.pieces, self.is_quoted, strict=False):
            parts += [piece, _SOFT_BREAK + token + _SOFT_BREAK if is_quoted else token]
        parts.append(self.pieces[-1])
        return recipient, b"".join(parts)
