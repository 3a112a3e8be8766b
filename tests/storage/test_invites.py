"""Invite codes, on both engines."""

import pytest

from roost.storage import Database, Tx, accounts, invites
from roost.storage.errors import ConstraintFailed
from roost.syntax import Did, Handle

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


async def test_lists_in_two_orders(tables: Database) -> None:
    """The newest, or those with the most uses taken, first; a place in the list is where one goes on."""

    def fill(tx: Tx) -> None:
        for n, code in enumerate("abcde"):
            invites.add(tx, code=code, uses=10, for_account="admin", now=n // 2)
            for _ in range(n % 3):
                invites.take(tx, code)

    await tables.write(fill)

    def codes(tx: Tx, *, used: bool) -> list[str]:
        found: list[str] = []
        after: tuple[int, str] | None = None
        while page := (invites.most_used if used else invites.newest)(tx, 2, after=after):
            found += [each.code for each in page]
            last = page[-1]
            after = (last.uses - last.available if used else last.created_at, last.code)
        return found

    assert await tables.read(lambda tx: codes(tx, used=False)) == ["e", "d", "c", "b", "a"]
    assert await tables.read(lambda tx: codes(tx, used=True)) == ["c", "e", "b", "d", "a"]


async def test_whose_codes_they_are_and_whom_they_admitted(tables: Database) -> None:
    """Both ways: from an account to codes, and from a code to accounts."""
    bob = Did.parse("did:web:bob.test")

    def fill(tx: Tx) -> None:
        invites.add(tx, code="c", uses=2, for_account=ALICE, now=1)
        invites.add(tx, code="d", uses=2, for_account="admin", now=1)
        invites.used(tx, code="c", did=bob, now=5)

    await tables.write(fill)

    own = await tables.read(lambda tx: invites.of_account(tx, ALICE, 10))
    admitted = await tables.read(lambda tx: invites.that_admitted(tx, bob))
    assert [each.code for each in own] == ["c"]
    assert admitted == own[0]
    assert await tables.read(lambda tx: invites.that_admitted(tx, ALICE)) is None
    assert await tables.read(lambda tx: invites.uses_of(tx, "c", 10)) == [invites.Use(bob, 5)]


async def test_a_disabled_code_admits_nobody(tables: Database) -> None:
    """It is told whether that is new; an account's are disabled together."""

    def fill(tx: Tx) -> None:
        for code in "cde":
            invites.add(tx, code=code, uses=2, for_account=ALICE, now=1)

    await tables.write(fill)

    assert await tables.write(lambda tx: [invites.disable(tx, code) for code in "ccx"]) == [True, False, False]
    assert await tables.write(lambda tx: invites.take(tx, "c")) is False
    assert await tables.write(lambda tx: invites.disable_of(tx, ALICE)) == 2
    assert await tables.read(lambda tx: [each.disabled for each in invites.of_account(tx, ALICE, 9)]) == [True] * 3


async def test_codes_of_a_takendown_account_are_void(tables: Database) -> None:
    """Until it is restored."""

    def make(tx: Tx) -> int:
        invites.add(tx, code="c", uses=1, for_account=ALICE, now=1)
        handle = Handle.parse("alice.test")
        return accounts.add(tx, did=ALICE, handle=handle, email=None, password=None, signing_key=b"", now=1)

    account = await tables.write(make)

    await tables.write(lambda tx: accounts.set_takedown(tx, account, "spam"))
    assert await tables.read(lambda tx: invites.usable(tx, "c")) is False
    assert await tables.write(lambda tx: invites.take(tx, "c")) is False
    await tables.write(lambda tx: accounts.set_takedown(tx, account, None))
    assert await tables.write(lambda tx: invites.take(tx, "c")) is True


async def test_a_code_with_nul_is_none(tables: Database) -> None:
    """On either engine: PostgreSQL could not even be asked for it."""
    assert await tables.read(lambda tx: invites.usable(tx, "a\0b")) is False
    assert await tables.write(lambda tx: invites.disable(tx, "a\0b")) is False
