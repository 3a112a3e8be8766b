"""Codes that were earned, on both engines."""

import pytest

from roost.storage import Database, earned_invites, invites
from roost.storage.db import Tx
from roost.storage.invites import Invite
from roost.syntax import Did

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:web:alice.test")


async def test_a_code_is_for_one_and_from_whom_it_is_for(tables: Database) -> None:
    """A disabled one admits nobody."""
    await tables.write(lambda tx: earned_invites.add(tx, code="a", did=ALICE, disabled=False, now=10))
    await tables.write(lambda tx: earned_invites.add(tx, code="b", did=ALICE, disabled=True, now=20))

    assert await tables.read(lambda tx: invites.of_account(tx, ALICE, 10)) == [
        Invite("a", 1, 1, False, ALICE, 10, ALICE),
        Invite("b", 1, 1, True, ALICE, 20, ALICE),
    ]
    assert await tables.read(lambda tx: [invites.usable(tx, code) for code in "ab"]) == [True, False]


async def test_what_was_earned_and_is_open_is_counted(tables: Database) -> None:
    """Gifts are not counted, disabled codes were earned and are not open, and so are used ones."""

    def fill(tx: Tx) -> None:
        invites.add(tx, code="gift", uses=1, for_account=ALICE, now=30)
        for code, now in (("a", 10), ("b", 20), ("c", 30)):
            earned_invites.add(tx, code=code, did=ALICE, disabled=code == "b", now=now)
        invites.take(tx, "a")

    assert await tables.read(lambda tx: earned_invites.earned(tx, ALICE, after=0)) == (0, 0)
    await tables.write(fill)

    assert await tables.read(lambda tx: earned_invites.earned(tx, ALICE, after=0)) == (3, 1)
    assert await tables.read(lambda tx: earned_invites.earned(tx, ALICE, after=10)) == (2, 1)
