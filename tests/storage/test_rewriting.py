"""What migrations rewrite, on both engines."""

import orjson
import pytest

from roost.storage import records
from roost.storage.db import Database, Tx
from roost.storage.migrate import load, migrate
from support.tables import cid, rev

pytestmark = pytest.mark.anyio


async def test_records_are_shown_with_their_cids_from_then_on(db: Database) -> None:
    """However many there are; a record of any kind, those of other repositories as well."""
    migrations = load(db.dialect)
    await migrate(db, migrations[:11], now=0)
    paths = [(repo, f"a.b.c/{n:04d}") for repo in (1, 2, 9) for n in range(700)]

    def fill(tx: Tx) -> None:
        tx.run_many(
            "INSERT INTO record (repo, path, cid, rev, block, json) VALUES (?, ?, ?, ?, ?, ?)",
            [(repo, path, cid(path), rev(1), b"block", orjson.dumps({"it's": [repo, path]})) for repo, path in paths],
        )

    def stage(tx: Tx) -> None:
        tx.run_many(
            "INSERT INTO staged_record (k, path, stood, cid, block, json) VALUES (?, ?, 0, ?, ?, ?)",
            [(n, f"a.b.c/{n}", cid("x") if n % 2 else None, b"b", b"{}" if n % 2 else None) for n in range(1200)],
        )

    await db.write(fill)
    await db.write(stage)
    await migrate(db, migrations, now=0)
    staged = await db.read(lambda tx: tx.all("SELECT k, shown FROM staged_record ORDER BY k"))
    assert staged == [(n, bytes(records.Shown.of(cid("x"), b"{}")) if n % 2 else None) for n in range(1200)]

    def read(tx: Tx) -> list[object]:
        return [records.get(tx, repo, path) for repo, path in paths]

    assert await db.read(read) == [
        records.Shown.of(cid(path), orjson.dumps({"it's": [repo, path]})) for repo, path in paths
    ]
