"""What is PostgreSQL's alone: connections that are lost, and other processes that write."""

import asyncio
import threading
from collections.abc import AsyncIterator

import psycopg
import pytest

from roost import storage
from roost.storage.db import Database, Tx
from roost.storage.errors import CommitFailed, QueryFailed
from support import postgres

pytestmark = pytest.mark.anyio


@pytest.fixture
def url() -> str:
    """The URL of an empty schema, with a name of our own for its connections."""
    return f"{postgres.schema_url()}&application_name=lost"


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """A database with a counter."""
    db = storage.open(url)
    await db.write(lambda tx: tx.run("CREATE TABLE counter (n BIGINT NOT NULL)"))
    await db.write(lambda tx: tx.run("INSERT INTO counter (n) VALUES (0)"))
    yield db
    await db.close()


def value(tx: Tx) -> int:
    """Return what the counter stands at."""
    (n,) = tx.one("SELECT n FROM counter") or (-1,)
    return int(n)


def increment(tx: Tx) -> None:
    """Read, then write: what another process must not come between."""
    tx.run("UPDATE counter SET n = ?", value(tx) + 1)


def cut_connections(url: str) -> None:
    """Have the server end every connection of the database under test."""
    with psycopg.connect(url, autocommit=True, application_name="axe") as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost'")


async def test_a_connection_lost_between_transactions_is_made_anew(db: Database, url: str) -> None:
    """Nobody notices, neither writers nor readers."""
    await db.write(increment)
    assert await db.read(value) == 1

    cut_connections(url)

    await db.write(increment)
    assert await db.read(value) == 2


async def test_a_batch_in_flight_when_the_connection_is_lost_fails(db: Database, url: str) -> None:
    """Whatever became of it, it is not acknowledged; the next write works."""
    heard: list[bool] = []

    def cut(tx: Tx) -> None:
        tx.after(heard.append)
        increment(tx)
        cut_connections(url)

    results = await asyncio.gather(db.write(increment), db.write(cut), return_exceptions=True)

    assert [CommitFailed, CommitFailed] == [type(result) for result in results]
    assert heard == [False]
    await db.write(increment)
    assert await db.read(value) == 1


async def test_a_read_in_flight_when_the_connection_is_lost_fails(db: Database, url: str) -> None:
    """The next one works."""

    def cut(tx: Tx) -> int:
        cut_connections(url)
        return value(tx)

    with pytest.raises(QueryFailed):
        await db.read(cut)

    assert await db.read(value) == 0


async def test_processes_take_turns_in_writing(db: Database, url: str) -> None:
    """What a function has read still holds when it writes, whoever else writes; so no increment is lost."""
    other = storage.open(url)

    await asyncio.gather(*(each.write(increment) for _ in range(50) for each in (db, other)))
    await other.close()

    assert await db.read(value) == 100


async def test_reads_run_beside_each_other(db: Database) -> None:
    """One that waits does not keep others waiting."""
    go = threading.Event()
    slow = asyncio.ensure_future(db.read(lambda _: go.wait(5)))

    assert await db.read(value) == 0
    go.set()

    assert await slow


async def test_a_read_is_one_snapshot(db: Database) -> None:
    """Whatever is committed between its statements."""
    loop = asyncio.get_running_loop()

    def twice(tx: Tx) -> tuple[int, int]:
        first = value(tx)
        asyncio.run_coroutine_threadsafe(db.write(increment), loop).result(5)
        return first, value(tx)

    assert await db.read(twice) == (0, 0)
    assert await db.read(value) == 1


async def test_durability_is_turned_on_where_it_is_off(url: str) -> None:
    """An operator may have turned it off for another application."""
    db = storage.open(f"{url.replace('options=', 'options=-csynchronous_commit%3Doff%20')}")

    setting = await db.write(lambda tx: tx.one("SHOW synchronous_commit"))
    await db.close()

    assert setting == ("on",)


def test_a_server_that_is_not_there_is_an_error_by_name(tmp_path: str) -> None:
    """At the start, where an operator sees it."""
    with pytest.raises(QueryFailed, match="No such file or directory"):
        storage.open(f"postgresql:///postgres?host={tmp_path}")
