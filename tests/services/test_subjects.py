"""Taking down and restoring, without HTTP."""

import pytest

from roost.services.audit import Audit
from roost.services.subjects import Mark, Status, Subjects
from support.house import House

pytestmark = pytest.mark.anyio


async def test_a_takedown_its_sessions_its_event_and_its_note_are_one(house: House) -> None:
    """All of them are in one transaction, so there is never one without the others."""
    alice = await house.account()
    await house.sessions.begin(alice)
    audit, subjects = Audit(house.db, house.minter), Subjects(house.db, house.minter)

    async with audit.acting("takedown", actor="admin") as action:
        status = await subjects.set_account(alice.did, takedown=Mark(True, "7"), deactivated=None, action=action)

    assert status == await subjects.account(alice.did) == Status(Mark(True, "7"), Mark(False))
    assert await house.db.read(lambda tx: tx.all("SELECT id FROM session")) == []
    assert [name for name, _ in await house.events()][1:] == ["#account"]
    (entry,) = await audit.page(limit=9)
    assert entry.changed == {"status": "takendown", "was": None, "ref": "7"}
