"""Decompressing an answer piece by piece, with a limit on what comes out."""

from __future__ import annotations

import zlib

from ingestion.errors import BadEncoding, TooLarge

_MOST_LAYERS = 2


class Decompressor:
    """Collects a body as it arrives; raises TooLarge past `limit` bytes, BadEncoding if damaged."""

    def __init__(self, content_encoding: str, limit: int) -> None:
        codings = [name.strip().lower() for name in content_encoding.split(",")]
        codings = [name for name in codings if name not in ("", "identity", "none")]
        if len(codings) > _MOST_LAYERS or any(
            name not in ("gzip", "x-gzip", "deflate", "x-deflate") for name in codings
        ):
            raise BadEncoding(content_encoding[:50])
        # The last coding named was applied last, so it is undone first.
        self._layers = [_Inflater(gzip="gzip" in name, limit=limit) for name in reversed(codings)]
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the answer."""
        for layer in self._layers:
            chunk = layer.inflate(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(f"more than {self._limit:,} bytes")
        self._parts.append(chunk)

    def finish(self) -> bytes:
        """The whole body; raises BadEncoding when it breaks off."""
        if any(layer.unfinished for layer in self._layers):
            raise BadEncoding("it breaks off")
        return b"".join(self._parts)


class _Inflater:
    """One layer of gzip (several members allowed) or deflate (with or without the zlib wrapper)."""

    def __init__(self, *, gzip: bool, limit: int) -> None:
        self._gzip = gzip
        self._limit = limit
        self._total = 0
        self._object = zlib.decompressobj(zlib.MAX_WBITS | 16 if gzip else zlib.MAX_WBITS)
        self._begun = False
        self._held = b""

    @property
    def unfinished(self) -> bool:
        return (self._begun or bool(self._held)) and not self._object.eof

    def inflate(self, chunk: bytes) -> bytes:
        if not self._begun:
            # Two bytes tell a zlib wrapper from a bare deflate stream.
            self._held += chunk
            if len(self._held) < 2:
                return b""
            chunk, self._held = self._held, b""
            if not self._gzip and not (chunk[0] & 0x0F == 8 and (chunk[0] << 8 | chunk[1]) % 31 == 0):
                self._object = zlib.decompressobj(-zlib.MAX_WBITS)
            self._begun = True
        parts: list[bytes] = []
        while chunk:
            if self._object.eof:
                if not self._gzip or not chunk.startswith(b"\x1f"):
                    break  # padding after the end is ignored, as every browser does
                self._object = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                part = self._object.decompress(chunk, self._limit - self._total + 1)
            except zlib.error as error:
                raise BadEncoding(str(error)) from error
            self._total += len(part)
            if self._total > self._limit:
                raise TooLarge(f"more than {self._limit:,} bytes")
            parts.append(part)
            chunk = self._object.unused_data if self._object.eof else self._object.unconsumed_tail
        return b"".join(parts)
