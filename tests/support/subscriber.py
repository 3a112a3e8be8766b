"""A subscriber of the firehose, with a WebSocket of somebody else's making, and frames decoded by `libipld`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import libipld
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

# Any: a decoded map's values, whatever they are.
Body = dict[str, Any]

PATH = "/xrpc/com.atproto.sync.subscribeRepos"
PATIENCE = 20.0
"""Seconds to wait for a frame that must come."""


class Subscriber:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def frame(self, *, patience: float = PATIENCE) -> bytes:
        """Return the next message. Raises TimeoutError, ConnectionClosed."""
        message = self.connection.recv(timeout=patience)
        assert isinstance(message, bytes), "every frame is a binary message"
        return message

    def next(self, *, patience: float = PATIENCE) -> tuple[str, Body]:
        """Return the kind and the body of the next frame; the kind of an error is "error"."""
        header, body = libipld.decode_dag_cbor_multi(self.frame(patience=patience))
        assert header in ({"op": 1, "t": header.get("t")}, {"op": -1}), header
        return str(header.get("t", "error")), body

    def take(self, count: int) -> list[tuple[str, Body]]:
        """Return that many."""
        return [self.next() for _ in range(count)]

    def until_closed(self) -> tuple[list[tuple[str, Body]], int, str]:
        """Return all that is still to come, and the code and reason of the end."""
        told = []
        with suppress(ConnectionClosed):
            while True:
                told.append(self.next())
        assert self.connection.close_code is not None
        return told, self.connection.close_code, self.connection.close_reason or ""

    def quiet(self, seconds: float = 0.3) -> bool:
        """Return whether nothing comes for a while."""
        try:
            self.frame(patience=seconds)
        except TimeoutError:
            return True
        return False


@contextmanager
def subscribed(url: str, cursor: object = None) -> Iterator[Subscriber]:
    """Subscribe for as long as the block lasts."""
    query = "" if cursor is None else f"?cursor={cursor}"
    where = url.replace("http", "ws", 1) + PATH + query
    with connect(where, max_size=None, proxy=None, compression="deflate") as connection:
        yield Subscriber(connection)
