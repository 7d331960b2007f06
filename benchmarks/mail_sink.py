"""A mail server that takes everything and remembers who got how many: `python -m benchmarks.mail_sink`.

Prints its port, serves on the loopback until its standard input ends, then prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

_LONGEST_MAIL = 4 * 1024 * 1024


class Sink:
    """Copies per address, and how many bytes came."""

    def __init__(self) -> None:
        self.copies: Counter[str] = Counter()
        self.bytes = 0
        self.connections = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation; just enough of RFC 5321 for a sender that makes no mistakes."""
        self.connections += 1
        writer.write(b"220 sink\r\n")
        to = ""
        try:
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    writer.write(b"354 go on\r\n")
                    message = await reader.readuntil(b"\r\n.\r\n")
                    self.bytes += len(message)
                    self.copies[to] += 1
                elif word == b"RCPT":
                    to = line[line.index(b"<") + 1 : line.index(b">")].decode()
                elif word == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                if word == b"EHLO":
                    writer.write(b"250-sink\r\n250 8BITMIME\r\n")
                else:
                    writer.write(b"250 ok\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            # a sender that went away
            pass
        finally:
            writer.close()


async def _serve() -> None:
    sink = Sink()
    server = await asyncio.start_server(sink.converse, "127.0.0.1", 0, limit=_LONGEST_MAIL)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()
    print(
        json.dumps(
            {
                "addresses": len(sink.copies),
                "twice": sum(many > 1 for many in sink.copies.values()),
                "mb": round(sink.bytes / 1e6),
                "connections": sink.connections,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(_serve())
