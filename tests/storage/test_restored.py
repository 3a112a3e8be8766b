"""What an account brings along."""

import pytest

from roost.storage import Database, restored

pytestmark = pytest.mark.anyio


async def test_preferences_are_kept_as_they_come(tables: Database) -> None:
    """To the letter."""
    await tables.write(lambda tx: restored.preferences(tx, 7, b'[{"$type":"a"}]'))

    assert await tables.read(lambda tx: tx.all("SELECT account, json FROM preference")) == [(7, b'[{"$type":"a"}]')]
