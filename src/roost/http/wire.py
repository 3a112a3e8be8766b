"""The connection: uvicorn's HTTP/1.1 protocol, with limits on what a client may hold open, and an answer in one write.

uvicorn bounds neither the size of a request's head nor the time a client takes over it, over its body, or over reading
its answer. One sweep over all connections looks for those that make no progress, so that a request pays for no timer.
And it gives the head of an answer to the socket before the body: twice the system calls, which cost more than all else
here. It deliberately does not know the application.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

import orjson
from uvicorn._types import ASGISendEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from roost.http.answer import CORS, JSON
from roost.http.gate import Gate
from roost.http.websocket import Socket

MOST_HEAD: Final = 64 * 1024
"""Bytes of a request line and its headers: four times what Node allows, since tokens and cookies of proxies add up."""

SILENCE: Final = 30.0
"""Seconds that a client may say nothing in the middle of a request, or take nothing of its answer."""

KEEP_ALIVE: Final = 90.0
"""Seconds that a connection may stay open between two requests: the reference server's, longer than proxies' own."""

SWEEP: Final = 5.0
"""Seconds between two looks at the connections: how exact the limits above are."""


UPGRADES: Final = 2
"""Connections that become WebSockets in one turn of the loop. Each takes half a millisecond, and when a server comes
back all of its subscribers do, at once: others are answered in between.
"""


class Turnstile:
    """What is to happen a little at a time, in the order in which it came, with the loop's other work in between."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[Callable[[], None]] = deque()

    def put(self, work: Callable[[], None]) -> None:
        """Have something done, in the next turn of the loop at the earliest."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append(work)

    def _turn(self) -> None:
        due = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        for work in due:
            work()


class Exchange(RequestResponseCycle):
    """A request and its answer, whose head is held back until the first bytes of the body go with it."""

    held = b""

    async def send(self, message: ASGISendEvent) -> None:
        """Take a message of the application; what is to be written is written with the second one."""
        if message["type"] == "http.response.start":
            assert not self.response_started, "an answer starts once"
            self.held = self._head(message)
            self.response_started = True
            self.waiting_for_100_continue = False
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        assert message["type"] == "http.response.body", "an answer is a start and its body"
        assert self.response_started, "an answer has a start"
        assert not self.response_complete, "an answer ends once"
        more = message.get("more_body", False)
        written = self.held + self._framed(message.get("body", b""), more=more)
        self.held = b""
        if written:
            self.transport.write(written)
        if not more:
            self._complete()

    def _head(self, message: HTTPResponseStartEvent) -> bytes:
        status = message["status"]
        lines = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *message.get("headers", ())):
            lines.append(b"%b: %b\r\n" % (name, value))
            if name == b"content-length":
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self.scope["method"] == "HEAD" or status in (204, 304):
            self.chunked_encoding = None  # no body at all, whatever the headers say of a GET's
        elif self.chunked_encoding is None:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        # A line break in a value would make a header, or an answer, of somebody else's words (RFC 9110 section 5.5).
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
            raise ValueError("a header holds a line break or NUL")
        return head

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        """Write a piece of the body as the head has announced it."""
        if self.chunked_encoding is None:
            return b""
        if self.chunked_encoding:
            end = b"" if more else b"0\r\n\r\n"
            return b"%x\r\n%b\r\n%b" % (len(body), body, end) if body else end
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0 or (self.expected_content_length and not more):
            raise ValueError("an answer is not as long as it said")
        return body

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class Wire(HttpToolsProtocol):
    """A connection that knows when it was last heard of and how much of a head it has read."""

    heard = 0.0  # when the client last said something; within a head, when that began
    head = 0  # the number of the request whose head is being read, 0 between heads
    requests = 0
    head_size = 0
    unsent = 0
    unsent_since = 0.0
    gate: Gate | None = None
    upgrades: Turnstile

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.heard = self.loop.time()
        if self.gate is not None:
            self.gate.enter(self, self.connections)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        super().connection_lost(exc)
        if self.gate is not None:
            self.gate.leave(self)

    def waited(self) -> float | None:
        """Return since when there has been no request; None within one, or when the connection is ending."""
        busy = self.transport.is_closing() or not (self.cycle is None or self.cycle.response_complete)
        return None if busy else self.heard

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed what came to the parser; end the connection when a head does not."""
        head = self.head
        if not head:
            self.heard = self.loop.time()
        super().data_received(data)
        if head and self.head == head:
            self.head_size += len(data)
            if self.head_size > MOST_HEAD and not self.transport.is_closing():
                self.refuse(431, b"Request Header Fields Too Large", "request header fields too large")

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self.requests += 1
        self.head = self.requests
        self.head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that what follows is a body, and begin to answer."""
        self.head = 0
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            # uvicorn names the class in the middle of a long method. The object is new, and its task has not run yet.
            self.cycle.__class__ = Exchange

    def on_response_complete(self) -> None:
        """Go on with the next request, if it is here. uvicorn would set a timer, whose work the sweep does."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.heard = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, unless an answer is still under way on it.

        That would be written among the frames, and without any limit: what is told that the client does not read is
        the new protocol.
        """
        if self.cycle is None or self.cycle.response_complete:
            self.transport.pause_reading()  # what comes now is not HTTP any more
            self.upgrades.put(self._upgrade)
        else:
            self.refuse(400, b"Bad Request", "an upgrade follows a request that is not answered yet")

    def _upgrade(self) -> None:
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()
            self.transport.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, in the form of every other error."""
        self.refuse(400, b"Bad Request", msg)

    def refuse(self, status: int, reason: bytes, message: str) -> None:
        """Answer without the application, and end the connection; say nothing if an answer is under way."""
        if self.cycle is None or self.cycle.response_complete:
            body = orjson.dumps({"error": "InvalidRequest", "message": message})
            headers = [JSON, CORS, (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
            head = b"".join(b"%b: %b\r\n" % header for header in headers)
            self.transport.write(b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, reason, head, body))
        self.transport.close()

    def overdue(self, now: float) -> bool:
        """Tell whether the client has kept the server waiting for longer than it may."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return now - self.heard > (SILENCE if self.head else KEEP_ALIVE)
        unsent = self.transport.get_write_buffer_size()
        if unsent != self.unsent or not unsent:
            self.unsent, self.unsent_since = unsent, now
        if unsent:
            return now - self.unsent_since > SILENCE
        # While reading is paused it is the application that takes its time, not the client.
        return cycle.more_body and not self.flow.read_paused and now - self.heard > SILENCE


def wire_with(gate: Gate | None) -> type[Wire]:
    """Return the class of the connections of one server: uvicorn makes them, and gives them nothing of ours."""
    return type("ServerWire", (Wire,), {"gate": gate, "upgrades": Turnstile(UPGRADES)})


async def sweep(connections: AbstractSet[object], *, gate: Gate | None = None, every: float = SWEEP) -> None:
    """Break off the connections that are overdue, for ever, and have the others counted."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every)
        now = loop.time()
        for connection in list(connections):
            if isinstance(connection, Wire | Socket) and connection.overdue(now):
                connection.transport.abort()
        if gate is not None:
            gate.recount(connections)
