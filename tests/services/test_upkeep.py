"""Looking after identities."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from starlette.responses import JSONResponse, Response

from roost.identity import plc
from roost.services.upkeep import AT_A_TIME, HOUR, IDLE_SECONDS, PAUSE_SECONDS, UNSURE_MOST, Verdict
from roost.storage import accounts, identity_changes
from roost.storage.accounts import Account
from roost.storage.identity_changes import IdentityChange
from roost.syntax import Handle
from support.town import OWNER, ROTATION, Town, document, opened_town

pytestmark = pytest.mark.anyio

OWN = "alice.example.com"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose directory is given half a second."""
    async with opened_town(tmp_path, timeout=0.5) as town:
        yield town


async def told(town: Town) -> list[object]:
    """Return the handles that #identity events have told."""
    return [body.get("handle") for name, body in await town.house.events() if name == "#identity"]


async def shown(town: Town, account: Account) -> str:
    """Return the handle that is shown of an account."""
    return (await town.now(account)).public_handle


async def owner_of_a_domain(town: Town) -> Account:
    """Make an account with a handle of its own."""
    alice = await town.resident(recovery=(OWNER,))
    town.txt[OWN] = [f"did={alice.did}"]
    await town.renaming.update(alice.id, Handle.parse(OWN))
    return await town.now(alice)


async def test_what_is_in_order_stays(town: Town) -> None:
    """Nothing is told, and nobody looks again for a day."""
    alice = await town.resident()

    assert await town.upkeep.look(alice.id) is Verdict.VALID

    assert await told(town) == []
    assert await shown(town, alice) == "alice.test"


async def test_a_domain_that_leads_elsewhere_and_back(town: Town) -> None:
    """Meanwhile the handle is invalid; each change is told once."""
    alice = await owner_of_a_domain(town)
    town.txt[OWN] = ["did=did:web:somebody.else"]
    for _ in range(2):
        assert await town.upkeep.look(alice.id) is Verdict.INVALID
    assert await shown(town, alice) == "handle.invalid"
    assert await town.identity.hosted(Handle(OWN)) is None

    town.txt[OWN] = [f"did={alice.did}"]
    for _ in range(2):
        assert await town.upkeep.look(alice.id) is Verdict.VALID

    assert await shown(town, alice) == OWN
    assert await told(town) == [OWN, "handle.invalid", OWN]


async def test_a_domain_that_is_silent_is_given_a_day(town: Town) -> None:
    """A nameserver that is down for an afternoon costs nobody their handle; one that stays down does."""
    alice = await owner_of_a_domain(town)
    town.dns.broken = True
    for _ in range(UNSURE_MOST - 1):
        # With DNS down, the missing file at the handle's host is no answer either.
        await town.upkeep.look(alice.id)
    assert await shown(town, alice) == OWN

    await town.upkeep.look(alice.id)
    assert await shown(town, alice) == "handle.invalid"


async def test_an_answer_ends_the_count(town: Town) -> None:
    """The hours in which nobody can tell must be in a row."""
    alice = await owner_of_a_domain(town)
    for _ in range(2):
        town.dns.broken = True
        for _ in range(UNSURE_MOST - 1):
            await town.upkeep.look(alice.id)
        town.dns.broken = False
        assert await town.upkeep.look(alice.id) is Verdict.VALID

    assert await shown(town, alice) == OWN


async def test_a_directory_that_is_down_is_no_verdict(town: Town) -> None:
    """Nobody's handle is lost because the directory is."""
    alice = await town.resident()

    async def down(_verb: str, _path: str) -> Response:
        return JSONResponse({}, 503)

    town.gate.before = down

    assert await town.upkeep.look(alice.id) is Verdict.UNSURE
    assert await shown(town, alice) == "alice.test"


@pytest.mark.parametrize("handle", ["alison.test", "alison.example.com"])
async def test_a_handle_that_its_owner_changed_elsewhere_is_taken_over(town: Town, handle: str) -> None:
    """A name of ours that may be had, or a domain that leads to the DID: it is the account's here too."""
    alice = await town.resident(recovery=(OWNER,))
    town.txt["alison.example.com"] = [f"did={alice.did}"]
    await town.change(alice, OWNER, lambda state: state.with_handle(Handle(handle)))

    assert await town.upkeep.look(alice.id) is Verdict.VALID

    assert (await town.now(alice)).handle == handle
    assert await told(town) == [handle]


@pytest.mark.parametrize("handle", ["bob.test", "about.test", "a.test", "elsewhere.example.com", "alison.local"])
async def test_a_handle_that_nobody_may_have_is_not_taken_over(town: Town, handle: str) -> None:
    """Putting a name into one's DID does not make it one's own: then no handle is valid."""
    alice = await town.resident(recovery=(OWNER,))
    await town.resident("bob")
    await town.change(alice, OWNER, lambda state: state.with_handle(Handle(handle)))

    assert await town.upkeep.look(alice.id) is Verdict.INVALID

    assert (await town.now(alice)).handle == "alice.test"
    assert await told(town) == ["handle.invalid"]


async def test_a_did_that_names_no_handle(town: Town) -> None:
    """Without a claim there is no handle."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(
        alice, OWNER, lambda state: plc.State(state.rotation_keys, state.verification_methods, (), state.services)
    )

    assert await town.upkeep.look(alice.id) is Verdict.INVALID


async def test_a_did_that_has_ended(town: Town) -> None:
    """Neither has an identity that is no more."""
    alice = await town.resident()
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)
    await town.directory.submit(alice.did, plc.tombstone(last, ROTATION))

    assert await town.upkeep.look(alice.id) is Verdict.INVALID


async def test_a_did_web_is_looked_at_too(town: Town) -> None:
    """Its document is followed as any other."""
    webster = await town.web_resident()
    assert await town.upkeep.look(webster.id) is Verdict.VALID

    key = await town.house.repos.signing_key(webster)
    town.web.update(document(webster.did, "weaver.test", key, "https://pds.test"))

    assert await town.upkeep.look(webster.id) is Verdict.VALID
    assert (await town.now(webster)).handle == "weaver.test"


async def test_accounts_that_are_not_active_are_left_alone(town: Town) -> None:
    """One that is moving in still has the handle of its old host in its document."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(alice, OWNER, lambda state: state.with_handle(Handle("alice.old-host.example")))
    await town.house.db.write(lambda tx: accounts.set_deactivated(tx, alice.id, 1))

    assert await town.upkeep.look(alice.id) is None
    assert await town.upkeep.look(77) is None

    assert await told(town) == []


async def test_a_change_meanwhile_wins(town: Town) -> None:
    """What was seen of a handle that is no longer the account's is of no use."""
    alice = await town.resident()
    seen = await town.now(alice)
    await town.renaming.update(alice.id, Handle("alison.test"))

    await town.house.db.write(lambda tx: town.upkeep._note(tx, seen, Verdict.INVALID))
    await town.upkeep._adopt(seen, Handle("albert.test"))

    assert await shown(town, alice) == "alison.test"
    assert await told(town) == ["alison.test"]


async def test_work_goes_through_what_is_due(town: Town) -> None:
    """A few accounts at a time, each once a day; a lost handle is looked at every hour."""
    people = [await town.resident(f"person{n}") for n in range(AT_A_TIME + 1)]
    assert await town.upkeep.work() == IDLE_SECONDS
    town.house.clock.turn(seconds=86_400)

    assert await town.upkeep.work() == PAUSE_SECONDS
    looked = len([path for verb, path in town.gate.asked if verb == "GET" and not path.endswith("/last")])
    assert await town.upkeep.work() == IDLE_SECONDS

    assert looked == AT_A_TIME
    await town.change(people[0], ROTATION, lambda state: state.with_handle(Handle("x.example.com")))
    town.house.clock.turn(seconds=86_400)
    while await town.upkeep.work() == PAUSE_SECONDS:
        pass
    assert await shown(town, people[0]) == "handle.invalid"
    await town.change(people[0], ROTATION, lambda state: state.with_handle(people[0].handle))
    town.house.clock.turn(seconds=HOUR / 1000)
    await town.upkeep.work()
    assert await shown(town, people[0]) == people[0].handle


async def test_the_first_work_settles_what_a_crash_has_left(town: Town) -> None:
    """However young it is: nobody else is at it."""
    alice = await town.resident()
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)
    new = Handle("alison.test")
    operation = plc.update(last, last.state.with_handle(new), ROTATION)
    raw = orjson.dumps(plc.to_json(operation))
    left = IdentityChange(alice.id, raw, new, None, town.house.minter.milliseconds())
    await town.house.db.write(lambda tx: identity_changes.add(tx, left))
    await town.directory.submit(alice.did, operation)

    await town.upkeep.work()

    assert (await town.now(alice)).handle == new
