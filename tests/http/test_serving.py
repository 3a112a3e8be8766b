"""A process that serves, from its start to its end."""

import http.client
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roost.http.serving import MOST_FILES, CannotListenError, serve

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from roost.http.serving import Listener, serve
from support.edge import Seen, application
class Told(list):
    def append(self, event):
        print(event, flush=True)
beside = [Listener(application(Seen(Told())), "127.0.0.1", int(sys.argv[3]))]
ready = lambda: print("ready", flush=True)
serve(application(Seen(Told())), "127.0.0.1", int(sys.argv[2]), beside=beside, on_ready=ready)
print("done", flush=True)
"""


def free_ports() -> tuple[int, int]:
    """Find two ports that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@contextmanager
def process() -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Run two listeners in a process of their own."""
    ports = free_ports()
    args = [sys.executable, "-W", "error", "-c", SCRIPT, str(Path(__file__).parents[1]), *map(str, ports)]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert [child.stdout.readline() for _ in range(3)] == ["started\n", "started\n", "ready\n"]
        try:
            yield child, *ports
        finally:
            child.kill()


def get(port: int, path: str) -> int:
    """Ask for a path; give the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_in_flight_finish(signal_: signal.Signals) -> None:
    """All listeners answer; after a signal a request under way is still answered, and the exit status is 0."""
    with process() as (child, port, beside):
        statuses = [get(beside, "/xrpc/_health")]
        slow = threading.Thread(target=lambda: statuses.append(get(port, "/xrpc/test.edge.slow")))
        slow.start()
        assert child.stdout is not None
        assert child.stdout.readline() == "slow begins\n"

        child.send_signal(signal_)
        out, err = child.communicate(timeout=10)
        slow.join()

    assert statuses == [200, 200]
    assert (child.returncode, err) == (0, "")
    assert out.split() == ["stopped", "stopped", "done"]


def test_an_idle_connection_does_not_hold_the_end_up() -> None:
    """A client that keeps its connection open for later is not waited for."""
    with process() as (child, port, _), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /xrpc/_health HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(65536)

        began = time.monotonic()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=10)

    assert time.monotonic() - began < 3
    assert child.returncode == 0


def test_a_second_signal_does_not_wait() -> None:
    """Whoever asks twice means now: a stream that nobody reads is cut off."""
    with process() as (child, port, _), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /xrpc/test.edge.download HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1000)

        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)

    assert time.monotonic() - began < 4
    assert child.returncode == 0


async def _failing(scope: object, receive: object, send: object) -> None:
    raise RuntimeError("the data directory belongs to another process")


async def _ending(scope: object, receive: object, send: object) -> None:
    """End without a word."""


@pytest.mark.parametrize(
    ("app", "problem"), [(_failing, "belongs to another process"), (_ending, "the application ended at its startup")]
)
def test_an_application_that_cannot_start_says_why(app: Callable[..., object], problem: str) -> None:
    """What stops the start comes out of `serve`, for the command line to tell."""
    with pytest.raises(RuntimeError, match=problem):
        serve(app, "127.0.0.1", free_ports()[0])  # type: ignore[arg-type]  # it is no more of an application than this


def test_a_server_may_open_more_files_than_is_usual() -> None:
    """It asks for as many as it may have: a client must not use them up by connecting."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with process() as (child, _, _):
            allowed, most = resource.prlimit(child.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (allowed, most) == (hard if 0 <= hard < MOST_FILES else MOST_FILES, hard)


def test_a_taken_port_is_told() -> None:
    """The address is in the error, and nothing has been started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListenError, match=f"Cannot listen on 127.0.0.1 port {port}: Address already in use"):
            serve(_failing, "127.0.0.1", port)
