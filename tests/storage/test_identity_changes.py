"""Changes of identities under way, on both engines."""

from functools import partial

import pytest

from roost.storage import Database, identity_changes
from roost.storage.errors import ConstraintFailed
from roost.storage.identity_changes import IdentityChange
from roost.syntax import Handle

pytestmark = pytest.mark.anyio

FIRST = IdentityChange(1, b"{}", Handle("alice.test"), None, 5)
SECOND = IdentityChange(2, b"[]", None, b"sealed", 7)


async def test_a_change_comes_back_as_it_was(tables: Database) -> None:
    """By its account, and among those that were begun before a time, oldest first."""
    for change in (SECOND, FIRST):
        await tables.write(partial(identity_changes.add, change=change))

    assert await tables.read(lambda tx: identity_changes.get(tx, 1)) == FIRST
    assert await tables.read(lambda tx: identity_changes.get(tx, 3)) is None
    assert await tables.read(lambda tx: identity_changes.pending(tx, 8)) == [FIRST, SECOND]
    assert await tables.read(lambda tx: identity_changes.pending(tx, 7)) == [FIRST]


async def test_a_change_is_removed_once(tables: Database) -> None:
    """Of two who settle it, one is told so."""
    await tables.write(lambda tx: identity_changes.add(tx, FIRST))

    assert [await tables.write(lambda tx: identity_changes.remove(tx, 1)) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "other", [IdentityChange(1, b"", None, None, 6), IdentityChange(3, b"", FIRST.handle, None, 6)]
)
async def test_one_change_an_account_and_one_account_a_handle(tables: Database, other: IdentityChange) -> None:
    """Whatever the callers have looked at, the database refuses a second."""
    await tables.write(lambda tx: identity_changes.add(tx, FIRST))

    with pytest.raises(ConstraintFailed):
        await tables.write(lambda tx: identity_changes.add(tx, other))
