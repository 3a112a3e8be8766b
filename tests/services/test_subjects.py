"""Taking down and restoring, without HTTP."""

from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.services.activation import Activation
from roost.services.audit import Audit
from roost.services.errors import UpstreamFailure
from roost.services.subjects import Mark, Status, Subjects
from support.town import Town, opened_town

pytestmark = pytest.mark.anyio


def subjects_of(town: Town) -> tuple[Subjects, Audit]:
    """Return the service, and the log."""
    house = town.house
    subjects = Subjects(house.db, Activation(house.db, town.check, house.minter), house.minter)
    return subjects, Audit(house.db, house.minter)


async def test_a_takedown_its_sessions_its_event_and_its_note_are_one(tmp_path: Path) -> None:
    """All of them are in one transaction, so there is never one without the others."""
    async with opened_town(tmp_path) as town:
        alice = await town.resident()
        await town.house.sessions.begin(alice)
        subjects, audit = subjects_of(town)

        async with audit.acting("takedown", actor="admin") as action:
            status = await subjects.set_account(alice.did, takedown=Mark(True, "7"), deactivated=None, action=action)

        assert status == await subjects.account(alice.did) == Status(Mark(True, "7"), Mark(False))
        assert await town.house.db.read(lambda tx: tx.all("SELECT id FROM session")) == []
        assert (await town.house.events())[-1][0] == "#account"
        (entry,) = await audit.page(limit=9)
        assert entry.changed == {"status": "takendown", "was": None, "ref": "7"}


async def broken(_verb: str, _path: str) -> Response | None:
    """Answer as a directory does whose database is gone."""
    return JSONResponse({}, 500)


async def test_without_a_directory_nobody_is_activated(tmp_path: Path) -> None:
    """Whether the DID leads here cannot be known then; the account stays as it is, and the refusal is noted."""
    async with opened_town(tmp_path) as town:
        alice = await town.resident()
        subjects, audit = subjects_of(town)
        async with audit.acting("deactivate", actor="admin") as action:
            await subjects.set_account(alice.did, takedown=None, deactivated=Mark(True), action=action)
        town.gate.before = broken

        with pytest.raises(UpstreamFailure):
            async with audit.acting("activate", actor="admin") as action:
                await subjects.set_account(alice.did, takedown=None, deactivated=Mark(False), action=action)

        assert (await subjects.account(alice.did)).deactivated == Mark(True)
        assert [entry.outcome for entry in await audit.page(limit=9)] == ["UpstreamFailure", "done"]
