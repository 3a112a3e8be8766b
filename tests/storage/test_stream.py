"""Streams: bytes from a snapshot, at the pace of whoever reads them."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import cast

import pytest

from roost.storage.db import Database, Tx
from roost.storage.errors import DatabaseClosed, ReadOnly, StreamStalled
from roost.storage.stream import AHEAD, AT_WORK, CHUNK, MAX_STREAMS, Streams

pytestmark = pytest.mark.anyio

Snapshots = list[str]


@contextmanager
def snapshot(log: Snapshots) -> Iterator[Tx]:
    """Pretend to open and close a transaction, and write it down."""
    log.append("open")
    try:
        yield cast("Tx", None)  # the functions of these tests do not use it
    finally:
        log.append("closed")


@pytest.fixture
def log() -> Snapshots:
    """What became of the snapshots."""
    return []


@pytest.fixture
async def streams(log: Snapshots) -> AsyncIterator[Streams]:
    """Streams, and no database."""
    streams = Streams(partial(snapshot, log))
    yield streams
    await streams.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something another thread does."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_small_pieces_are_joined(streams: Streams) -> None:
    """A trip between threads is worth 64 KiB; every byte arrives, in order."""
    pieces = [bytes([n % 256]) * 1000 for n in range(200)]

    chunks = [chunk async for chunk in streams.open(lambda _: iter(pieces))]

    assert b"".join(pieces) == b"".join(chunks)
    assert [len(chunk) for chunk in chunks] == [66_000, 66_000, 66_000, 2_000]


async def test_a_stream_may_be_empty(streams: Streams, log: Snapshots) -> None:
    """Then there is no chunk at all."""
    assert [chunk async for chunk in streams.open(lambda _: iter(()))] == []
    await until(lambda: log == ["open", "closed"])


async def test_the_producer_waits_for_the_consumer(streams: Streams) -> None:
    """It is never more than a few chunks ahead."""
    made = 0

    def endless(_: Tx) -> Iterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield bytes(CHUNK)

    chunks = streams.open(endless)
    for taken in range(1, 20):
        await anext(chunks)
        await asyncio.sleep(0.001)
        assert made <= taken + AHEAD + 1
    await chunks.aclose()


async def test_a_consumer_that_goes_away_ends_the_stream(streams: Streams, log: Snapshots) -> None:
    """The snapshot is given up at once."""
    chunks = streams.open(lambda _: iter(lambda: bytes(CHUNK), None))
    await anext(chunks)

    await chunks.aclose()

    await until(lambda: log == ["open", "closed"])


async def test_a_consumer_that_stalls_loses_the_snapshot(log: Snapshots) -> None:
    """It is told, after what had been made before: half an export must not look like a whole one."""
    streams = Streams(partial(snapshot, log), stall_seconds=0.05)
    chunks = streams.open(lambda _: iter(lambda: bytes(CHUNK), None))
    await anext(chunks)

    await until(lambda: log == ["open", "closed"])

    for _ in range(AHEAD):
        assert len(await anext(chunks)) == CHUNK
    with pytest.raises(StreamStalled):
        await anext(chunks)


async def test_a_consumer_that_hardly_takes_anything_loses_the_snapshot(log: Snapshots) -> None:
    """One that never stalls, but is slow on the whole, must not keep a place that others wait for."""
    streams = Streams(partial(snapshot, log), stall_seconds=0.2, slowest=1 << 30)
    chunks = streams.open(lambda _: iter(lambda: bytes(CHUNK), None))

    async def sip() -> None:
        async for _ in chunks:
            await asyncio.sleep(0.02)

    with pytest.raises(StreamStalled, match="less than"):
        await sip()
    assert log == ["open", "closed"]


async def test_an_error_reaches_the_consumer_after_the_bytes_before_it(streams: Streams) -> None:
    """It is raised where the consumer waits."""

    def broken(_: Tx) -> Iterator[bytes]:
        yield bytes(CHUNK)
        raise ZeroDivisionError

    chunks = streams.open(broken)

    assert bytes(CHUNK) == await anext(chunks)
    with pytest.raises(ZeroDivisionError):
        await anext(chunks)


async def test_no_more_than_so_many_streams_run_at_once(streams: Streams, log: Snapshots) -> None:
    """A further one waits for its turn."""
    go = threading.Event()

    def held(_: Tx) -> Iterator[bytes]:
        go.wait()
        yield b"x"

    async def consume() -> list[bytes]:
        return [chunk async for chunk in streams.open(held)]

    tasks = [asyncio.ensure_future(consume()) for _ in range(MAX_STREAMS + 1)]
    await until(lambda: log.count("open") == MAX_STREAMS)
    go.set()

    assert await asyncio.gather(*tasks) == [[b"x"]] * (MAX_STREAMS + 1)
    assert log.count("open") == MAX_STREAMS + 1


async def test_closing_ends_streams_that_are_under_way(log: Snapshots) -> None:
    """Their consumers hear why, and no snapshot is open when close() returns."""
    streams = Streams(partial(snapshot, log))
    chunks = streams.open(lambda _: iter(lambda: bytes(CHUNK), None))
    await anext(chunks)

    await streams.close()

    assert log == ["open", "closed"]
    with pytest.raises(DatabaseClosed):
        async for _ in chunks:
            pass


async def test_closing_waits_for_streams_that_were_abandoned(log: Snapshots) -> None:
    """Their consumers are gone, but their threads may be in the middle of a statement."""

    def slow(_: Tx) -> Iterator[bytes]:
        while True:
            yield bytes(CHUNK)
            time.sleep(0.1)

    streams = Streams(partial(snapshot, log))
    chunks = streams.open(slow)
    await anext(chunks)
    await chunks.aclose()

    await streams.close()

    assert log == ["open", "closed"]


async def test_a_snapshot_that_cannot_be_had_is_the_consumers_error() -> None:
    """As when the database's server is down."""

    def unreachable() -> AbstractContextManager[Tx]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await anext(Streams(unreachable).open(lambda _: iter(())))


# On a database


async def test_a_stream_reads_one_state(db: Database) -> None:
    """Whatever is written while it runs."""
    written = threading.Event()

    def count(tx: Tx) -> bytes:
        (n,) = tx.one("SELECT count(*) FROM note") or (None,)
        return str(n).encode()

    def counts(tx: Tx) -> Iterator[bytes]:
        yield count(tx) + bytes(CHUNK)
        written.wait(5)
        yield count(tx)

    chunks = db.stream(counts)
    first = await anext(chunks)
    await db.write(lambda tx: tx.run("INSERT INTO note (id, text) VALUES (1, '')"))
    written.set()
    second = await anext(chunks)
    await chunks.aclose()

    assert (first.rstrip(b"\0"), second) == (b"0", b"0")


async def test_a_stream_of_many_rows_holds_few(db: Database) -> None:
    """All arrive in order; a second stream runs beside the first, and reads as far as it likes."""
    texts = [f"{id:06}" for id in range(20_000)]
    await db.write(lambda tx: tx.run_many("INSERT INTO note (id, text) VALUES (?, ?)", enumerate(texts)))

    def all_texts(tx: Tx) -> Iterator[bytes]:
        return (text.encode() for (text,) in tx.iterate("SELECT text FROM note ORDER BY id"))

    other = db.stream(all_texts)
    await anext(other)
    chunks = [chunk async for chunk in db.stream(all_texts)]
    await other.aclose()

    assert "".join(texts).encode() == b"".join(chunks)


async def test_a_stream_cannot_write(db: Database) -> None:
    """It reads."""

    def write(tx: Tx) -> Iterator[bytes]:
        tx.run("DELETE FROM note")
        yield b""

    with pytest.raises(ReadOnly):
        await anext(db.stream(write))


async def test_a_database_closes_under_an_abandoned_stream(db: Database) -> None:
    """Nobody closed it, and nobody reads it."""

    def endless(tx: Tx) -> Iterator[bytes]:
        while True:
            tx.one("SELECT count(*) FROM note")
            yield bytes(CHUNK)

    chunks = db.stream(endless)
    await anext(chunks)

    await asyncio.wait_for(db.close(), 5)

    await chunks.aclose()


async def test_no_stream_begins_in_a_pause(streams: Streams, log: Snapshots) -> None:
    """Those under way are waited for, and whoever came meanwhile begins afterwards."""
    going = threading.Event()

    def held(_: Tx) -> Iterator[bytes]:
        going.wait(5)
        yield b"first"

    first = asyncio.create_task(anext(streams.open(held)))
    await until(lambda: log == ["open"])
    asyncio.get_running_loop().call_later(0.05, going.set)

    async with streams.paused(5) as quiet:
        second = asyncio.create_task(anext(streams.open(lambda _: iter([b"second"]))))
        await asyncio.sleep(0.05)
        assert (quiet, log) == (True, ["open", "closed"])

    assert [await first, await second] == [b"first", b"second"]


async def test_a_pause_gives_up_on_who_takes_too_long(streams: Streams) -> None:
    """And says so; the stream goes on."""
    slow = streams.open(lambda _: iter([bytes(CHUNK)] * (2 * AHEAD + 2)))
    await anext(slow)

    async with streams.paused(0.05) as quiet:
        assert not quiet

    assert len([chunk async for chunk in slow]) == 2 * AHEAD + 1


async def test_who_waits_for_its_consumer_keeps_nobody_from_working(streams: Streams) -> None:
    """More slow streams than may be at work at once: another is made all the same."""
    slow = [streams.open(lambda _: iter([bytes(CHUNK)] * (2 * AHEAD + 2))) for _ in range(2 * AT_WORK)]
    for each in slow:
        await anext(each)

    async with asyncio.timeout(5):
        assert [chunk async for chunk in streams.open(lambda _: iter([b"quick"]))] == [b"quick"]
    for each in slow:
        await each.aclose()
