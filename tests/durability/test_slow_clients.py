"""Clients that write and read slowly, on every kind of route at once: how long others wait meanwhile."""

import http.client
import json
import socket
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

import pytest

from support.process import ServerProcess
from support.storm import Account, Json, Line, register
from support.streams import handshake
from support.subscriber import PATH

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

EACH = 40
"""Slow clients of each kind: more than there are streams of the database."""

THEM = "198.51.100.7"
"""Where they come from; a proxy on this machine is believed."""

SECONDS = 8.0
"""For how long they are slow: less than the silence that ends a connection, and they are never silent for so long."""

BEAT = 0.1
"""Seconds between two moves of a slow client."""

STEP = 512
"""Bytes that it writes or reads in one."""

LARGE = 4_000_000
"""Bytes of what is read slowly: more than any buffers on the way hold."""

GENEROUS = 20.0
"""Seconds that no request may wait: it is not slow that is looked for, but stuck."""

NOTE = "com.example.note"


@dataclass(frozen=True, slots=True)
class Slow:
    """A client that writes `rest` a little at a time, then reads what comes no faster."""

    kind: str
    socket: socket.socket
    rest: bytearray

    def move(self) -> None:
        """Write or read a little. Raises OSError when the server has ended the connection."""
        if self.rest:
            with suppress(BlockingIOError):
                del self.rest[: self.socket.send(self.rest[:STEP])]
            return
        with suppress(BlockingIOError):
            if not self.socket.recv(STEP):
                raise ConnectionResetError(f"the server has hung up on: {self.kind}")


def connect(port: int, kind: str, head: bytes, slowly: bytes = b"") -> Slow:
    """Connect, and send the head of a request at once; what follows it goes slowly."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(head)
    client.setblocking(False)
    return Slow(kind, client, bytearray(slowly))


def request(verb: str, path: str, token: str = "", type: str = "", size: int | None = None) -> bytes:
    """Return the head of a request."""
    lines = [f"{verb} /xrpc/{path} HTTP/1.1", "Host: x", f"X-Forwarded-For: {THEM}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Content-Type: {type}", f"Content-Length: {size}"] if size is not None else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def crowd(port: int, alice: Account, blob: str) -> list[Slow]:
    """Return slow clients of every kind."""
    note = json.dumps({"repo": alice.did, "collection": NOTE, "record": {"text": "x" * 900_000}}).encode()
    upload = request("POST", "com.atproto.repo.uploadBlob", alice.token, "image/png", LARGE)
    write = request("POST", "com.atproto.repo.createRecord", alice.token, "application/json", len(note))
    car = request("GET", f"com.atproto.sync.getRepo?did={alice.did}")
    file = request("GET", f"com.atproto.sync.getBlob?did={alice.did}&cid={blob}")
    return [
        slow
        for _ in range(EACH)
        for slow in (
            connect(port, "upload", upload, bytes(LARGE)),
            connect(port, "JSON", write, note),
            connect(port, "head", b"", request("GET", "_health?" + "x" * 60_000)),
            connect(port, "CAR", car),
            connect(port, "blob", file),
            connect(port, "firehose", handshake(f"{PATH}?cursor=0")),
        )
    ]


def furnish(port: int) -> tuple[Account, Account, str]:
    """Make an account with much to read, one with little, and the CID of a large blob."""
    with closing(Line(port)) as line:
        alice, bob = register(line, "alice"), register(line, "bob")
        blob = post_bytes(port, alice, bytes(LARGE))["blob"]
        add(line, alice, {"file": blob})
        for _ in range(LARGE // 200_000):
            add(line, alice, {"text": "x" * 200_000})
        add(line, bob, {"text": "x"})
    return alice, bob, blob["ref"]["$link"]


def add(line: Line, account: Account, value: Json) -> Json:
    """Call createRecord."""
    body = {"repo": account.did, "collection": NOTE, "record": {"$type": NOTE, **value}}
    return line.ask("POST", "/xrpc/com.atproto.repo.createRecord", account.token, body)


def post_bytes(port: int, account: Account, data: bytes) -> Json:
    """Call uploadBlob."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "image/png"}
        connection.request("POST", "/xrpc/com.atproto.repo.uploadBlob", data, headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        found: Json = json.loads(answer.read())
        return found


def read_car(port: int, account: Account) -> None:
    """Call getRepo."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", f"/xrpc/com.atproto.sync.getRepo?did={account.did}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:1]) == (200, b"\x3a")


def ask_on(port: int, account: Account, waits: dict[str, list[float]], done: threading.Event) -> None:
    """Make every kind of request, in turns, until it is over; note how long each took."""
    with closing(Line(port)) as line:
        kinds: dict[str, Callable[[], object]] = {
            "describeServer": lambda: line.ask("GET", "/xrpc/com.atproto.server.describeServer"),
            "listRecords": lambda: line.ask(
                "GET", f"/xrpc/com.atproto.repo.listRecords?repo={account.did}&collection={NOTE}&limit=1"
            ),
            "createRecord": lambda: add(line, account, {"text": "hello"}),
            "uploadBlob": lambda: post_bytes(port, account, bytes(100_000)),
            "getRepo": lambda: read_car(port, account),
        }
        while not done.is_set():
            for kind, ask in kinds.items():
                began = time.monotonic()
                ask()
                waits[kind].append(time.monotonic() - began)


def test_nobody_waits_for_the_slow(server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Hundreds who trickle on every kind of route keep nobody else waiting, and are not cut off for being slow."""
    alice, bob, blob = furnish(server.port)
    slow = crowd(server.port, alice, blob)
    waits, done = defaultdict[str, list[float]](list), threading.Event()
    asking = threading.Thread(target=ask_on, args=(server.port, bob, waits, done))
    asking.start()
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for each in slow:
                each.move()
            time.sleep(BEAT)
    finally:
        done.set()
        asking.join(2 * GENEROUS)
        for each in slow:
            each.socket.close()

    assert not asking.is_alive(), f"somebody waits for ever, after {waits}"
    assert len(waits) == 5, "a request failed"
    assert max(map(max, waits.values())) < GENEROUS
    with capsys.disabled():
        sys.stdout.write(f"\nbeside {len(slow)} slow clients, others waited at the most:\n")
        for kind, took in waits.items():
            sys.stdout.write(f"{max(took) * 1000:7.0f} ms  {kind} ({len(took)} times)\n")
    assert server.stop() == 0
