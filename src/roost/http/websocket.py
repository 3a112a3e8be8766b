"""The connection of a subscriber: uvicorn's WebSocket protocol, on which frames made once are written as they are.

A message to a client has a head and its bytes, the same for everybody, since nothing is compressed and a server does
not mask. So each event is framed once, and a thousand subscribers cost a thousand writes and no more: 5 µs each, where
it is 8 with framing. What a client says is read and forgotten, but for the protocol's own frames. It deliberately does
not know what is sent.
"""

import asyncio
import socket
from http import HTTPStatus
from struct import pack
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.frames import Frame
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import StatusLike

from roost.http.answer import CORS, EXPOSED, JSON, Header
from roost.http.errors import UnspokenVersion, answer_of
from roost.services.errors import InvalidRequest

MOST_SAID: Final = 4096
"""Bytes of a client's message: nothing that a subscriber can say means anything."""

PING: Final = 30.0
"""Seconds of a client's silence after which it is asked whether it is there."""

DEAD: Final = 90.0
"""Seconds of silence, without taking anything either, after which nobody is believed to be there."""

FAREWELL: Final = 10.0
"""Seconds that a client has to take what it was sent last and to end the connection from its side."""

KERNEL_BYTES: Final = 128 * 1024
"""What the system is asked to hold for a client, of which it makes twice as much; by itself it would hold up to some
megabytes. It tells that there is room only when a third of it is free, so with more of it a client that takes ten
kilobytes a second would look as if it took nothing for minutes. It is enough for 2 MB/s to the other side of the world.
"""

LAST_WORDS: Final = 1.0
"""The same when the server stops, which waits for nobody who is slow."""

VERSION: Final[Header] = (b"sec-websocket-version", b"13")

BINARY: Final = 0x82
"""A whole message of bytes (RFC 6455 section 5.2)."""


def binary(data: bytes) -> bytes:
    """Return the bytes that carry a binary message to any client (RFC 6455 section 5.2)."""
    size = len(data)
    if size < 126:
        return bytes((BINARY, size)) + data
    return (pack("!BBH", BINARY, 126, size) if size < 1 << 16 else pack("!BBQ", BINARY, 127, size)) + data


class Handshake(ServerProtocol):
    """The protocol after RFC 6455, whose refusals have the form of every other error here."""

    def reject(self, status: StatusLike, text: str) -> Response:
        """Return the answer to what is no handshake: 426 where it is the version that is not spoken (section 4.4)."""
        code, fault, more = int(status), self.handshake_exc, list[Header]()
        error: Exception = InvalidRequest(f"not a WebSocket handshake: {fault}")
        if isinstance(fault, InvalidHeader) and fault.name == "Sec-WebSocket-Version":
            error, more = UnspokenVersion(), [(b"upgrade", b"websocket"), VERSION]
            code = HTTPStatus.UPGRADE_REQUIRED
        elif code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            error = Exception(text)
        _, body = answer_of(error)
        connection = (b"connection", b"upgrade, close" if more else b"close")
        headers = [JSON, CORS, EXPOSED, *more, connection, (b"content-length", b"%d" % len(body))]
        told = Headers((name.decode(), value.decode("latin-1")) for name, value in headers)
        return Response(code, HTTPStatus(code).phrase, told, body)


class Socket(WebSocketsSansIOProtocol):
    """One connection, from its handshake on: a `services.firehose.Sink`.

    It stands in the scope's state as "socket". What runs for it is cancelled when it is lost.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's signature
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = Handshake(max_size=MOST_SAID, logger=self.logger)
        self.running: asyncio.Task[object] | None = None
        self.heard = self.pinged = self.loop.time()
        self.unsent = 0
        self.closing_since: float | None = None

    @property
    def peer(self) -> str:
        """The client's address, and what it calls itself."""
        address = self.client[0] if self.client else "?"
        agent = self.request.headers.get("User-Agent", "")
        return f"{address} {agent}".strip()[:200]

    @property
    def blocked(self) -> bool:
        """Whether the transport holds more for the client than it should (asyncio's high-water mark)."""
        return not self.writable.is_set()

    def put(self, data: bytes) -> None:
        """Send bytes that `binary` has made."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(data)

    async def room(self) -> None:
        """Return when the client has taken most of what is there for it."""
        await self.writable.wait()

    def run(self, task: asyncio.Task[object]) -> None:
        """Have a task cancelled when the connection is lost."""
        self.running = task

    def end(self, code: int, reason: str = "") -> None:
        """Say that the connection is over, and why; it is broken off when the client does not end it in time."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        # Not close(), which waits until the client has taken everything.
        self.close_timer = self.loop.call_later(FAREWELL, self.transport.abort)

    def leave(self) -> None:
        """Break the connection off when what was put is sent, or soon, and say nothing.

        A close frame, whatever its code, is the end of the stream to the consumers of `@atproto/sync` and of the Python
        SDK: they would not come back when the server does. A connection that breaks off they open anew.
        """
        if self.close_sent or self.transport.is_closing():
            return
        self.transport.close()
        self.close_timer = self.loop.call_later(LAST_WORDS, self.transport.abort)

    def overdue(self, now: float) -> bool:
        """Tell whether nobody is there any more; ask, where that is not known."""
        if self.transport.is_closing():
            self.closing_since = self.closing_since or now
            return now - self.closing_since > FAREWELL
        unsent = self.transport.get_write_buffer_size()
        if unsent < self.unsent:
            self.heard = now  # it takes, if slowly: what it would say may stand behind what it has still to read
        self.unsent = unsent
        if now - max(self.heard, self.pinged) > PING and not self.blocked and not self.close_sent:
            self.pinged = now
            self.conn.send_ping(b"")
            self.transport.write(b"".join(self.conn.data_to_send()))
        return now - self.heard > DEAD

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and end what runs for it."""
        super().connection_lost(exc)
        if self.running is not None:
            self.running.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)

    def data_received(self, data: bytes) -> None:
        """Note that the client is there."""
        self.heard = self.loop.time()
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self.turn_away()

    def turn_away(self) -> None:
        """Answer a request that could not be read, of which uvicorn is not told, and end the connection."""
        if not self.transport.is_closing():
            answer = b"".join(self.conn.data_to_send())
            self.transport.write(answer or self.conn.reject(HTTPStatus.BAD_REQUEST, "").serialize())
            self.transport.close()

    def shutdown(self) -> None:
        """Break off: the server stops."""
        if self.handshake_complete:
            self.leave()
            if self.running is not None:
                self.running.cancel()
        else:
            super().shutdown()

    def handle_connect(self, event: Request) -> None:
        """Have the application called, which finds this connection in the scope's state."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["state"]["socket"] = self

    def start_keepalive(self) -> None:
        """Set no timer: the sweep over all connections asks whether they are there."""

    def handle_ping(self) -> None:
        """Answer, unless the client takes no answers: they would pile up."""
        answer = b"".join(self.conn.data_to_send())
        if not self.blocked:
            self.transport.write(answer)

    def handle_pong(self, event: Frame) -> None:
        """Take it for a sign of life, as everything is."""

    def send_receive_event_to_app(self) -> None:
        """Forget what the client has said."""
        self.frames = []
