"""The codings of answers: whether a client takes gzip (RFC 9110 section 12.5.3), and gzip made piece by piece.

It deliberately does not know what is coded, nor which answers are.
"""

import asyncio
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from roost.http.answer import Header

GZIP: Final[Header] = (b"content-encoding", b"gzip")

VARY: Final[Header] = (b"vary", b"Accept-Encoding")
"""Said of every answer that another client might have been sent in another coding."""

SMALLEST: Final = 1024
"""Bytes below which nothing is coded: they fit into one packet as they are. The reference server's threshold."""

LEVEL: Final = 4
"""zlib's effort: JSON comes to 22 %, where 6 makes it 20 % in twice the time."""

INLINE: Final = 32 * 1024
"""Bytes up to which a piece is coded at once: half a millisecond. More of them are left to a thread."""

LONGEST: Final = 256
"""Bytes of an Accept-Encoding that is looked at. Browsers send 30; whoever sends more is answered without a coding."""

_ITEM: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?", re.ASCII)


def takes_gzip(headers: Iterable[Header]) -> bool:
    """Return whether the client with these request headers would rather have gzip than no coding."""
    given = b",".join([value for name, value in headers if name == b"accept-encoding"])
    return 0 < len(given) <= LONGEST and _prefers_gzip(given)


@lru_cache(maxsize=256)
def _prefers_gzip(given: bytes) -> bool:
    weights: dict[bytes, float] = {}
    for item in given.lower().split(b","):
        match = _ITEM.fullmatch(item.strip())
        if match is not None:
            weights[match[1]] = 1.0 if match[2] is None else float(match[2])
    gzip = weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", 0.0)))
    # No coding at all is always acceptable, but who does not name it would rather have what it names.
    return gzip > 0 and gzip >= weights.get(b"identity", 0.0)


class Gzip:
    """One answer being coded; it lives as long as the answer takes."""

    __slots__ = ("_deflate",)

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)  # 31 is a gzip member (zlib's manual, deflateInit2)

    async def piece(self, data: bytes) -> bytes:
        """Return what the client needs to have all of `data`, and what was before it."""
        return await self._run(data, zlib.Z_SYNC_FLUSH)

    async def last(self, data: bytes = b"") -> bytes:
        """Return what ends the answer, `data` in it."""
        return await self._run(data, zlib.Z_FINISH)

    async def _run(self, data: bytes, flush: int) -> bytes:
        if len(data) <= INLINE:
            return self._deflate.compress(data) + self._deflate.flush(flush)
        # zlib lets go of the interpreter while it works.
        return await asyncio.to_thread(lambda: self._deflate.compress(data) + self._deflate.flush(flush))
