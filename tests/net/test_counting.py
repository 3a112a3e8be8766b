"""Counters that several processes share, in a real Redis."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from roost.net import counting
from roost.net.counting import RedisCounters
from roost.net.errors import Unreachable
from support.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Ask:
    """What is asked of a counter."""

    key: str
    points: int = 3
    seconds: int = 60
    cost: int = 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for all tests of this module; each counts by keys of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


async def test_two_processes_count_together(server: RedisServer) -> None:
    """What one takes the other has not; all or nothing, and a counter ends its window after the first."""
    first, second = (RedisCounters(server.url, prefix="together:") for _ in range(2))
    try:
        one = await first.take([Ask("a"), Ask("b", points=10, seconds=600)])
        two = await second.take([Ask("a", cost=2), Ask("b", points=10, seconds=600)])
        three = await first.take([Ask("a"), Ask("b", points=10, seconds=600)])
    finally:
        await first.close()
        await second.close()

    assert (one[0], two[0], three[0]) == (True, True, False)
    assert [used for used, _ in one[1]] == [1, 1]
    assert [used for used, _ in three[1]] == [3, 2]
    assert all(0 < left <= seconds for (_, left), seconds in zip(three[1], (60, 600), strict=True))


async def test_a_window_ends(server: RedisServer) -> None:
    """Then there are as many points again; refused requests have not made it longer."""
    counters = RedisCounters(server.url, prefix="window:")
    ask = Ask("a", points=1, seconds=1)
    try:
        assert (await counters.take([ask]))[0]
        while not (await counters.take([ask]))[0]:
            await asyncio.sleep(0.05)
    finally:
        await counters.close()


async def test_two_hundred_at_once_take_no_more_than_there_are(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when there are more of them than connections."""
    # How long a request waits is not the question here; on a machine that does other things two hundred wait longer.
    monkeypatch.setattr(counting, "SECONDS", 30.0)
    counters = RedisCounters(server.url, prefix="crowd:")
    try:
        taken = await asyncio.gather(*(counters.take([Ask("a", points=50)]) for _ in range(200)))
    finally:
        await counters.close()

    assert [fits for fits, _ in taken].count(True) == 50


async def test_keys_may_hold_anything(server: RedisServer) -> None:
    """Spaces, colons, line breaks."""
    counters = RedisCounters(server.url, prefix="odd:")
    try:
        taken = [await counters.take([Ask(key)]) for key in ("a b", "a\r\nFLUSHALL\r\n", "é", "")]
    finally:
        await counters.close()

    assert [used for _, ((used, _),) in taken] == [1, 1, 1, 1]


async def test_nobody_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is told at once, and when one is there again it counts."""
    with redis_server(tmp_path_factory.mktemp("gone")) as server:
        counters = RedisCounters(server.url, prefix="gone:")
        try:
            await counters.take([Ask("a")])
            server.stop()
            with pytest.raises(Unreachable):
                await counters.take([Ask("a")])
            server.start()
            assert await counters.take([Ask("a")]) == (True, [(1, 60.0)])
        finally:
            await counters.close()


async def test_one_that_does_not_answer() -> None:
    """A quarter of a second is all that a request waits."""
    done = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        done.set()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    counters = RedisCounters(f"redis://127.0.0.1:{port}", prefix="silent:")
    try:
        with pytest.raises(Unreachable):
            await counters.take([Ask("a")])
    finally:
        await counters.close()
        await done.wait()
        listener.close()
