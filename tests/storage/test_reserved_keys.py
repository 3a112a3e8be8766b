"""Reserved keys as rows, on both engines."""

import pytest

from roost.storage import Database, reserved_keys
from roost.storage.reserved_keys import ReservedKey
from roost.syntax import Did

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:web:alice.test")
OF_ALICE = ReservedKey("did:key:a", ALICE, b"sealed", 10)
OF_NOBODY = ReservedKey("did:key:n", None, b"sealed", 20)


async def test_a_did_has_one_key(tables: Database) -> None:
    """The first stays; of those for nobody there are as many as one likes."""
    keys = [
        OF_ALICE,
        ReservedKey("did:key:b", ALICE, b"other", 11),
        OF_NOBODY,
        ReservedKey("did:key:m", None, b"s", 30),
    ]

    added = await tables.write(lambda tx: [reserved_keys.add(tx, key) for key in keys])

    assert added == [True, False, True, True]
    assert await tables.read(lambda tx: reserved_keys.by_did(tx, ALICE)) == OF_ALICE
    assert await tables.read(lambda tx: reserved_keys.get(tx, "did:key:n")) == OF_NOBODY
    assert await tables.read(reserved_keys.count) == 3


async def test_they_go_one_by_one_by_did_or_by_age(tables: Database) -> None:
    """The oldest is known, and those before a time go together."""
    assert await tables.read(reserved_keys.oldest) is None
    for key in (OF_NOBODY, OF_ALICE, ReservedKey("did:key:m", None, b"s", 30)):
        await tables.write(lambda tx, key=key: reserved_keys.add(tx, key))  # type: ignore[misc]  # bound at once

    assert await tables.read(reserved_keys.oldest) == OF_ALICE
    await tables.write(lambda tx: reserved_keys.delete_for(tx, ALICE))
    assert await tables.read(reserved_keys.oldest) == OF_NOBODY
    assert await tables.write(lambda tx: reserved_keys.drop_older(tx, 30)) == 1
    assert await tables.write(lambda tx: [reserved_keys.delete(tx, "did:key:m") for _ in range(2)]) == [True, False]
