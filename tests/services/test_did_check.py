"""DID documents held against the accounts here."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.services.did_check import NO_ROTATION_KEY
from roost.services.errors import InvalidRequest, UpstreamFailure, UpstreamTimeout
from roost.syntax import Handle
from support.house import did_of
from support.town import OWNER, ROTATION, Town, document, opened_town, without

pytestmark = pytest.mark.anyio

STRANGER = PrivateKey.from_bytes(bytes(31) + b"\x09").public.did_key


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose directory is given half a second."""
    async with opened_town(tmp_path, timeout=0.5) as town:
        yield town


async def test_a_document_of_ours_passes(town: Town) -> None:
    """What registration wrote is what the check wants; an owner's own keys beside ours do not matter."""
    alice = await town.resident(recovery=(OWNER,))

    await town.check.check(alice)

    assert await town.check.valid(alice)
    assert await town.check.differences(alice, handle_too=True) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: without(state, ROTATION), f"^{NO_ROTATION_KEY}$"),
        (lambda state: state.with_pds("https://pds.test/"), "must be at https://pds.test, not https://pds.test/$"),
        (lambda state: state.with_pds("https://elsewhere.test"), "atproto_pds must be at https://pds.test, not"),
        (lambda state: plc.State(state.rotation_keys, state.verification_methods, state.also_known_as, {}), "nowhere$"),
        (lambda state: state.with_signing_key(STRANGER), f"key atproto must be did:key:.*, not {STRANGER}$"),
        (lambda state: plc.State(state.rotation_keys, {}, state.also_known_as, state.services), "not missing$"),
    ],
)
async def test_each_thing_that_is_wrong_is_named(
    town: Town, change: Callable[[plc.State], plc.State], message: str
) -> None:
    """Whoever activates an account is told what to change in its document."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(alice, OWNER, change)

    with pytest.raises(InvalidRequest, match=message):
        await town.check.check(alice)
    assert not await town.check.valid(alice)


async def test_a_service_of_another_type_is_no_host(town: Town) -> None:
    """The name of the service alone does not make it a PDS."""
    alice = await town.resident()
    elsewhere = {"atproto_pds": plc.Service("SomethingElse", "https://pds.test")}
    await town.change(
        alice,
        ROTATION,
        lambda state: plc.State(state.rotation_keys, state.verification_methods, state.also_known_as, elsewhere),
    )

    assert [each.what for each in await town.check.differences(alice)] == ["endpoint"]


async def test_all_that_is_wrong_is_listed(town: Town) -> None:
    """A report wants everything at once, the handle too."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(
        alice,
        OWNER,
        lambda state: (
            without(state, ROTATION)
            .with_pds("https://b.test")
            .with_signing_key(STRANGER)
            .with_handle(Handle.parse("bob.test"))
        ),
    )

    found = await town.check.differences(alice, handle_too=True)

    assert [each.what for each in found] == ["rotation key", "endpoint", "signing key", "handle"]
    assert [each.found for each in found] == [OWNER.public.did_key, "https://b.test", STRANGER, "bob.test"]
    assert len(await town.check.differences(alice)) == 3


async def test_a_did_web_is_checked_by_its_document(town: Town) -> None:
    """It has no rotation keys; endpoint and signing key count as with any other."""
    webster = await town.web_resident()
    await town.check.check(webster)

    town.web.update(document(webster.did, "webster.test", STRANGER, "https://pds.test"))
    with pytest.raises(InvalidRequest, match=f"not {STRANGER}$"):
        await town.check.check(webster)


@pytest.mark.parametrize("methods", [[], [{"id": "#atproto", "type": "JsonWebKey", "publicKeyMultibase": "z6"}]])
async def test_a_key_that_cannot_be_read_is_missing(town: Town, methods: list[object]) -> None:
    """A key of a kind that signs nothing here is as good as none."""
    webster = await town.web_resident()
    town.web["verificationMethod"] = methods

    with pytest.raises(InvalidRequest, match="not missing$"):
        await town.check.check(webster)


async def test_a_did_web_that_is_gone_is_refused(town: Town) -> None:
    """A document that its host no longer serves is the owner's to bring back."""
    webster = await town.web_resident()
    town.web.clear()

    with pytest.raises(InvalidRequest, match=f"^Could not resolve DID: {webster.did}$"):
        await town.check.check(webster)


async def test_a_tombstoned_did_is_refused(town: Town) -> None:
    """An identity that has ended cannot be hosted."""
    alice = await town.resident()
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)
    await town.directory.submit(alice.did, plc.tombstone(last, ROTATION))

    with pytest.raises(InvalidRequest, match="^Did is tombstoned$"):
        await town.check.check(alice)


async def test_a_did_that_nobody_registered_is_refused(town: Town) -> None:
    """The directory does not know it."""
    with pytest.raises(InvalidRequest, match="does not know this DID"):
        await town.check.claims(did_of("nobody"))


async def test_a_directory_that_breaks_is_not_the_owners_fault(town: Town) -> None:
    """A 5xx of the directory is told apart from a wrong document; a status says only that it is not valid."""
    alice = await town.resident()

    async def broken(_verb: str, _path: str) -> Response:
        return JSONResponse({"message": "secret"}, 503)

    town.gate.before = broken

    with pytest.raises(UpstreamFailure, match="did not give an answer that can be used") as caught:
        await town.check.check(alice)
    assert not isinstance(caught.value, UpstreamTimeout)
    assert not await town.check.valid(alice)
