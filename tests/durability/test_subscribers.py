"""Subscribers of a server that is restarted, killed, crowded and read slowly: nothing is lost, doubled or told too
early.
"""

import asyncio
import contextlib
import random
import selectors
import socket
import sqlite3
import sys
import threading
import time
from collections import Counter
from contextlib import closing

import libipld
import pytest
from websockets.exceptions import ConnectionClosed

from roost.http.serving import lift_file_limit
from support.firehose import Follower
from support.process import ServerProcess
from support.storm import NOTE, Account, Gone, Json, Line, Storm, Writer, register
from support.streams import handshake, raw
from support.subscriber import PATH, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

RESTARTS = 4
KILLS = 6
CROWD = 2_000
RUSH = 3_000
MORE_THAN_BUFFERS = 3_000_000
"""Bytes of events that fit in no buffer on the way to a client that reads nothing."""

GENEROUS = 20.0
"""Seconds that no request may wait: it is not slow that is looked for, but stuck."""


class Reader:
    """A subscriber that comes back with its cursor whenever the server is there, and keeps every frame."""

    def __init__(self, server: ServerProcess) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.ends: list[int | None] = []
        self.error: BaseException | None = None
        self._url = server.url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def cursor(self) -> int:
        """The last event that it has seen."""
        return self.frames[-1][0] if self.frames else 0

    def until(self, seq: int) -> None:
        """Wait until it has seen an event."""
        deadline = time.monotonic() + 60
        while self.cursor < seq:
            assert self.error is None, self.error
            assert time.monotonic() < deadline, f"{seq} has not come: the last was {self.cursor}"
            time.sleep(0.01)

    def end(self) -> None:
        """Subscribe no more."""
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert self.error is None, self.error

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with contextlib.suppress(OSError, ConnectionClosed, EOFError):
                    self._read()
                time.sleep(0.02)
        except BaseException as error:  # noqa: BLE001 - it is the test's to see
            self.error = error

    def _read(self) -> None:
        with subscribed(self._url, self.cursor) as subscriber:
            try:
                while not self._stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        frame = subscriber.frame(patience=0.2)
                        header, body = libipld.decode_dag_cbor_multi(frame)
                        assert header["op"] == 1, body
                        self.frames.append((body["seq"], frame))
            finally:
                self.ends.append(subscriber.connection.close_code)


def log_of(server: ServerProcess) -> list[tuple[int, bytes]]:
    """Return the log as it lies in the database."""
    with closing(sqlite3.connect(f"file:{server.data}/roost.sqlite?mode=ro", uri=True)) as db:
        return db.execute("SELECT seq, frame FROM event ORDER BY seq").fetchall()


def size_of(server: ServerProcess) -> int:
    """Return the bytes of all frames in the log."""
    return sum(len(frame) for _, frame in log_of(server))


def crew(server: ServerProcess, accounts: int = 2, each: int = 2) -> list[Writer]:
    """Make accounts and who writes to them."""
    with closing(Line(server.port)) as line:
        made = [register(line, f"alice{n}") for n in range(accounts)]
    return [Writer(account, f"w{i}{n}", i * 10 + n) for i, account in enumerate(made) for n in range(each)]


def check(reader: Reader, log: list[tuple[int, bytes]]) -> None:
    """Check that a reader has seen the whole log, once, in order, and that every event holds."""
    assert [seq for seq, _ in reader.frames] == [seq for seq, _ in log]
    assert reader.frames == log
    follower = Follower()
    follower.take(reader.frames)
    assert follower.commits > 0


def test_a_client_sees_everything_once_through_restarts(server: ServerProcess) -> None:
    """Stopped and started under load, the server goes on exactly where each client's cursor is."""
    writers = crew(server)
    reader, storm = Reader(server), Storm(writers, patient=True)
    for _ in range(RESTARTS):
        storm.begin(server.port)
        time.sleep(random.uniform(0.2, 0.6))
        assert server.stop() == 0
        storm.end()
        server.start()
    storm.begin(server.port)
    time.sleep(0.3)
    storm.end()
    log = log_of(server)
    reader.until(log[-1][0])
    reader.end()

    check(reader, log)
    assert set(reader.ends[:-1]) == {1006}, "a server that stops ends no stream: it breaks off"


def test_what_was_sent_is_in_the_log_after_a_kill(server: ServerProcess) -> None:
    """Events are sent when they are durable and not before: a kill takes none back, and numbers go on above them."""
    writers = crew(server)
    reader, storm = Reader(server), Storm(writers)
    for _ in range(KILLS):
        storm.begin(server.port)
        time.sleep(random.uniform(0.05, 0.5))
        server.kill()
        with contextlib.suppress(Gone):
            storm.end()
        sent = list(reader.frames)
        server.start()
        log = dict(log_of(server))
        assert [log.get(seq) for seq, _ in sent] == [frame for _, frame in sent]
        for writer in writers:
            writer.resolve(there(server, writer.account))
    log_now = log_of(server)
    reader.until(log_now[-1][0])
    reader.end()

    check(reader, log_now)


def there(server: ServerProcess, account: Account) -> dict[str, Json]:
    """Return the records of an account."""
    found: dict[str, Json] = {}
    with closing(Line(server.port)) as line:
        cursor = ""
        while True:
            path = f"/xrpc/com.atproto.repo.listRecords?repo={account.did}&collection={NOTE}&limit=100{cursor}"
            page = line.ask("GET", path)
            found |= {each["uri"].removeprefix(f"at://{account.did}/"): each["value"] for each in page["records"]}
            if "cursor" not in page:
                return found
            cursor = f"&cursor={page['cursor']}"


def test_two_thousand_idle_subscribers(server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """The server goes on answering, and each of them is sent what happens."""
    (writer, *_) = crew(server, accounts=1, each=1)
    waits: list[float] = []

    async def run() -> list[bytes]:
        crowd = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(CROWD)]
        for start in range(0, CROWD, 100):
            for _, output in crowd[start : start + 100]:
                output.write(handshake(PATH))
            for input, _ in crowd[start : start + 100]:
                assert (await input.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            waits.append(await asyncio.to_thread(timed, server))
        await asyncio.sleep(0.5)

        def write() -> None:
            with closing(Line(server.port)) as line:
                for _ in range(5):
                    began = time.monotonic()
                    writer.write(line)
                    waits.append(time.monotonic() - began)

        await asyncio.to_thread(write)
        firsts = [await asyncio.wait_for(input.readexactly(4), 30) for input, _ in crowd]
        waits.append(await asyncio.to_thread(timed, server))
        for _, output in crowd:
            output.close()
        return firsts

    firsts = asyncio.run(run())

    assert len(set(firsts)) == 1, "all are sent the same bytes"
    assert max(waits) < GENEROUS
    with capsys.disabled():
        sys.stdout.write(f"\n{CROWD} subscribers: other requests waited {max(waits) * 1000:.0f} ms at the most\n")
    assert server.stop() == 0


def test_three_thousand_come_at_once(server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that comes back has all its subscribers in the same second: others come in between them."""
    lift_file_limit()
    waits: list[float] = []
    arrived = threading.Event()

    def ask() -> None:
        while not arrived.is_set():
            waits.append(timed(server))

    asking = threading.Thread(target=ask)
    asking.start()
    began = time.monotonic()
    try:
        answers = rush(server.port, RUSH)
    finally:
        arrived.set()
        asking.join()

    assert answers == Counter({b"HTTP/1.1 101": RUSH})
    assert max(waits) < GENEROUS
    with capsys.disabled():
        sys.stdout.write(
            f"\n{RUSH} subscribers came within {time.monotonic() - began:.1f} s: "
            f"requests on new connections waited {max(waits) * 1000:.0f} ms at the most\n"
        )


def rush(port: int, count: int) -> Counter[bytes]:
    """Connect and ask for a subscription so many times at once; return what the answers begin with."""
    answers = Counter[bytes]()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            selector.register(client, selectors.EVENT_WRITE)
        while answers.total() < count:
            ready = selector.select(GENEROUS)
            assert ready, f"nothing happens any more, after {answers}"
            for key, event in ready:
                assert isinstance(key.fileobj, socket.socket)
                if event & selectors.EVENT_WRITE:
                    key.fileobj.sendall(handshake(PATH))
                    selector.modify(key.fileobj, selectors.EVENT_READ)
                else:
                    answers[key.fileobj.recv(65536)[:12]] += 1
                    selector.unregister(key.fileobj)
    return answers


def timed(server: ServerProcess) -> float:
    """Return how long a request takes."""
    began = time.monotonic()
    with closing(Line(server.port)) as line:
        line.ask("GET", "/xrpc/com.atproto.server.describeServer")
    return time.monotonic() - began


def test_a_reader_that_sleeps_only_loses_itself(server: ServerProcess) -> None:
    """While one takes nothing, writers write and others read; when it wakes it has everything, and the server has not
    kept it in memory meanwhile.
    """
    writers = crew(server)
    reader, storm = Reader(server), Storm(writers, patient=True)
    with raw(server.port, f"{PATH}?cursor=0", buffer=4096) as sleeper:
        storm.begin(server.port)
        deadline = time.monotonic() + 60
        while size_of(server) < MORE_THAN_BUFFERS:
            assert time.monotonic() < deadline, "the server takes no writes"
            time.sleep(0.2)
        storm.end()
        log = log_of(server)
        reader.until(log[-1][0])

        woken: list[int] = []
        while not woken or woken[-1] < log[-1][0]:
            opcode, frame = sleeper.frame()
            if opcode == 2:
                woken.append(libipld.decode_dag_cbor_multi(frame)[1]["seq"])
    reader.end()

    assert woken == [seq for seq, _ in log]
    check(reader, log)


def test_a_server_full_of_sleepers_stops_at_once(server: ServerProcess) -> None:
    """Nobody who does not read holds up a stop."""
    writers = crew(server)
    storm = Storm(writers, patient=True)
    sleepers = []
    for _ in range(20):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(handshake(f"{PATH}?cursor=0"))
        sleepers.append(client)
    storm.begin(server.port)
    time.sleep(2)
    storm.end()

    began = time.monotonic()
    assert server.stop() == 0

    assert time.monotonic() - began < GENEROUS
    for client in sleepers:
        client.close()
