"""The body of a request: read within its limit, with Content-Encoding undone on the way (RFC 9110 section 8.4).

The limit holds for what has been decoded, at each layer of coding, so a small request cannot grow into a large one. It
deliberately does not know media types, or what the bytes mean.
"""

import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final, Protocol

import brotli
from starlette.types import Message, Receive

from roost.api.errors import PayloadTooLarge
from roost.http.errors import ClientGone, UnsupportedCoding
from roost.services.errors import InvalidRequest

PIECE: Final = 64 * 1024
"""Bytes decoded at a time: what one step of a bomb can grow to."""

MOST_CODINGS: Final = 3
"""Codings on top of each other. One is common, two are somebody's proxy; each more multiplies what a byte can cost."""

WINDOW: Final = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
"""zlib's `wbits` by coding: a gzip member, or a zlib stream, which is what `deflate` is called in HTTP."""

BROTLI: Final = b"br"
"""Brotli (RFC 7932). Its window may have 16 MB, where zlib's has 32 KB, so one layer of it is enough."""


async def pieces(receive: Receive, *, limit: int, codings: Iterable[bytes] = ()) -> AsyncIterator[bytes]:
    """Give the body as it arrives. Raises PayloadTooLarge, InvalidRequest for a broken coding, ClientGone."""
    layers = [_Layer(coding, limit) for coding in codings]
    # Coded bytes can decode to nothing at all, for as long as somebody sends them: they have a limit too.
    room = limit + PIECE
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        more = message.get("more_body", False)
        data: bytes = message.get("body", b"")
        room -= len(data)
        if room < 0:
            raise PayloadTooLarge
        for piece in _undone(layers, data):
            size += len(piece)
            if size > limit:
                raise PayloadTooLarge
            yield piece
    for layer in layers:
        layer.close()


async def whole(receive: Receive, *, limit: int, codings: Iterable[bytes] = ()) -> bytes:
    """Read the body to its end; raises as `pieces` does."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if codings or message.get("more_body", False) or message["type"] != "http.request":
        return b"".join([piece async for piece in pieces(_again(message, receive), limit=limit, codings=codings)])
    if len(body) > limit:
        raise PayloadTooLarge
    return body


def codings_of(header: bytes) -> list[bytes]:
    """Read a Content-Encoding header into the codings to undo, outermost first; raises UnsupportedCoding."""
    codings = [coding for part in header.lower().split(b",") if (coding := part.strip()) not in (b"", b"identity")]
    for coding in codings:
        if coding not in WINDOW and coding != BROTLI:
            raise UnsupportedCoding(coding.decode("latin-1"))
    if len(codings) > MOST_CODINGS or codings.count(BROTLI) > 1:
        raise UnsupportedCoding(header.decode("latin-1"))
    return codings[::-1]


def _again(message: Message, receive: Receive) -> Receive:
    """Receive a message that has been received already, then what follows it."""
    first: list[Message] = [message]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


def _undone(layers: list["_Layer"], data: bytes, depth: int = 0) -> Iterator[bytes]:
    if not data:
        return
    if depth == len(layers):
        yield data
        return
    for piece in layers[depth].feed(data):
        yield from _undone(layers, piece, depth + 1)


class _Layer:
    """One coding being undone; it lives as long as the body."""

    __slots__ = ("_coding", "_decoder", "_room")

    def __init__(self, coding: bytes, limit: int) -> None:
        self._coding = coding.decode()
        self._decoder: _Decoder = _Brotli() if coding == BROTLI else _Zlib(coding)
        self._room = limit + PIECE

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` holds, piece by piece."""
        try:
            for piece in self._decoder.feed(data):
                self._room -= len(piece)
                if self._room < 0:
                    raise PayloadTooLarge
                if piece:
                    yield piece
        except (zlib.error, brotli.error) as error:
            raise InvalidRequest(f"request body is not valid {self._coding}") from error

    def close(self) -> None:
        """Raise InvalidRequest when the coding has not come to its end."""
        if not self._decoder.ended:
            raise InvalidRequest(f"request body is not complete {self._coding}")


class _Decoder(Protocol):
    """Undoes a coding in pieces of about PIECE bytes, whatever has been put into them."""

    @property
    def ended(self) -> bool:
        """Whether the coded bytes have come to their end."""
        ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` holds, some of it empty; raises the library's own error, or InvalidRequest."""
        ...


class _Zlib:
    __slots__ = ("_inflate", "_window")

    def __init__(self, coding: bytes) -> None:
        self._window = WINDOW[coding]
        self._inflate = zlib.decompressobj(self._window)

    @property
    def ended(self) -> bool:
        return self._inflate.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        full = False  # a piece that was cut off may have a rest that is in zlib already, with no input left
        while data or full:
            if self._inflate.eof:
                # RFC 1952 section 2.2: a gzip file is one or more members, one after the other.
                if self._window != WINDOW[b"gzip"]:
                    raise InvalidRequest("request body has something behind its deflate stream")
                self._inflate = zlib.decompressobj(self._window)
            piece = self._inflate.decompress(data, PIECE)
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            full = len(piece) == PIECE and not self._inflate.eof
            yield piece


class _Brotli:
    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    @property
    def ended(self) -> bool:
        return bool(self._decoder.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._decoder.is_finished():
            raise InvalidRequest("request body has something behind its br stream")
        piece = self._decoder.process(data, output_buffer_limit=PIECE)
        # Without a piece there is none left; before that there may be one, although it would take more data.
        while piece or not self._decoder.can_accept_more_data():
            yield piece
            if self._decoder.is_finished():
                break
            piece = self._decoder.process(b"", output_buffer_limit=PIECE)
