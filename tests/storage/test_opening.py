"""Opening a database brings it up to date, on both engines."""

from pathlib import Path

import pytest

from roost.storage import accounts
from roost.storage.errors import DatabaseInUse
from roost.storage.opening import open_database
from support.tables import migrated

pytestmark = pytest.mark.anyio


async def test_opening_twice_changes_nothing(url: str) -> None:
    """The second opening finds all migrations applied, and the data there."""
    async with migrated(url) as db:
        await db.write(lambda tx: tx.run("UPDATE sequence SET last = 7"))

    async with migrated(url) as db:
        assert await db.read(lambda tx: (tx.one("SELECT last FROM sequence"), accounts.count(tx))) == ((7,), 0)


async def test_a_database_that_cannot_be_migrated_is_let_go(tmp_path: Path) -> None:
    """After a failed opening the data directory is free again."""
    url = f"sqlite:///{tmp_path}/roost.sqlite"
    async with migrated(url) as db:
        await db.write(lambda tx: tx.run("UPDATE schema_version SET checksum = 'another'"))

    for _ in range(2):
        with pytest.raises(Exception, match="0001") as refusal:
            await open_database(url, now=0)
        assert not isinstance(refusal.value, DatabaseInUse)
