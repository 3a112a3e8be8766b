"""New keys for identities."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.crypto.keys import PrivateKey
from roost.repo import commit as commits
from roost.services.errors import InvalidRequest, UpstreamFailure
from roost.services.key_rotation import NOT_OURS
from roost.storage import heads
from support.town import OWNER, ROTATION, Town, opened_town, without

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose directory is given half a second."""
    async with opened_town(tmp_path, timeout=0.5) as town:
        yield town


async def test_a_new_signing_key_is_on_both_sides(town: Town) -> None:
    """The DID names it, the repository is signed with it under a higher rev, and the old one is at work no more."""
    alice = await town.resident()
    await town.house.put(alice, "a" * 13)
    old = await town.house.repos.signing_key(alice)

    new = await town.rotation.rotate(alice)

    assert new != old
    assert (await town.state(alice)).signing_key == new
    await town.check.check(alice)
    head = await town.house.db.read(lambda tx: heads.get(tx, alice.id))
    assert head is not None
    key = await town.house.db.read(lambda tx: town.house.keyring.signing_key(tx, alice.id, alice.did))
    made = commits.parse(head.block)
    assert key.public.did_key == new
    assert commits.sign(alice.did, data=made.data, rev=made.rev, key=key).block == head.block
    await town.house.put(alice, "b" * 13)
    await town.house.check_tree(alice)


async def test_all_keys_are_replaced_whatever_comes_between(town: Town) -> None:
    """What is done stays off the list, what a crash left half done is settled, and the rest is gone on with."""
    people = [await town.resident(f"person{n}") for n in range(3)]
    await town.web_resident()
    left = await town.rotation.begin_all()
    assert left == [each.id for each in people]
    first = await town.rotation.rotate(people[0])

    async def gone(verb: str, _path: str) -> Response | None:
        return JSONResponse({}, 503) if verb == "GET" and town.gate.posted() > posted else None

    async def lost(verb: str, _path: str) -> Response | None:
        return JSONResponse({}, 503) if verb == "POST" else None

    posted = town.gate.posted()
    town.gate.before, town.gate.after = gone, lost
    with pytest.raises(UpstreamFailure):
        await town.rotation.rotate(people[1])
    town.gate.before = town.gate.after = type(town.gate).before

    assert await town.rotation.begin_all() == [people[2].id]
    await town.rotation.rotate(people[2])

    assert await town.house.repos.signing_key(people[0]) == first
    for person in people:
        await town.check.check(person)


async def test_an_account_can_be_left_out(town: Town) -> None:
    """One whose key cannot be replaced does not keep the list from its end."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(alice, OWNER, lambda state: without(state, ROTATION))
    (id,) = await town.rotation.begin_all()
    with pytest.raises(InvalidRequest, match="rotation key is not among"):
        await town.rotation.rotate(alice)

    await town.rotation.skip(id)

    assert await town.rotation.begin_all() == [id]  # a new list: the old one is done


async def test_a_recovery_key_comes_first(town: Town) -> None:
    """Again, it is moved there; the others stay in their order."""
    alice = await town.resident(recovery=(OWNER,))
    key = PrivateKey.generate().public.did_key

    assert await town.rotation.add_recovery(alice, key) == (key, OWNER.public.did_key, ROTATION.public.did_key)
    again = await town.rotation.add_recovery(alice, OWNER.public.did_key)

    assert again == (OWNER.public.did_key, key, ROTATION.public.did_key)
    assert (await town.state(alice)).rotation_keys == again


@pytest.mark.parametrize(
    "key", ["", "nonsense", "did:key:zQ3sh", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"]
)
async def test_what_is_no_rotation_key(town: Town, key: str) -> None:
    """Text, half a key, and a key of a curve that no directory verifies."""
    alice = await town.resident()

    with pytest.raises(InvalidRequest, match="^Not a key that could sign operations: "):
        await town.rotation.add_recovery(alice, key)


async def test_more_keys_than_a_directory_takes(town: Town) -> None:
    """Five at the most."""
    alice = await town.resident()
    for _ in range(4):
        await town.rotation.add_recovery(alice, PrivateKey.generate().public.did_key)

    with pytest.raises(InvalidRequest, match="Too many rotationKey"):
        await town.rotation.add_recovery(alice, PrivateKey.generate().public.did_key)


async def test_a_did_web_has_no_keys_to_replace(town: Town) -> None:
    """They are its owner's."""
    webster = await town.web_resident()

    with pytest.raises(InvalidRequest, match=NOT_OURS):
        await town.rotation.rotate(webster)
    with pytest.raises(InvalidRequest, match=NOT_OURS):
        await town.rotation.add_recovery(webster, OWNER.public.did_key)
