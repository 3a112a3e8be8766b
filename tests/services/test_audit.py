"""The audit log: nothing that is done is left out of it, and nothing is in it that was not done."""

import pytest

from roost.services.audit import BEGUN, Action, Audit
from roost.services.errors import InvalidRequest
from support.house import House, did_of

pytestmark = pytest.mark.anyio

ALICE = did_of("alice")


async def test_what_is_noted_in_the_change_stands_with_it(house: House) -> None:
    """Once; the block's end adds nothing."""
    audit = Audit(house.db, house.minter)

    async with audit.acting("a.b.c", actor="admin", address="1.2.3.4") as action:
        action.about(ALICE, did=ALICE)
        await house.db.write(lambda tx: action.note(tx, number=1))

    (entry,) = await audit.page(limit=10)
    assert (entry.method, entry.actor, entry.address, entry.at) == ("a.b.c", "admin", "1.2.3.4", 1_790_000_000_000)
    assert (entry.subject, entry.did, entry.changed, entry.outcome) == (ALICE, ALICE, {"number": 1}, "done")


async def test_what_is_forgotten_is_noted_at_the_end(house: House) -> None:
    """A method cannot leave itself out."""
    audit = Audit(house.db, house.minter)

    async with audit.acting("a.b.c", actor="admin"):
        pass

    (entry,) = await audit.page(limit=10)
    assert (entry.method, entry.outcome, entry.address) == ("a.b.c", "done", None)


def refuse(action: Action) -> None:
    """Refuse something of Alice's."""
    action.about(ALICE, did=ALICE)
    raise InvalidRequest("not hunter2")


async def test_what_is_refused_is_noted_by_the_errors_name(house: House) -> None:
    """Its text might quote what was sent."""
    audit = Audit(house.db, house.minter)

    with pytest.raises(InvalidRequest):
        async with audit.acting("a.b.c", actor="admin") as action:
            refuse(action)

    (entry,) = await audit.page(limit=10)
    assert (entry.outcome, entry.subject, entry.changed) == ("InvalidRequest", ALICE, {})


async def test_a_change_that_is_undone_was_not_done(house: House) -> None:
    """The note falls with it, and the refusal is noted instead."""
    audit = Audit(house.db, house.minter)

    def change(tx: object) -> None:
        action.note(tx)  # type: ignore[arg-type]  # a Tx
        raise InvalidRequest("no")

    with pytest.raises(InvalidRequest):
        async with audit.acting("a.b.c", actor="admin") as action:
            await house.db.write(change)

    assert [entry.outcome for entry in await audit.page(limit=10)] == ["InvalidRequest"]


async def test_what_reaches_beyond_the_database_has_a_beginning_and_an_end(house: House) -> None:
    """A crash in between leaves the beginning."""
    audit = Audit(house.db, house.minter)

    async with audit.acting("a.b.c", actor="admin") as action:
        await house.db.write(lambda tx: action.note(tx, outcome=BEGUN, what="mail"))
        assert [entry.outcome for entry in await audit.page(limit=10)] == ["begun"]

    assert [entry.outcome for entry in await audit.page(limit=10)] == ["done", "begun"]


async def test_an_accounts_own(house: House) -> None:
    """What was done to one account, page by page."""
    audit = Audit(house.db, house.minter)
    for n in range(4):
        async with audit.acting(str(n), actor="admin") as action:
            action.about("x", did=ALICE if n % 2 else did_of("bob"))

    first = await audit.page(limit=1, did=ALICE)
    rest = await audit.page(limit=9, did=ALICE, before=first[0].id)

    assert [entry.method for entry in (*first, *rest)] == ["3", "1"]
