"""One kept-alive HTTP/1.1 connection that sends ready-made bytes and hands over whole answers.

Written against asyncio's protocols, not its streams or a client library: those cost more a request than the server.
It deliberately does not know what is asked or answered.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter

import httptools


class Answer:
    """An answer: `first_byte` is when the first piece of its body came, on the clock of `perf_counter`."""

    __slots__ = ("body", "first_byte", "status")

    def __init__(self, status: int, body: bytes, first_byte: float) -> None:
        self.status = status
        self.body = body
        self.first_byte = first_byte


class Connection(asyncio.Protocol):
    """A connection on which one request is on its way at a time; `answered` gets what comes back, None if it broke."""

    def __init__(self) -> None:
        self.answered: Callable[[Answer | None], None] | None = None
        self._pieces: list[bytes] = []
        self._first_byte = 0.0

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        """Connect."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is a TCP connection
        """Begin."""
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)

    def send(self, request: bytes) -> None:
        """Send a whole request; `answered` is called when its answer is here."""
        self._transport.write(request)

    async def ask(self, request: bytes) -> Answer:
        """Send a whole request and wait for its answer. Raises ConnectionError."""
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self.answered = answer.set_result
        self.send(request)
        found = await answer
        self.answered = None
        if found is None:
            raise ConnectionError("the server closed the connection")
        return found

    def close(self) -> None:
        """Hang up."""
        self.answered = None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the methods below."""
        self._parser.feed_data(data)

    def connection_lost(self, _reason: Exception | None) -> None:
        """Tell whoever waits that nothing will come."""
        if self.answered is not None:
            self.answered(None)

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        if not self._pieces:
            self._first_byte = perf_counter()
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Hand over the answer."""
        pieces, self._pieces = self._pieces, []
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self.answered is not None:
            self.answered(Answer(self._parser.get_status_code(), body, self._first_byte))
