"""Bounds on connections: two thousand idle ones stop nobody, whether they come from one address or from a proxy."""

import contextlib
import http.client
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from roost.http.gate import Gate
from support.edge import Edge, served

ALL = "/xrpc/test.edge.sized"


@dataclass(eq=False)
class Fake:
    """A connection in name."""

    client: tuple[str, int] | None
    since: float | None = None
    aborted: list[bool] = field(default_factory=list)

    def waited(self) -> float | None:
        """Return since when."""
        return self.since

    def abort(self) -> None:
        """Note it."""
        self.aborted.append(True)


def gate_of(*, most: int = 1000, share: int = 1000, proxies: str = "") -> Gate:
    """Make a gate."""
    return Gate(most=most, share=share, is_proxy=lambda host: bool(proxies) and host.startswith(proxies))


def test_an_address_has_its_share() -> None:
    """What it opens beyond is ended; when it closes some it may open some; a proxy has no share."""
    gate = gate_of(share=2, proxies="10.")
    ones = [Fake(("1.1.1.1", n)) for n in range(4)]
    for one in ones[:3]:
        gate.enter(one, ones)
    for gone in ones[1:3]:
        gate.leave(gone)
    gate.enter(ones[3], ones)
    others = [Fake(("10.0.0.1", n)) for n in range(4)]
    for other in others:
        gate.enter(other, others)

    assert [bool(one.aborted) for one in ones] == [False, False, True, False]
    assert not any(other.aborted for other in others)


def test_who_has_waited_longest_makes_room() -> None:
    """Whoever is in the middle of a request stays; so does the newcomer."""
    gate = gate_of(most=3)
    busy, old, young = Fake(("1.1.1.1", 1)), Fake(("1.1.1.2", 1), 10.0), Fake(("1.1.1.3", 1), 20.0)
    newcomer = Fake(("1.1.1.4", 1), 30.0)

    gate.enter(newcomer, [busy, old, young, newcomer, object()])

    assert [bool(each.aborted) for each in (busy, old, young, newcomer)] == [False, True, False, False]


def test_where_nobody_waits_the_newcomer_is_turned_away() -> None:
    """All others are being answered."""
    gate = gate_of(most=1)
    busy, newcomer = Fake(("1.1.1.1", 1)), Fake(("1.1.1.2", 1), 30.0)

    gate.enter(newcomer, [busy, newcomer])

    assert (bool(busy.aborted), bool(newcomer.aborted)) == (False, True)


def test_counting_anew_forgives_what_was_not_said() -> None:
    """A connection that has become a WebSocket's ends without a word."""
    gate = gate_of(share=1)
    gate.enter(Fake(("1.1.1.1", 1)), [])
    gate.recount([])
    again = Fake(("1.1.1.1", 2))
    gate.enter(again, [])

    assert not again.aborted


def test_one_without_an_address_is_not_counted() -> None:
    """A socket in the file system is the operator's own."""
    gate = gate_of(share=1)
    ones = [Fake(None) for _ in range(3)]
    for one in ones:
        gate.enter(one, ones)
        gate.leave(one)

    assert not any(one.aborted for one in ones)


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Two thousand connections have two ends in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 8192:
        pytest.skip(f"not tested with 2,000 connections: only {hard} open files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def idle(port: int, count: int, source: str) -> Iterator[list[socket.socket]]:
    """Open connections that say nothing."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.bind((source, 0))
            with contextlib.suppress(ConnectionError):
                one.connect(("127.0.0.1", port))
            opened.append(one)
        yield opened


def closed(sockets: list[socket.socket]) -> int:
    """Return how many of them the server has ended."""
    count = 0
    for one in sockets:
        one.setblocking(False)
        try:
            count += one.recv(1) == b""
        except BlockingIOError:
            pass
        except OSError:
            count += 1
    return count


def settled(sockets: list[socket.socket], expected: int) -> int:
    """Wait until that many have been ended, and return how many have."""
    end = time.monotonic() + 10
    while (found := closed(sockets)) < expected and time.monotonic() < end:
        time.sleep(0.05)
    return found


@pytest.mark.usefixtures("_many_files")
def test_two_thousand_of_one_address_stop_nobody() -> None:
    """It keeps its share; everybody else is answered, and it is too on those that it has."""
    with served(gate=gate_of(share=100)) as edge, idle(edge.port, 2000, "127.0.0.2") as sockets:
        assert settled(sockets, 1900) == 1900
        assert edge.ask("GET", ALL).status == 200


@pytest.mark.usefixtures("_many_files")
def test_two_thousand_of_a_proxy_stop_nobody() -> None:
    """The oldest that say nothing make room for those that have something to say, again and again."""
    with (
        served(gate=gate_of(most=50, proxies="127.")) as edge,
        contextlib.closing(http.client.HTTPConnection("127.0.0.1", edge.port, timeout=5)) as slow,
    ):
        slow.putrequest("POST", "/xrpc/test.edge.upload")
        slow.putheader("Content-Type", "text/plain")
        slow.putheader("Content-Length", "6")
        slow.endheaders(b"abc")
        edge.seen.wait_for("upload goes on")
        with idle(edge.port, 300, "127.0.0.1") as sockets:
            settled(sockets, 250)
            slow.send(b"def")
            answer = slow.getresponse()
            assert (answer.status, answer.read()) == (200, b'{"text":"6 bytes of text/plain"}')


def test_without_a_gate_nothing_is_counted(edge: Edge) -> None:
    """As in a development network's other servers."""
    assert edge.ask("GET", ALL).status == 200
