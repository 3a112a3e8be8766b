"""Streams of one address in turns, over real sockets."""

import socket
import time

from roost.http.turns import SHARE
from support.edge import Edge, Seen, served


def reader(edge: Edge, address: str) -> socket.socket:
    """Ask for a long stream, and read nothing of it."""
    client = socket.create_connection(("127.0.0.1", edge.port), timeout=5)
    client.sendall(f"GET /xrpc/test.edge.download HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n".encode())
    return client


def begun(client: socket.socket) -> bool:
    """Return whether an answer begins, soon."""
    client.settimeout(0.3)
    try:
        return client.recv(12) == b"HTTP/1.1 200"
    except TimeoutError:
        return False


def test_who_reads_nothing_is_waited_for_by_itself_alone() -> None:
    """Its own next stream begins when one of them ends; somebody else's begins at once."""
    with served() as edge:
        sleepers = [reader(edge, "198.51.100.7") for _ in range(SHARE)]
        assert all(begun(client) for client in sleepers)
        late, other = reader(edge, "198.51.100.7"), reader(edge, "198.51.100.8")

        assert begun(other)
        assert not begun(late)
        sleepers[0].close()
        assert until(late)

        for client in (*sleepers, late, other):
            client.close()
        deadline = time.monotonic() + 5
        while count(edge.seen) < SHARE + 2:
            assert time.monotonic() < deadline, "a stream that nobody reads any more is not closed"
            time.sleep(0.01)


def until(client: socket.socket) -> bool:
    """Return whether an answer begins within seconds."""
    return any(begun(client) for _ in range(15))


def count(seen: Seen) -> int:
    """Return how many streams have ended."""
    return seen.events.count("download ends")


def test_a_stream_that_fails_gives_its_place_back(edge: Edge) -> None:
    """Whether before the first chunk or behind it."""
    for _ in range(SHARE + 1):
        assert edge.ask("GET", "/xrpc/test.edge.missing").error[1] == "RecordNotFound"
    for _ in range(SHARE + 1):
        assert edge.ask("HEAD", "/xrpc/test.edge.download").status == 200
    assert edge.ask("GET", "/xrpc/test.edge.sized").body == b"abcdef"
