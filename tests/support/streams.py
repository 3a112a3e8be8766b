"""Sample subscriptions on a real socket, and a client that speaks WebSocket no better than it has to."""

import asyncio
import contextlib
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import msgspec
from starlette.types import ASGIApp

from roost.api.method import Subscription
from roost.api.registry import subscriptions
from roost.http.auth import Authenticator
from roost.http.compose import compose
from roost.http.firehose import Firehose
from roost.http.limits import Limiter
from roost.http.websocket import binary
from roost.http.wellknown import pages
from roost.http.xrpc import Endpoint, Health
from roost.lexicon import Catalog, parse_document
from roost.services.errors import FutureCursor
from roost.services.firehose import Sink
from support.edge import ADDRESSES, NOTHING_NOTED, PASSWORD, FixedServiceTokens, FixedTokens, Seen, nothing

NSID = "test.edge.watch"


class Params(msgspec.Struct, frozen=True):
    """What is to happen."""

    what: str
    size: int = 10


async def watch(seen: Seen, params: Params, sink: Sink) -> None:
    """Send something, and end in some way."""
    seen.events.append(f"{params.what} begins")
    try:
        await _watch(params, sink)
    finally:
        seen.events.append(f"{params.what} ends")


async def _watch(params: Params, sink: Sink) -> None:
    sink.put(binary(b"first"))
    match params.what:
        case "refuse":
            raise FutureCursor("Cursor in the future.")
        case "fail":
            raise RuntimeError("secret: hunter2")
        case "wait":
            await asyncio.Event().wait()
        case "flood":
            while True:
                sink.put(binary(bytes(params.size)))
                await sink.room()
                await asyncio.sleep(0)
        case "pile":
            for _ in range(params.size):
                sink.put(binary(bytes(64 * 1024)))
            await sink.room()


METHOD = Subscription(NSID, watch)

DOCUMENT = {
    "lexicon": 1,
    "id": NSID,
    "defs": {
        "main": {
            "type": "subscription",
            "parameters": {
                "type": "params",
                "required": ["what"],
                "properties": {"what": {"type": "string"}, "size": {"type": "integer"}},
            },
            "message": {"schema": {"type": "union", "refs": []}},
        }
    },
}

CATALOG = Catalog.of([parse_document(DOCUMENT)])


def application(seen: Seen, *, limiter: Limiter | None = None) -> ASGIApp:
    """Compose the sample with a method endpoint that has no methods."""
    bound = subscriptions([METHOD], services={Seen: seen}, catalog=CATALOG)
    authenticator = Authenticator(FixedTokens(), FixedServiceTokens(), admin_password=PASSWORD, addresses=ADDRESSES)
    xrpc = Endpoint(
        {},
        authenticator,
        health=Health("1.2.3", nothing),
        audit=NOTHING_NOTED,
        addresses=ADDRESSES,
        limiter=limiter,
        streams=bound,
    )

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield

    return compose(xrpc, pages([]), lifespan=lifespan, sockets=Firehose(bound, limiter=limiter))


@dataclass(frozen=True, slots=True)
class Raw:
    """A client that reads only when it is told to, and sends what it is told to."""

    socket: socket.socket

    def send(self, opcode: int, data: bytes = b"", *, first: int = 0x80) -> None:
        """Send a frame, masked with zeros."""
        size = len(data)
        head = bytes([first | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += bytes([0x80 | 126]) + size.to_bytes(2)
        else:
            head += bytes([0x80 | 127]) + size.to_bytes(8)
        self.socket.sendall(head + bytes(4) + data)

    def frame(self) -> tuple[int, bytes]:
        """Read a whole frame: its opcode and its bytes. Raises ConnectionError at the end."""
        opcode, size = self.exactly(2)
        if size >= 126:
            size = int.from_bytes(self.exactly(2 if size == 126 else 8))
        return opcode & 0x0F, self.exactly(size)

    def exactly(self, size: int) -> bytes:
        """Read that many bytes."""
        found = bytearray()
        while len(found) < size:
            piece = self.socket.recv(size - len(found))
            if not piece:
                raise ConnectionResetError("the server hung up")
            found += piece
        return bytes(found)


def handshake(path: str, **headers: str) -> bytes:
    """Return the request that asks for a WebSocket; `headers` replace those that it needs, or leave them out."""
    usual = {
        "Host": "x",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Version": "13",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *[f"{name}: {value}" for name, value in usual.items() if value]]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextlib.contextmanager
def raw(port: int, path: str, *, buffer: int | None = None) -> Iterator[Raw]:
    """Connect; with `buffer` the system keeps no more than that many bytes for the client."""
    with socket.socket() as client:
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(20)
        client.connect(("127.0.0.1", port))
        client.sendall(handshake(path))
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)  # not a byte of what comes after it
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield Raw(client)


def path_of(what: str, **params: object) -> str:
    """Return where the sample is asked for."""
    return f"/xrpc/{NSID}?what={what}" + "".join(f"&{name}={value}" for name, value in params.items())
