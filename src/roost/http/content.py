"""Which part of a stored answer a client is sent: conditional requests and ranges (RFC 9110 sections 13 and 14).

It deliberately does not know methods, nor where the bytes are.
"""

import re
from collections.abc import AsyncIterator, Iterable
from typing import Final

from roost.api.method import Content, Stream
from roost.http.errors import UnsatisfiableRange, answer_of

LOOKED_AT: Final = frozenset({b"if-none-match", b"if-range", b"range"})

_RANGE: Final = re.compile(rb"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.ASCII | re.IGNORECASE)
_TAG: Final = re.compile(rb'(?:W/)?("[^"]*")', re.ASCII)


def part_of(content: Content, verb: str, headers: Iterable[tuple[bytes, bytes]]) -> Stream:
    """Return the answer to a GET or HEAD with these headers: 200, 206, 304 or 416."""
    asked = {name: value for name, value in headers if name in LOOKED_AT}
    tag = b'"%b"' % content.etag.encode("latin-1")
    own = (*content.headers, (b"etag", tag), (b"accept-ranges", b"bytes"))
    if b"if-none-match" in asked and _matches(asked[b"if-none-match"], tag):
        return Stream(content.content_type, _pieces(), None, own, 304, content.public)
    if verb == "HEAD":  # a range is defined for GET alone, and nobody should read what is not sent
        return Stream(content.content_type, _pieces(), content.length, own, 200, content.public)
    # A validator that does not match says that the client has parts of something else: it needs the whole.
    wanted = asked.get(b"range") if asked.get(b"if-range", tag) == tag else None
    span = None if wanted is None else _span(wanted, content.length)
    if span is None:
        return Stream(content.content_type, content.read(0, content.length), content.length, own, 200, content.public)
    start, end = span
    if start >= end:
        _, body = answer_of(UnsatisfiableRange())
        where = (b"content-range", b"bytes */%d" % content.length)
        return Stream("application/json", _pieces(body), len(body), (where,), 416)
    where = (b"content-range", b"bytes %d-%d/%d" % (start, end - 1, content.length))
    read = content.read(start, end - start)
    return Stream(content.content_type, read, end - start, (*own, where), 206, content.public)


def _matches(header: bytes, tag: bytes) -> bool:
    """Compare weakly, as If-None-Match does."""
    return header.strip() == b"*" or tag in _TAG.findall(header)


def _span(header: bytes, length: int) -> tuple[int, int] | None:
    """Return the first byte and the one behind the last; an empty span for what is not there.

    None for what is not one range of bytes, which is answered as if it had not been asked for.
    """
    match = _RANGE.fullmatch(header)
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return (max(0, length - int(last)), length) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, length) if last else length


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
