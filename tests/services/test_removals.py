"""Removing what deleted accounts leave, a little in each transaction."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.services.background import Background
from roost.services.removals import ROWS, Removals
from roost.storage import nodes, removals
from roost.storage.db import Database, Tx
from support.tables import cid, migrated, rev

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """A database of its own."""
    async with migrated(f"sqlite:///{tmp_path}/roost.sqlite") as db:
        yield db


def fill(tx: Tx, count: int) -> None:
    """Give an account nodes."""
    nodes.put_many(tx, 1, rev(1), [(n, cid(f"{n}"), b"", (0,)) for n in range(1, count + 1)])


async def left(db: Database) -> tuple[int, list[int]]:
    """Count the rows that are left, and tell of which accounts any are."""
    return await db.read(lambda tx: (nodes.count(tx, 1), removals.pending(tx)))


async def test_an_account_is_removed_to_its_last_row(db: Database) -> None:
    """The first rows go with the account, the rest behind it."""
    background = Background()
    await db.write(lambda tx: fill(tx, 3 * ROWS + 1))

    await db.write(lambda tx: Removals(db, background).begin(tx, 1, events_below=0))
    at_once = await left(db)
    await background.drain()

    assert (at_once, await left(db)) == ((2 * ROWS + 1, [1]), (0, []))


async def test_what_a_stop_interrupted_is_gone_on_with(db: Database) -> None:
    """A process that dies in the middle leaves the rest to the next one."""
    await db.write(lambda tx: fill(tx, 2 * ROWS))
    await db.write(lambda tx: removals.add(tx, 1, events_below=0))
    background = Background()

    await Removals(db, background).resume()
    await background.drain()

    assert await left(db) == (0, [])


async def test_nothing_is_removed_when_the_deletion_fails(db: Database) -> None:
    """A deletion that is undone has removed no row, and starts nothing."""
    background = Background()
    await db.write(lambda tx: fill(tx, 2 * ROWS))

    def fail(tx: Tx) -> None:
        Removals(db, background).begin(tx, 1, events_below=0)
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await db.write(fail)
    await background.drain()

    assert await left(db) == (2 * ROWS, [])
