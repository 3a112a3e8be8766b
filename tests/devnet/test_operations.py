"""The directory's memory."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from roost.devnet import operations
from roost.identity import plc
from roost.identity.errors import InvalidSignature
from roost.storage.sqlite import SqliteDatabase
from support.network import KEYS, state_of

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=dt.UTC)


async def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """An entry comes back whole, its time cut to the millisecond it is told in."""
    db = SqliteDatabase(tmp_path / "plc.sqlite")
    await operations.create_table(db)
    first = plc.genesis(state_of("alice"), KEYS[0])
    did = plc.did_of(first)

    entry = await db.write(lambda tx: operations.append(tx, did, first, now=NOW))

    assert await db.read(lambda tx: operations.live(tx, did)) == [entry]
    assert entry.created_at == NOW.replace(microsecond=123_000)
    await db.close()


async def test_a_refused_operation_leaves_nothing(tmp_path: Path) -> None:
    """An operation that may not join changes nothing."""
    db = SqliteDatabase(tmp_path / "plc.sqlite")
    await operations.create_table(db)
    first = plc.genesis(state_of("alice").with_rotation_keys(KEYS[0].public.did_key), KEYS[0])
    did = plc.did_of(first)
    await db.write(lambda tx: operations.append(tx, did, first, now=NOW))

    stolen = plc.update(first, state_of("thief"), KEYS[1])

    with pytest.raises(InvalidSignature):
        await db.write(lambda tx: operations.append(tx, did, stolen, now=NOW))

    assert len(await db.read(lambda tx: operations.every(tx, did))) == 1
    await db.close()


async def test_the_table_is_made_once(tmp_path: Path) -> None:
    """Starting again on an old file is no error."""
    db = SqliteDatabase(tmp_path / "plc.sqlite")

    await operations.create_table(db)
    await operations.create_table(db)

    assert await db.read(lambda tx: operations.after_seq(tx, 0, limit=10)) == []
    await db.close()
