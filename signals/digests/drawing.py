"""A tag's weeks as a small PNG for the mail: bars before the band of what is usual. Pure.

Only rectangles are drawn, and every colour is readable on white and on black, for nobody knows what a mail
program puts behind a picture. Written after the PNG specification (third edition, W3C 2025), sections 5 and 11.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 132
HEIGHT: Final = 40
_SCALE: Final = 2
_GAP: Final = 6
_BASE: Final = 2
_CLEAR, _BAND, _LINE, _WEEK, _NOW = range(5)
# red, green, blue, opacity; 3:1 or better on white and on the dark sheet of the mail
_GREY: Final = (126, 137, 150)
_TONES: Final = {
    "up": (36, 146, 84),
    "down": (200, 86, 68),
    "early": (176, 108, 20),
    "new": (58, 126, 208),
    "plain": (90, 104, 120),
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of a mail; its width and height are those on the screen, half of its pixels."""

    png: bytes
    width: int
    height: int

    @property
    def content_hash(self) -> str:
        """What equal pictures share."""
        return hashlib.sha256(self.png).hexdigest()

    @property
    def cid(self) -> str:
        """Its Content-ID, without the brackets."""
        return f"{self.content_hash[:20]}@digest"


@lru_cache(maxsize=1024)
def draw_weeks(weeks: tuple[int, ...], usual: tuple[float, ...], tone: str) -> Drawing | None:
    """Bars for the mentions of each week, the last in its tone; None where there is nothing to show.

    `usual` holds low and high of each of the newest weeks that have a baseline, flat.
    """
    top = max([*weeks, *usual, 0])
    if not weeks or top <= 0:
        return None
    width, height = WIDTH * _SCALE, HEIGHT * _SCALE
    pixels = np.zeros((height, width), dtype=np.uint8)
    floor = height - _BASE
    slot = width / len(weeks)

    def row(mentions: float) -> int:
        return floor - round(mentions / top * (floor - _SCALE))

    for place, (low, high) in enumerate(zip(usual[0::2], usual[1::2], strict=True)):
        week = len(weeks) - len(usual) // 2 + place
        pixels[row(high) : row(low), round(week * slot) : round((week + 1) * slot)] = _BAND
    for week, mentions in enumerate(weeks):
        left, right = round(week * slot) + _GAP // 2, round((week + 1) * slot) - _GAP // 2
        # a week with any mention has at least a line, one without has none
        bar = min(row(mentions), floor - _SCALE) if mentions else floor
        pixels[bar:floor, left:right] = _NOW if week == len(weeks) - 1 else _WEEK
    pixels[floor:, :] = _LINE
    palette = [(0, 0, 0, 0), (*_GREY, 70), (*_GREY, 150), (*_GREY, 255), (*_TONES[tone], 255)]
    return Drawing(_png(pixels, palette), WIDTH, HEIGHT)


def _png(pixels: NDArray[np.uint8], palette: list[tuple[int, int, int, int]]) -> bytes:
    """Rows of palette places as a PNG file of indexed colour with four bits each."""
    height, width = pixels.shape
    pairs = pixels.reshape(height, width // 2, 2)
    packed = (pairs[:, :, 0] << 4 | pairs[:, :, 1]).astype(np.uint8)
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), packed], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    colours = bytes(part for colour in palette for part in colour[:3])
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", colours),
            _chunk(b"tRNS", bytes(colour[3] for colour in palette)),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
