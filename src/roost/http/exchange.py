"""The two ends of a call that is passed on: the request as it comes in, and the answer as it goes out.

It deliberately does not know where the request goes or who answers it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from roost.http.answer import Header, respond
from roost.http.body import codings_of, whole
from roost.http.errors import ClientGone

REPLACED: Final = frozenset({b"content-length", b"content-encoding", b"transfer-encoding"})
"""What a body that has been read and undone is not sent with any more."""


class Intake:
    """A request, read once: its body while it is passed on, then whether the client is still there.

    `begun` says whether some of the body has been read, so that it cannot be sent a second time.
    """

    def __init__(self, scope: Asgi, receive: Receive) -> None:
        self.headers: list[Header] = scope["headers"]
        query: bytes = scope["query_string"]
        self.query = f"?{query.decode('latin-1')}" if query else ""
        sent = dict(self.headers)
        announced = sent.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in sent
        self.has_body = announced and scope["method"] == "POST"
        self.begun = False
        self._receive = receive
        self._held: bytes | None = None
        self._read = asyncio.Event()

    async def whole(self, limit: int) -> bytes:
        """Return the body, undone of its codings, so that it can be looked at; it is passed on like that afterwards.

        Raises what `body.whole` does.
        """
        sent = dict(self.headers)
        coding = sent.get(b"content-encoding")
        held = await whole(self._receive, limit=limit, codings=codings_of(coding) if coding else [])
        kept = [(name, value) for name, value in self.headers if name not in REPLACED]
        self.headers = [*kept, (b"content-length", b"%d" % len(held))]
        self._held = held
        self._read.set()
        return held

    async def pieces(self, patience: asyncio.Timeout, seconds: float) -> AsyncIterator[bytes]:
        """Give the body as it arrives. Raises ClientGone.

        `patience` is with whoever it is sent to: it does not run out while the client is being waited for, whose pace
        is the edge's to mind, and ends `seconds` after the last piece.
        """
        if self._held is not None:
            yield self._held
            return
        self.begun = True
        more = True
        while more:
            patience.reschedule(None)
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientGone
            more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]
        patience.reschedule(asyncio.get_running_loop().time() + seconds)
        self._read.set()

    async def until_gone(self) -> None:
        """Wait until the client closes the connection."""
        if self.has_body:
            await self._read.wait()
        while (await self._receive())["type"] == "http.request":
            pass


class Answer:
    """An answer; `begun` once it cannot be another any more."""

    def __init__(self, send: Send) -> None:
        self.begun = False
        self._send = send

    async def whole(self, status: int, headers: tuple[Header, ...], body: bytes) -> None:
        """Answer with what is here."""
        self.begun = True
        await respond(self._send, status, headers, body)

    async def stream(self, status: int, headers: list[Header], chunks: AsyncIterator[bytes]) -> None:
        """Answer with what comes. Nothing is said before the first piece is here, or known not to come."""
        chunk = await anext(chunks, None)
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        while chunk is not None:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await anext(chunks, None)
        await self._send({"type": "http.response.body", "body": b""})
