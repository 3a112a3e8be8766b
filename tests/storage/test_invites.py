"""Invite codes, on both engines."""

import pytest

from roost.storage import Database, invites
from roost.storage.errors import ConstraintFailed
from roost.syntax import Did

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")


async def test_a_code_is_taken_as_often_as_it_has_uses(tables: Database) -> None:
    """Two uses admit two; an unknown code admits nobody, and codes differ by case."""
    await tables.write(lambda tx: invites.add(tx, code="c", uses=2, for_account="admin", now=1))

    taken = [await tables.write(lambda tx: invites.take(tx, "c")) for _ in range(3)]

    assert taken == [True, True, False]
    assert await tables.write(lambda tx: invites.take(tx, "C")) is False
    assert await tables.read(lambda tx: invites.usable(tx, "c")) is False


async def test_a_use_can_be_given_back_but_not_made(tables: Database) -> None:
    """Giving back restores a use, and never more than there were."""
    await tables.write(lambda tx: invites.add(tx, code="c", uses=1, for_account="admin", now=1))
    await tables.write(lambda tx: invites.take(tx, "c"))

    for _ in range(2):
        await tables.write(lambda tx: invites.give_back(tx, "c"))

    assert [await tables.write(lambda tx: invites.take(tx, "c")) for _ in range(2)] == [True, False]


async def test_an_account_uses_a_code_once(tables: Database) -> None:
    """Who was admitted by a code is noted, and not twice."""
    await tables.write(lambda tx: invites.used(tx, code="c", did=ALICE, now=1))

    with pytest.raises(ConstraintFailed):
        await tables.write(lambda tx: invites.used(tx, code="c", did=ALICE, now=2))
