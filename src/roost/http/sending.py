"""What a method has made, on its way out: as a whole or while it is made, in gzip where that is worth it.

JSON and CARs are coded for clients that take it, from some size on; never what is stored under a name of its own, of
which a client may ask for parts. It deliberately does not know methods, errors, or what is passed on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from roost.api.method import Stream
from roost.http.answer import CORS, PRIVATE, PUBLIC, Header, respond
from roost.http.coding import GZIP, SMALLEST, VARY, Gzip, takes_gzip
from roost.http.limits import with_limits

log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("roost.http")

CODED: Final = frozenset({"application/json", "application/vnd.ipld.car", "application/cbor"})
"""The types of streams that are coded; the last is a CAR of 2022. What is not here is compressed already, as pictures
are."""


async def send_whole(headers: tuple[Header, ...], body: bytes, scope: Asgi, send: Send) -> None:
    """Send a success that is all there; `headers` is without what tells of limits."""
    headers = with_limits(headers, scope)
    if len(body) >= SMALLEST:
        headers = (*headers, VARY)
        if scope["method"] != "HEAD" and takes_gzip(scope["headers"]):
            headers, body = (*headers, GZIP), await Gzip().last(body)
    await respond(send, 200, headers, body)


async def send_stream(
    output: Stream,
    first: bytes | None,
    scope: Asgi,
    receive: Receive,
    send: Send,
    *,
    nsid: str,
    private: bool,
    stored: bool,
) -> None:
    """Send an answer while it is made, until its end or until nobody listens any more; `first` is its first chunk.

    An error on the way cannot be told: the connection breaks off, which is how the client knows that it does not have
    all.
    """
    varies = not stored and output.content_type in CODED and _size(output, first) >= SMALLEST
    bodiless = scope["method"] == "HEAD"
    gzip = Gzip() if varies and not bodiless and takes_gzip(scope["headers"]) else None
    headers = _headers(output, scope, private=private, varies=varies, coded=gzip is not None)
    chunk = first
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await send({"type": "http.response.start", "status": output.status, "headers": headers})
        while chunk is not None and not bodiless:
            piece = chunk if gzip is None else await gzip.piece(chunk)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if gone.done():
                return
            chunk = await anext(output.chunks, None)
        await send({"type": "http.response.body", "body": b"" if gzip is None else await gzip.last()})
    except Exception as error:
        log.error("an answer broke off", nsid=nsid, exc_info=error)
    finally:
        gone.cancel()
        await close(output.chunks)


def _size(output: Stream, first: bytes | None) -> int:
    """Return how many bytes there are at least: as far as is known before the first is sent."""
    return output.length if output.length is not None else len(first or b"")


def _headers(output: Stream, scope: Asgi, *, private: bool, varies: bool, coded: bool) -> list[Header]:
    headers: list[Header] = [(b"content-type", output.content_type.encode("latin-1")), CORS, *output.headers]
    headers += with_limits((), scope)
    if output.public:
        headers += PUBLIC
    elif private:
        headers += PRIVATE
    if varies:
        headers.append(VARY)
    if coded:
        headers.append(GZIP)
    elif output.length is not None:
        headers.append((b"content-length", b"%d" % output.length))
    return headers


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] == "http.request":
        pass


async def close(chunks: AsyncIterator[bytes]) -> None:
    """End an iterator that may not have come to its end."""
    end: Callable[[], Awaitable[None]] | None = getattr(chunks, "aclose", None)
    if end is not None:
        await end()
