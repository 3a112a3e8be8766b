"""Hostile bytes on the socket."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import orjson
import pytest

from roost.http import wire
from roost.http.wire import MOST_HEAD, Turnstile
from support.edge import Edge, Seen, served
from support.server import Roost


def talk(edge: Edge, *parts: bytes) -> bytes:
    """Send bytes as they are and read until the server hangs up."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                client.sendall(part)
        return b"".join(read(client))


def read(client: socket.socket) -> Iterator[bytes]:
    """Read until the end, however it comes."""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65536):
            yield piece


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100,
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\0B: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(edge: Edge, junk: bytes) -> None:
    """Junk, and requests that two readers could understand differently, get a 400 in JSON and a closed connection."""
    answer = talk(edge, junk)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert orjson.loads(body)["error"] == "InvalidRequest"


def test_the_server_of_all_tests_stands_behind_the_same_wire(roost: Roost) -> None:
    """What the tests of methods talk to is what `roost serve` runs, down to the connection."""
    port = int(roost.url.rpartition(":")[2])

    answer = talk(Edge(port, Seen()), b"GARBAGE\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    assert orjson.loads(body)["error"] == "InvalidRequest"


def test_junk_in_a_body_ends_the_connection(edge: Edge) -> None:
    """A chunk that is none comes after the head was good; there is one answer at most, and never a 500."""
    head = b"POST /xrpc/test.edge.free HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    answer = talk(edge, head + b"zz\r\njunk")

    assert answer.count(b"HTTP/1.1 ") <= 1
    assert not answer.startswith(b"HTTP/1.1 5")


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nA: ", b"GET / HTTP/1.1\r\nA"])
def test_an_endless_head_is_cut_off(edge: Edge, start: bytes) -> None:
    """A head may not grow without bound, whichever part of it does."""
    answer = talk(edge, start, *[b"a" * 4096] * 200)

    # What is sent after the end can make the system drop our answer: what counts is that there is an end.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_endless_headers_are_cut_off(edge: Edge) -> None:
    """Many headers are no better than a long one."""
    answer = talk(edge, b"GET / HTTP/1.1\r\n", *[b"a: b\r\n" * 700] * 200)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_a_head_of_the_usual_size_passes(edge: Edge) -> None:
    """Tokens are long, and there may be cookies of others on the way."""
    answer = edge.ask("GET", "/xrpc/_health", headers={"X-Long": "a" * (MOST_HEAD // 2)})

    assert answer.status == 200


def test_many_requests_on_a_connection_are_not_one_head(edge: Edge) -> None:
    """The size of a head begins anew with each request, and a body is none of it."""
    get = b"GET /xrpc/_health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n"
    post = b"POST /xrpc/test.edge.free HTTP/1.1\r\nHost: x\r\nContent-Length: 140000\r\n\r\n" + b"x" * 140_000
    last = b"GET /xrpc/_health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answer = talk(edge, *[get[:5], get[5:]] * 20, post + get[:100], get[100:], last)

    assert answer.count(b"HTTP/1.1 200 ") == 23


def test_split_anywhere_a_request_is_the_same(edge: Edge) -> None:
    """A request may come byte by byte."""
    request = b"GET /xrpc/test.edge.sized HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answer = talk(edge, *[request[i : i + 1] for i in range(len(request))])

    assert answer.endswith(b"\r\n\r\nabcdef")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Edge]:
    """Serve with limits that a test can wait for."""
    for name, seconds in {"SILENCE": 0.3, "KEEP_ALIVE": 0.6}.items():
        monkeypatch.setattr(wire, name, seconds)
    monkeypatch.setattr(wire.sweep, "__kwdefaults__", {"every": 0.05})

    with served() as edge:
        yield edge


def test_who_makes_no_progress_is_cut_off(impatient: Edge) -> None:
    """Nobody may hold a connection by saying nothing: at the start, in a head, in a body, between two requests."""
    starts = [
        b"",
        b"GET / HT",
        b"POST /xrpc/test.edge.free HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx",
        b"GET /xrpc/_health HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    clients = [socket.create_connection(("127.0.0.1", impatient.port), timeout=5) for _ in starts]
    for client, start in zip(clients, starts, strict=True):
        client.sendall(start)

    began = time.monotonic()
    ends = [b"".join(read(client)) for client in clients]

    assert [end[:12] for end in ends] == [b"", b"", b"", b"HTTP/1.1 200"]
    assert time.monotonic() - began < 3
    for client in clients:
        client.close()


def test_who_does_not_read_is_cut_off(impatient: Edge) -> None:
    """A stream holds a snapshot of the database: nobody may keep it by not reading."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=5) as client:
        client.sendall(b"GET /xrpc/test.edge.download HTTP/1.1\r\nHost: x\r\n\r\n")

        impatient.seen.wait_for("download ends")


def test_who_is_slow_but_moves_is_not(impatient: Edge) -> None:
    """Progress is enough: a body may take longer than the silence that is allowed, and so may a method."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=5) as client:
        client.sendall(
            b"POST /xrpc/test.edge.free HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        )
        for _ in range(5):
            time.sleep(0.15)
            client.sendall(b"x")
        assert b"".join(read(client)).startswith(b"HTTP/1.1 200 ")
    assert impatient.ask("GET", "/xrpc/test.edge.slow").status == 200


def test_a_turnstile_lets_few_through_at_a_time() -> None:
    """In order, whenever they came, with a turn of the loop between; and one that stands open again works again."""

    async def run() -> list[list[int]]:
        turnstile, turns, now = Turnstile(2), list[list[int]](), list[int]()
        for number in range(5):
            turnstile.put(lambda number=number: now.append(number))  # type: ignore[misc]  # a default binds it
        while sum(map(len, turns)) < 7:
            await asyncio.sleep(0)
            turns.append(list(now))
            now.clear()
            if len(turns) in (1, 4):
                turnstile.put(lambda: now.append(9))
        return turns

    assert asyncio.run(run()) == [[0, 1], [2, 3], [4, 9], [], [9]]


def test_the_sweep_can_be_ended() -> None:
    """The sweep runs for as long as its server."""

    async def begin_and_end() -> bool:
        task = asyncio.create_task(wire.sweep(set(), every=0.001))
        await asyncio.sleep(0.01)
        return task.cancel()

    assert asyncio.run(begin_and_end())
