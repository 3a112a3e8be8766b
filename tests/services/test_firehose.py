"""Following the log: no gap, no repetition, whoever is slow, and whatever is written meanwhile."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.services import events, firehose
from roost.services.errors import ConsumerTooSlow, FutureCursor, TooManyRequests
from roost.services.firehose import Firehose
from roost.services.tail import Tail
from roost.storage import events as log
from roost.storage.db import Tx
from support import postgres
from support.house import House, did_of, opened, opened_house
from support.sinks import Client, firehose_of, following

pytestmark = pytest.mark.anyio

DID = did_of("alice")
log_page = log.page


@pytest.fixture
async def hose(house: House) -> AsyncIterator[Firehose]:
    """The firehose of the house."""
    hose = firehose_of(house)
    yield hose
    await hose.close()


async def tell(house: House, count: int = 1, *, account: int = 1) -> int:
    """Append events, each in a transaction of its own, and return the number of the last."""
    seqs = await asyncio.gather(
        *[house.db.write(lambda tx: events.append_account(tx, account, DID, None, now=1000)) for _ in range(count)]
    )
    return seqs[-1]


async def prune(house: House, before: int) -> None:
    """Remove the events up to that number."""

    def remove(tx: Tx) -> None:
        tx.run("UPDATE event SET time = 0 WHERE seq <= ?", before)
        log.prune(tx, before=1, limit=10_000, max_bytes=1 << 30)

    await house.db.write(remove)


async def test_without_a_cursor_there_is_what_comes(house: House, hose: Firehose) -> None:
    """What was before is not sent; what comes is, the moment it is durable."""
    await tell(house, 3)
    client = Client()

    async with following(hose, client):
        assert client.frames == []
        await tell(house, 2)
        assert await client.until(5) == [4, 5]


async def test_after_a_cursor_there_is_all_that_came(house: House, hose: Firehose) -> None:
    """The events after the number, then those that come, each once."""
    await tell(house, 10)
    client, from_zero, negative = Client(), Client(), Client()

    async with following(hose, client, 4), following(hose, from_zero, 0), following(hose, negative, -7):
        await tell(house)

        assert await client.until(11) == list(range(5, 12))
        assert await from_zero.until(11) == await negative.until(11) == list(range(1, 12))


async def test_frames_are_sent_as_they_are_kept(house: House, hose: Firehose) -> None:
    """What stands in the log goes over the wire, byte by byte."""
    await tell(house, 3)
    client = Client()

    async with following(hose, client, 0):
        await client.until(3)

    assert client.frames == [frame for _, frame in await house.db.read(lambda tx: log.after(tx, 0, 10))]


async def test_a_cursor_from_the_future_is_refused(house: House, hose: Firehose) -> None:
    """Nobody can have seen what was never sent; the last event may be named, also one that a restored copy lost."""
    await tell(house, 3)

    with pytest.raises(FutureCursor, match=r"Cursor in the future\."):
        await hose.follow(Client(), after=4)
    async with following(hose, Client(), 3) as task:
        assert not task.done()
    await house.db.write(lambda tx: log.raise_floor(tx, 1000))
    async with following(hose, Client(), 1000) as task:
        assert not task.done()
    with pytest.raises(FutureCursor):
        await hose.follow(Client(), after=1001)


async def test_a_cursor_from_before_the_log_is_told(house: House, hose: Firehose) -> None:
    """Who was away for too long is told that something may be missing, and begins with what there is."""
    await tell(house, 10)
    await prune(house, 6)
    outdated, just, live = Client(), Client(), Client()

    async with following(hose, outdated, 5), following(hose, just, 6), following(hose, live):
        await tell(house)
        assert await outdated.until(11) == [6, 7, 8, 9, 10, 11]
        assert await just.until(11) == [7, 8, 9, 10, 11]
        assert await live.until(11) == [11]

    name, body = opened(outdated.frames[0])
    assert (name, body["name"]) == ("#info", "OutdatedCursor")
    assert [opened(client.frames[0])[0] for client in (just, live)] == ["#account", "#account"]


async def test_the_last_event_of_every_account_is_sent(house: House, hose: Firehose) -> None:
    """However old it is: from the first, and from any place among those that are left."""
    for account in range(1, 5):
        await tell(house, 3, account=account)
    await prune(house, 12)
    clients = {cursor: Client() for cursor in (0, 3, 7, 11)}

    async with contextlib.AsyncExitStack() as stack:
        for cursor, client in clients.items():
            await stack.enter_async_context(following(hose, client, cursor))
        await tell(house)
        told = {cursor: await client.until(13) for cursor, client in clients.items()}

    assert told == {0: [3, 6, 9, 12, 13], 3: [6, 9, 12, 13], 7: [9, 12, 13], 11: [12, 13]}
    assert [opened(client.frames[0])[0] for client in clients.values()] == ["#info"] * 4


async def test_an_outdated_cursor_behind_the_last_event_is_live(house: House, hose: Firehose) -> None:
    """Where nothing is left after it there is nothing to replay; what comes is sent, however far that falls behind."""
    await tell(house, 3)
    await prune(house, 3)
    await house.db.write(lambda tx: tx.run("DELETE FROM event"))
    client = Client()

    async with following(hose, client, 1):
        client.block()
        await tell(house, 2)
        client.free()

        assert await client.until(5) == [4, 5]
        assert opened(client.frames[0])[0] == "#info"


async def test_what_goes_while_an_outdated_one_reads_does_not_end_it(
    house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows that events may be missing until there are all again; from there on a gap would be news, and ends it."""
    monkeypatch.setattr(firehose, "PAGE_EVENTS", 2)
    for account in range(1, 7):
        await tell(house, 2, account=account)
    await prune(house, 8)
    client = Client(most=1)

    async with following(hose, client, 0) as task:
        client.free()
        assert await client.until(4) == [2, 4]
        await prune(house, 10)
        client.free()
        assert await client.until(8) == [2, 4, 6, 8]
        client.free()
        assert await client.until(11) == [2, 4, 6, 8, 10, 11]
        await prune(house, 12)
        await tell(house, 5)
        await prune(house, 16)
        client.free()

        with pytest.raises(ConsumerTooSlow, match="no longer kept"):
            await asyncio.wait_for(task, 5)


async def test_one_that_has_caught_up_is_not_outdated_any_more(
    house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was outdated once and has been live since is told of a gap like anybody."""
    monkeypatch.setattr(firehose, "Tail", lambda start: Tail(start, max_bytes=200))
    await tell(house, 4)
    await prune(house, 3)
    client = Client()

    async with following(hose, client, 0) as task, following(hose, Client()):
        await client.until(4)
        await tell(house)
        await client.until(5)
        client.block()
        await tell(house, 20)
        await asyncio.sleep(0.05)
        await prune(house, 20)
        client.free()

        with pytest.raises(ConsumerTooSlow, match="no longer kept"):
            await asyncio.wait_for(task, 5)
    assert client.seqs == [3, 4, 5]


async def test_all_who_are_live_cost_one_read(house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred followers are sent one event from one look at the log."""
    clients = [Client() for _ in range(100)]
    reads: list[int] = []

    def page(tx: Tx, seq: int, limit: int, max_bytes: int) -> list[tuple[int, bytes]]:
        reads.append(seq)
        return log_page(tx, seq, limit, max_bytes)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hose.follow(client, after=None)) for client in clients]
        await asyncio.sleep(0.05)
        with monkeypatch.context() as patched:
            patched.setattr(log, "page", page)
            await tell(house)
            for client in clients:
                assert await client.until(1) == [1]
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()

    assert len(reads) <= 3, "one finds the event, the next that it was the last, and one may be the poll"


async def test_a_reader_that_takes_nothing_delays_nobody(house: House, hose: Firehose) -> None:
    """Others are sent everything meanwhile; when it reads again it gets all it has missed, once."""
    slow, quick = Client(), Client()

    async with following(hose, slow), following(hose, quick):
        await tell(house)
        await asyncio.gather(slow.until(1), quick.until(1))
        slow.block()
        for _ in range(50):
            await tell(house)
        await quick.until(51)
        assert slow.seqs == [1]

        slow.free()

        assert await slow.until(51) == quick.seqs == list(range(1, 52))
        await tell(house)
        assert await slow.until(52) == await quick.until(52)


async def test_one_that_falls_out_of_memory_reads_the_log(
    house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far behind, a reader loses nothing while the log has it."""
    monkeypatch.setattr(firehose, "Tail", lambda start: Tail(start, max_bytes=2000))
    slow, quick = Client(), Client()

    async with following(hose, slow), following(hose, quick):
        await tell(house)
        await asyncio.gather(slow.until(1), quick.until(1))
        slow.block()
        for _ in range(20):
            await tell(house, 10)
        await quick.until(201)

        slow.free()

        assert await slow.until(201) == list(range(1, 202))


async def test_one_that_takes_nothing_for_long_is_given_up(
    house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told that it is too slow, and is followed no more."""
    monkeypatch.setattr(firehose, "BLOCKED_SECONDS", 0.1)
    client = Client()

    async with following(hose, client) as task:
        await tell(house)
        await client.until(1)
        client.block()
        await tell(house)

        with pytest.raises(ConsumerTooSlow, match="Stream consumer too slow"):
            await asyncio.wait_for(task, 5)

    assert await hose.standings() == []


async def test_one_that_the_log_has_overtaken_is_given_up(house: House, hose: Firehose) -> None:
    """Who reads more slowly than old events go would miss some: it is told, and can begin anew."""
    await tell(house, 10)
    client = Client(most=1)

    async with following(hose, client, 0) as task:
        await client.until(1)
        await tell(house, 2000)
        await prune(house, 1500)
        client.free()
        while not task.done():
            await asyncio.sleep(0.01)
            client.free()

        with pytest.raises(ConsumerTooSlow, match="no longer kept"):
            await task
    assert client.seqs == list(range(1, client.seqs[-1] + 1))


async def test_what_others_write_is_found(house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process on the same database wakes nobody here: the log is looked at now and then."""
    monkeypatch.setattr(firehose, "POLL_SECONDS", 0.05)
    deaf = Firehose(_Unwatched(house.db), house.minter, wrap=bytes)  # type: ignore[arg-type]  # a Database but for that
    client = Client()

    async with following(deaf, client):
        await tell(house)
        async with asyncio.timeout(5):
            while not client.taken:
                await asyncio.sleep(0.01)
    await deaf.close()


class _Unwatched:
    """A database that tells nobody of its writes."""

    def __init__(self, db: object) -> None:
        self._db = db

    def watch(self, _callback: object) -> None:
        """Forget who wants to know."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)


async def test_others_come_between_two_pages(house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many followers are behind, the loop is never kept for more than a page or two of the log."""
    monkeypatch.setattr(firehose, "PAGE_EVENTS", 5)
    await tell(house, 50)
    reads: list[int] = []

    def page(tx: Tx, seq: int, limit: int, max_bytes: int) -> list[tuple[int, bytes]]:
        reads.append(seq)
        return log_page(tx, seq, limit, max_bytes)

    monkeypatch.setattr(log, "page", page)
    clients = [Client() for _ in range(40)]
    tasks = [asyncio.create_task(hose.follow(client, after=0)) for client in clients]
    rounds = []
    while any(client.seqs[-1:] != [50] for client in clients):
        before = len(reads)
        await asyncio.sleep(0)
        rounds.append(len(reads) - before)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert sum(rounds) >= 40
    assert max(rounds) <= 3


async def test_there_is_a_limit_to_followers(house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs something, so there cannot be any number of them."""
    monkeypatch.setattr(firehose, "MAX_FOLLOWERS", 2)

    async with following(hose, Client()), following(hose, Client()):
        with pytest.raises(TooManyRequests):
            await hose.follow(Client(), after=None)
    async with following(hose, Client()) as task:
        assert not task.done()


async def test_it_can_be_told_how_everybody_is_doing(house: House, hose: Firehose) -> None:
    """Who follows, since when, where they are and how far behind."""
    await tell(house, 5)
    slow = Client("slow")
    slow.block()

    async with following(hose, slow, 2), following(hose, Client("quick"), 2):
        await asyncio.sleep(0.05)
        told = {each.peer: (each.cursor, each.behind, each.live) for each in await hose.standings()}

    assert told == {"slow": (2, 3, False), "quick": (5, 0, True)}
    assert await hose.standings() == []


async def test_a_log_that_cannot_be_read_is_tried_again(
    house: House, hose: Firehose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the database ends no stream that is live: what comes is sent when it can be read."""
    monkeypatch.setattr(firehose, "POLL_SECONDS", 0.05)
    client, page = Client(), log.page

    async with following(hose, client):
        with monkeypatch.context() as patched:
            patched.setattr(log, "page", lambda *args: 1 / 0)
            await tell(house)
            await asyncio.sleep(0.05)
        assert log.page is page

        assert await client.until(1) == [1]


@pytest.mark.parametrize("seed", range(5))
async def test_random_readers_see_everything_once(house: House, hose: Firehose, seed: int) -> None:
    """Readers that come, block, free themselves and go, under writers: each sees exactly what lies after its cursor."""
    await _storm(house, hose, random.Random(seed))


@pytest.mark.slow
async def test_so_they_do_on_postgres(tmp_path: Path) -> None:
    """Where reads run in threads beside the loop, the same holds."""
    url = postgres.schema_url()
    async with opened_house(tmp_path, url=url) as house:
        hose = firehose_of(house)
        for seed in range(5):
            await _storm(house, hose, random.Random(seed))
        await hose.close()


async def _storm(house: House, hose: Firehose, rng: random.Random) -> None:
    begun = await house.db.read(log.last_told)
    done = asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            await tell(house, rng.randint(1, 8))
            await asyncio.sleep(rng.choice([0, 0, 0.001]))

    async def read() -> None:
        await asyncio.sleep(rng.random() * 0.2)
        last = await house.db.read(log.last_told)
        after = rng.choice([rng.randint(begun, last), None])
        client = Client(most=rng.choice([None, 200, 3000]))
        async with following(hose, client, after):
            for _ in range(rng.randint(1, 60)):
                await asyncio.sleep(rng.random() * 0.005)
                client.free() if rng.random() < 0.7 else client.block()
        seen = client.seqs
        if seen:
            first = seen[0] if after is None else after + 1
            assert first > last or after is not None
            assert seen == list(range(first, first + len(seen)))

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write()) for _ in range(3)]
        await asyncio.gather(*[read() for _ in range(30)])
        done.set()
        await asyncio.gather(*writers)
