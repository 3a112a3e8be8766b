"""The list of accounts whose keys are to be replaced, on both engines."""

from functools import partial

import pytest

from roost.storage import Database, Tx, accounts, key_rotations
from roost.syntax import Did, Handle

pytestmark = pytest.mark.anyio


def add(tx: Tx, did: str, name: str) -> int:
    """Add an account."""
    return accounts.add(
        tx, did=Did(did), handle=Handle(f"{name}.test"), email=None, password=None, signing_key=b"k", now=1
    )


async def test_a_list_is_gone_on_with_until_it_is_done(tables: Database) -> None:
    """Beginning again does not put back what is done; only once nothing is left everybody is on it anew."""
    alice = await tables.write(lambda tx: add(tx, "did:plc:" + "a" * 24, "alice"))
    bob = await tables.write(lambda tx: add(tx, "did:plc:" + "b" * 24, "bob"))
    await tables.write(lambda tx: add(tx, "did:web:carol.test", "carol"))

    await tables.write(key_rotations.begin)
    assert await tables.read(key_rotations.left) == [alice, bob]
    await tables.write(lambda tx: key_rotations.done(tx, alice))
    await tables.write(key_rotations.begin)
    assert await tables.read(key_rotations.left) == [bob]
    for account in (bob, 77):
        await tables.write(partial(key_rotations.done, account=account))
    assert await tables.read(key_rotations.left) == []
    await tables.write(key_rotations.begin)
    assert await tables.read(key_rotations.left) == [alice, bob]
