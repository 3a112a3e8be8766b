"""Preferences, on both engines."""

import pytest

from roost.storage import Database, preferences

pytestmark = pytest.mark.anyio


async def test_an_account_has_one_text(tables: Database) -> None:
    """A new one takes its place; deleting one account's leaves those of others."""
    for account, json in ((1, b"[1]"), (1, b"[2]"), (2, b"[3]")):
        await tables.write(lambda tx, a=account, j=json: preferences.put(tx, a, j))  # type: ignore[misc]
    before = [await tables.read(lambda tx, a=account: preferences.get(tx, a)) for account in (1, 2, 3)]  # type: ignore[misc]
    await tables.write(lambda tx: preferences.delete_of(tx, 1))
    after = [await tables.read(lambda tx, a=account: preferences.get(tx, a)) for account in (1, 2)]  # type: ignore[misc]

    assert (before, after) == ([b"[2]", b"[3]", None], [None, b"[3]"])
