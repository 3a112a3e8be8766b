"""A subscriber's connection: what is written to it, and what it may say."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.frames import Frame, Opcode

from roost.http import websocket, wire
from roost.http.websocket import MOST_SAID, binary
from support.edge import Edge, served
from support.streams import Raw, application, handshake, path_of, raw

CLOSE, PING, PONG = 8, 9, 10


@pytest.fixture(scope="module")
def stream() -> Iterator[Edge]:
    """Serve the sample subscriptions."""
    with served(application) as edge:
        yield edge


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Edge]:
    """Serve them with limits that a test can wait for."""
    for name, seconds in {"PING": 0.2, "DEAD": 1.0, "FAREWELL": 0.5}.items():
        monkeypatch.setattr(websocket, name, seconds)
    monkeypatch.setattr(wire.sweep, "__kwdefaults__", {"every": 0.05})
    with served(application) as edge:
        yield edge


def end_of(client: Raw) -> list[int]:
    """Read to the end, and return the opcodes of what came."""
    seen = []
    with contextlib.suppress(ConnectionError):
        while True:
            seen.append(client.frame()[0])
    return seen


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000, 3_000_000])
def test_a_message_is_framed_as_everybody_frames_it(size: int) -> None:
    """The bytes are those that a WebSocket library makes of the same message."""
    data = bytes(size)

    assert binary(data) == Frame(Opcode.BINARY, data).serialize(mask=False)


def test_what_a_client_says_is_forgotten(stream: Edge) -> None:
    """Texts, bytes and fragments change nothing, however many there are; a ping is answered all the same."""
    with raw(stream.port, path_of("wait")) as client:
        assert client.frame() == (2, b"first")
        for _ in range(500):
            client.send(1, b"hello")
            client.send(2, b"\xff" * 1000)
            client.send(1, b"\xff", first=0)
            client.send(0, b"\xff")
        client.send(PING, b"there?")

        assert client.frame() == (PONG, b"there?")


@pytest.mark.parametrize(
    ("opcode", "data", "code"),
    [
        (2, bytes(MOST_SAID + 1), 1009),
        (3, b"", 1002),
        (PING, bytes(126), 1002),
        (CLOSE, b"\x03", 1002),
        (0, b"never begun", 1002),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(stream: Edge, opcode: int, data: bytes, code: int) -> None:
    """A message without bound, an unknown opcode, a control frame that is too long: the code says which it is."""
    with raw(stream.port, path_of("wait")) as client:
        client.frame()
        client.send(opcode, data)

        kind, told = client.frame()

        assert (kind, int.from_bytes(told[:2])) == (CLOSE, code)
        with pytest.raises(ConnectionError):
            client.frame()


def test_frames_without_a_mask_are_refused(stream: Edge) -> None:
    """A client must mask what it sends (RFC 6455 section 5.1)."""
    with raw(stream.port, path_of("wait")) as client:
        client.frame()
        client.socket.sendall(b"\x82\x01x")

        assert client.frame()[1][:2] == (1002).to_bytes(2)


def test_who_leaves_is_forgotten_at_once(stream: Edge) -> None:
    """What runs for a client ends when it says good-bye, and when it just goes."""
    with raw(stream.port, path_of("wait")) as client:
        client.frame()
        client.send(CLOSE, (1000).to_bytes(2))
        assert client.frame() == (CLOSE, (1000).to_bytes(2))
    stream.seen.wait_for("wait ends")
    stream.seen.events.clear()

    with raw(stream.port, path_of("wait")) as client:
        client.frame()
    stream.seen.wait_for("wait ends")


def test_a_silent_client_is_asked_and_stays_if_it_answers(impatient: Edge) -> None:
    """Through a long silence there are pings; whoever answers them is there."""
    with raw(impatient.port, path_of("wait")) as client:
        client.frame()
        began = time.monotonic()
        pings = 0
        while time.monotonic() - began < 2.5:
            opcode, data = client.frame()
            assert opcode == PING
            pings += 1
            client.send(PONG, data)

        assert pings >= 3
        assert "wait ends" not in impatient.seen.events


def test_a_dead_client_is_dropped(impatient: Edge) -> None:
    """Whoever answers no ping is not there: nothing is kept for it."""
    with raw(impatient.port, path_of("wait")) as client:
        client.frame()

        assert set(end_of(client)) == {PING}
    impatient.seen.wait_for("wait ends")


def test_who_takes_slowly_is_not_dead(impatient: Edge) -> None:
    """A client that reads, but is far from the ping that it should answer, is left in peace."""
    with raw(impatient.port, path_of("flood", size=16_384), buffer=4096) as client:
        began = time.monotonic()
        while time.monotonic() - began < 3:
            client.exactly(4096)
            time.sleep(0.01)

        assert "flood ends" not in impatient.seen.events


def test_who_reads_nothing_is_dropped(impatient: Edge) -> None:
    """A client whose buffers are full and stay so is gone, whatever it says."""
    with raw(impatient.port, path_of("flood", size=100_000), buffer=4096):
        impatient.seen.wait_for("flood ends")


def test_a_close_that_nobody_reads_ends_too(impatient: Edge) -> None:
    """A client that says good-bye and reads nothing of what waits for it does not keep its connection."""
    with raw(impatient.port, path_of("flood", size=100_000), buffer=4096) as client:
        impatient.seen.wait_for("flood begins")
        time.sleep(0.2)
        client.send(CLOSE, (1000).to_bytes(2))

        impatient.seen.wait_for("flood ends")


def test_pings_that_are_not_read_do_not_pile_up(stream: Edge) -> None:
    """A client that asks and asks and reads no answer costs no memory; the server goes on."""
    with raw(stream.port, path_of("pile", size=100), buffer=4096) as client:
        stream.seen.wait_for("pile begins")
        for _ in range(20_000):
            client.send(PING, bytes(125))

        assert stream.ask("GET", "/xrpc/_health").status == 200
        seen = end_of(client)
        assert seen.count(2) == 101
        assert seen.count(PONG) < 20_000


def test_an_upgrade_waits_for_no_answer(stream: Edge) -> None:
    """Asked for in one breath with a request, before that is answered, it is refused: answers are not frames."""
    request = b"GET /xrpc/_health HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stream.port), timeout=5) as client:
        client.sendall(request + handshake(path_of("wait")))
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                answer += piece

    assert b" 101 " not in answer
    with socket.create_connection(("127.0.0.1", stream.port), timeout=5) as client:
        client.sendall(request)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(handshake(path_of("wait")))
        assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
