"""Changes of identities, whatever the PLC directory does in the middle of one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.services.errors import (
    AccountNotFound,
    HandleTaken,
    InvalidRequest,
    ServiceError,
    TooManyRequests,
    UpstreamFailure,
    UpstreamTimeout,
)
from roost.services.identity_changes import GIVE_UP_AFTER, SETTLE_AFTER, Change
from roost.storage import accounts, heads, identity_changes, staging
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.storage.identity_changes import IdentityChange
from roost.syntax import Did, Handle
from support.house import did_of
from support.town import OWNER, ROTATION, Town, opened_town, without

pytestmark = pytest.mark.anyio

NEW = Handle.parse("alison.test")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose directory is given half a second."""
    async with opened_town(tmp_path, timeout=0.5) as town:
        yield town


async def rename(town: Town, account: Account, handle: Handle = NEW) -> None:
    """Change a handle on both sides."""
    await town.changes.edit(account.id, lambda state: state.with_handle(handle), Change(handle))


async def told(town: Town, account: Account) -> list[tuple[str, object]]:
    """Return the events of an account after its first commit, each with the handle that it tells."""
    found: list[tuple[str, object]] = [
        (name, body.get("handle"))
        for name, body in await town.house.events()
        if account.did in (body.get("did"), body.get("repo"))
    ]
    return found[1:]


async def both(town: Town, account: Account) -> tuple[str, str]:
    """Return the handle that is here, and the one that the directory has."""
    return (await town.now(account)).handle, (await town.state(account)).also_known_as[0].removeprefix("at://")


async def under_way(town: Town, account: Account) -> bool:
    """Return whether a change of the account is not settled."""
    return await town.house.db.read(lambda tx: identity_changes.get(tx, account.id)) is not None


async def test_both_sides_change(town: Town) -> None:
    """The directory, the row and the event say the same, and nothing is left to settle."""
    alice = await town.resident()

    await rename(town, alice)

    assert await both(town, alice) == (NEW, NEW)
    assert await told(town, alice) == [("#identity", NEW)]
    assert not await under_way(town, alice)


async def test_what_is_so_already_is_only_told(town: Town) -> None:
    """A repeated change asks the directory for no operation: it takes ten an hour of one DID."""
    alice = await town.resident()
    await rename(town, alice)
    posted = town.gate.posted()

    await rename(town, alice)

    assert town.gate.posted() == posted
    assert await told(town, alice) == [("#identity", NEW), ("#identity", NEW)]


async def test_what_the_owner_changed_with_a_key_of_their_own_is_kept(town: Town) -> None:
    """Every other field of the last operation is carried over."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(
        alice,
        OWNER,
        lambda state: plc.State(
            state.rotation_keys,
            {**state.verification_methods, "labeler": OWNER.public.did_key},
            (*state.also_known_as, "https://alice.example"),
            {**state.services, "labeler": plc.Service("Labeler", "https://l.example")},
        ),
    )

    await rename(town, alice)

    state = await town.state(alice)
    assert state.also_known_as == (f"at://{NEW}", "https://alice.example")
    assert state.verification_methods["labeler"] == OWNER.public.did_key
    assert state.services["labeler"].endpoint == "https://l.example"
    assert state.rotation_keys == (OWNER.public.did_key, ROTATION.public.did_key)


async def test_a_server_whose_key_was_taken_away_is_told_so(town: Town) -> None:
    """The DID's owner may shut this server out; then it does not even ask."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(alice, OWNER, lambda state: without(state, ROTATION))
    posted = town.gate.posted()

    with pytest.raises(InvalidRequest, match="rotation key is not among"):
        await rename(town, alice)

    assert town.gate.posted() == posted
    assert await both(town, alice) == ("alice.test", "alice.test")


async def test_an_owner_who_changed_the_did_alone_is_followed(town: Town) -> None:
    """What the DID says already needs no key of ours."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(alice, OWNER, lambda state: without(state.with_handle(NEW), ROTATION))

    await rename(town, alice)

    assert await both(town, alice) == (NEW, NEW)


async def _slow() -> Response:
    await asyncio.sleep(1)
    return PlainTextResponse("OK")


async def _endless() -> Response:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(100_000):
            yield b"x" * 65_536

    return StreamingResponse(body())


async def _said(status: int, text: str = "no") -> Response:
    return JSONResponse({"message": text}, status)


HOSTILE = {
    "slow": (_slow, UpstreamTimeout),
    "endless": (_endless, UpstreamFailure),
    "500": (lambda: _said(500), UpstreamFailure),
    "503": (lambda: _said(503), UpstreamFailure),
    "redirect": (lambda: _said(302), UpstreamFailure),
    "400": (lambda: _said(400, "Invalid signature on op"), InvalidRequest),
    "409": (lambda: _said(409), InvalidRequest),
    "429": (lambda: _said(429), TooManyRequests),
}


@pytest.mark.parametrize("habit", HOSTILE)
async def test_a_hostile_directory_changes_nothing(town: Town, habit: str) -> None:
    """Whatever it answers to an operation that it does not take: a named error, and both sides are as they were."""
    answer, error = HOSTILE[habit]
    alice = await town.resident()

    async def instead(verb: str, _path: str) -> Response | None:
        return await answer() if verb == "POST" else None

    town.gate.before = instead
    with pytest.raises(error) as caught:
        await rename(town, alice)

    # Whether an endless answer first becomes too long or too late is the machine's to say.
    assert type(caught.value) is error or habit == "endless"
    assert await both(town, alice) == ("alice.test", "alice.test")
    assert await told(town, alice) == []


@pytest.mark.parametrize("habit", ["slow", "endless", "500"])
async def test_a_hostile_directory_that_cannot_be_asked_first(town: Town, habit: str) -> None:
    """Without the last operation nothing is begun."""
    answer, error = HOSTILE[habit]
    alice = await town.resident()

    async def instead(_verb: str, _path: str) -> Response | None:
        return await answer()

    town.gate.before = instead
    with pytest.raises(error):
        await rename(town, alice)

    town.gate.before = type(town.gate).before
    assert not await under_way(town, alice)
    assert await told(town, alice) == []


@pytest.mark.parametrize("lie", [b"[]", b'{"type": "plc_operation"}', b'"x"', b"<html>", b'{"type": 7}'])
async def test_a_lying_directory_is_not_believed(town: Town, lie: bytes) -> None:
    """A last operation that is none is a broken answer, not a broken server."""
    alice = await town.resident()

    async def instead(verb: str, _path: str) -> Response | None:
        return Response(lie, media_type="application/json") if verb == "GET" else None

    town.gate.before = instead
    with pytest.raises(UpstreamFailure):
        await rename(town, alice)


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_that_was_lost_does_not_matter(town: Town, status: int) -> None:
    """A directory that took the operation and then failed to say so has taken it."""
    alice = await town.resident()

    async def lost(verb: str, _path: str) -> Response | None:
        if verb != "POST":
            return None
        return await (_slow() if status == 200 else _said(500))

    town.gate.after = lost
    await rename(town, alice)

    assert await both(town, alice) == (NEW, NEW)
    assert await told(town, alice) == [("#identity", NEW)]
    assert not await under_way(town, alice)


async def _interrupt(town: Town, alice: Account, *, taken: bool) -> None:
    """Begin a change whose end nobody learns of: the directory takes the operation or not, and is gone then."""

    async def gone(verb: str, path: str) -> Response | None:
        posted = town.gate.posted() > before
        return await _said(503) if posted and (verb == "GET" or not taken) else None

    async def lost(verb: str, _path: str) -> Response | None:
        return await _said(503) if verb == "POST" else None

    before = town.gate.posted()
    town.gate.before, town.gate.after = gone, lost
    with pytest.raises(UpstreamFailure):
        await rename(town, alice)
    town.gate.before = town.gate.after = type(town.gate).before
    assert await under_way(town, alice)


@pytest.mark.parametrize("taken", [True, False])
async def test_what_was_left_open_is_settled_by_what_the_directory_has(town: Town, taken: bool) -> None:
    """Afterwards both sides agree again, on the new handle or on the old one."""
    alice = await town.resident()
    await _interrupt(town, alice, taken=taken)

    town.house.clock.turn(seconds=GIVE_UP_AFTER / 1000 + 1)
    assert await town.changes.settle() == 0

    handle = NEW if taken else "alice.test"
    assert await both(town, alice) == (handle, handle)
    assert await told(town, alice) == ([("#identity", NEW)] if taken else [])
    assert not await under_way(town, alice)


async def test_a_start_settles_at_once_what_the_directory_has(town: Town) -> None:
    """After a crash nobody else is at work: a minute's wait would be for nothing."""
    alice = await town.resident()
    await _interrupt(town, alice, taken=True)

    assert await town.changes.settle() == 0
    assert await under_way(town, alice)
    assert await town.changes.settle(min_age=0) == 0

    assert await both(town, alice) == (NEW, NEW)


async def test_what_nobody_can_tell_of_is_kept(town: Town) -> None:
    """While the directory is gone a change stays open, however long."""
    alice = await town.resident()
    await _interrupt(town, alice, taken=True)
    town.house.clock.turn(seconds=GIVE_UP_AFTER)
    town.gate.before = lambda *_: _said(503)

    assert await town.changes.settle() == 1

    assert await under_way(town, alice)


async def test_an_operation_on_its_way_is_waited_for(town: Town) -> None:
    """What the directory does not have may still reach it; so a second change waits a minute, and then goes ahead."""
    alice = await town.resident()
    await _interrupt(town, alice, taken=False)
    with pytest.raises(TooManyRequests, match="try again in a minute"):
        await rename(town, alice, Handle.parse("other.test"))

    town.house.clock.turn(seconds=SETTLE_AFTER / 1000)
    await rename(town, alice, Handle.parse("other.test"))

    assert await both(town, alice) == ("other.test", "other.test")


async def test_a_second_try_finds_the_first_done(town: Town) -> None:
    """Whoever asks again after an error gets what they asked for."""
    alice = await town.resident()
    await _interrupt(town, alice, taken=True)

    await rename(town, alice)

    assert await both(town, alice) == (NEW, NEW)
    assert not await under_way(town, alice)


async def test_a_handle_on_its_way_is_nobody_elses(town: Town) -> None:
    """Until a change is settled its handle is taken."""
    alice, bob = await town.resident(), await town.resident("bob")
    await _interrupt(town, alice, taken=False)

    with pytest.raises(HandleTaken):
        await rename(town, bob)
    assert await town.house.db.read(lambda tx: accounts.handle_taken(tx, NEW, 0))


async def test_many_accounts_want_one_handle(town: Town) -> None:
    """One gets it; the DIDs of the others still say what they said."""
    people = [await town.resident(f"person{n}") for n in range(16)]

    got = await asyncio.gather(*[rename(town, each) for each in people], return_exceptions=True)

    assert sorted(type(each).__name__ for each in got) == ["HandleTaken"] * 15 + ["NoneType"]
    for person, outcome in zip(people, got, strict=True):
        handle = NEW if outcome is None else person.handle
        assert await both(town, person) == (handle, handle)


async def test_one_account_wants_many_handles(town: Town) -> None:
    """They come one after another, and both sides end with the same one."""
    alice = await town.resident()

    await asyncio.gather(*[rename(town, alice, Handle.parse(f"alice{n}.test")) for n in range(16)])

    here, there = await both(town, alice)
    assert here == there == "alice15.test"
    assert len(await told(town, alice)) == 16


async def test_a_new_key_signs_what_comes_after_it(town: Town) -> None:
    """The DID names the new key, then the repository is signed with it: told in that order."""
    alice, key = await town.resident(), PrivateKey.generate()
    await town.house.put(alice, "a" * 13)
    before = await town.house.db.read(lambda tx: heads.get(tx, alice.id))

    await town.changes.edit(alice.id, lambda state: state.with_signing_key(key.public.did_key), Change(key=key))

    assert [name for name, _ in await told(town, alice)][-3:] == ["#identity", "#commit", "#sync"]
    after = await town.house.db.read(lambda tx: heads.get(tx, alice.id))
    assert before is not None
    assert after is not None
    assert (after.data, after.rev > before.rev) == (before.data, True)
    assert await town.house.repos.signing_key(alice) == key.public.did_key
    assert (await town.state(alice)).signing_key == key.public.did_key
    await town.check.check(await town.now(alice))
    await town.house.put(alice, "b" * 13)
    await town.house.check_tree(alice)


async def test_a_new_key_survives_an_interruption(town: Town) -> None:
    """If the directory has the new key, the account gets it: it could sign nothing otherwise."""
    alice, key = await town.resident(), PrivateKey.generate()

    async def gone(verb: str, _path: str) -> Response | None:
        return await _said(503) if town.gate.posted() > 1 and verb == "GET" else None

    async def lost(verb: str, _path: str) -> Response | None:
        return await _said(503) if verb == "POST" else None

    town.gate.before, town.gate.after = gone, lost
    with pytest.raises(UpstreamFailure):
        await town.changes.edit(alice.id, lambda state: state.with_signing_key(key.public.did_key), Change(key=key))
    town.gate.before = town.gate.after = type(town.gate).before
    await town.changes.settle(min_age=0)

    assert await town.house.repos.signing_key(alice) == key.public.did_key
    await town.check.check(await town.now(alice))


async def test_a_key_waits_for_an_import(town: Town) -> None:
    """While a repository is on its way in, under a commit of the old key, no new key comes; what is open stays open."""
    alice, bob = await town.resident(), await town.resident("bob")
    key = PrivateKey.generate()
    await _interrupt(town, bob, taken=True)

    async def replace() -> None:
        await town.changes.edit(alice.id, lambda state: state.with_signing_key(key.public.did_key), Change(key=key))

    def begin(tx: Tx) -> int:
        id = staging.begin(tx, alice.id, 1)
        staging.decide(tx, id, signed=b"", root=1, next_n=2)
        return id

    coming = await town.house.db.write(begin)
    with pytest.raises(TooManyRequests, match="being imported"):
        await replace()
    assert not await under_way(town, alice)
    await rename(town, alice, Handle.parse("other.test"))  # a handle need not wait

    await town.house.db.write(lambda tx: staging.end(tx, coming))
    await replace()
    await town.house.db.write(begin)
    left = IdentityChange(alice.id, orjson.dumps(plc.to_json(await town.directory.last(alice.did))), None, b"sealed", 1)
    await town.house.db.write(lambda tx: identity_changes.add(tx, left))
    assert await town.changes.settle(min_age=0) == 1
    assert await under_way(town, alice)
    assert not await under_way(town, bob)


async def test_an_account_that_is_gone(town: Town) -> None:
    """Nothing is asked for nobody."""
    with pytest.raises(AccountNotFound):
        await town.changes.edit(77, lambda state: state, Change())
    with pytest.raises(AccountNotFound):
        await town.changes.apply(77, Change())


async def test_dids_that_cannot_be_changed(town: Town) -> None:
    """One that has ended, and one that was never registered."""
    alice = await town.resident()
    stranger = await town.house.account("stranger")
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)
    await town.directory.submit(alice.did, plc.tombstone(last, ROTATION))

    with pytest.raises(InvalidRequest, match="^Did is tombstoned$"):
        await rename(town, alice)
    with pytest.raises(InvalidRequest, match="does not know this DID"):
        await rename(town, stranger)


async def test_an_operation_that_no_directory_takes(town: Town) -> None:
    """What is past the limits is refused before anybody is asked."""
    alice = await town.resident()
    keys = tuple(PrivateKey.generate().public.did_key for _ in range(5))

    with pytest.raises(InvalidRequest, match="Too many rotationKey"):
        await town.changes.edit(alice.id, lambda state: state.with_rotation_keys(*keys, *state.rotation_keys), Change())
    with pytest.raises(ServiceError):
        await town.changes.last(Did(did_of("nobody")))
