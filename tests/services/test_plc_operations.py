"""Operations on a did:plc that its owner asks for."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.services.errors import AccountNotFound, InvalidRequest, InvalidToken, UpstreamFailure
from roost.services.plc_operations import NO_TOKEN, NOT_PLC, Wanted
from roost.storage.accounts import Account
from support.town import OWNER, ROTATION, Town, opened_town

pytestmark = pytest.mark.anyio

OPERATOR = PrivateKey.from_bytes(bytes(31) + b"\x04").public.did_key
OURS = ROTATION.public.did_key
THEIRS = OWNER.public.did_key
ELSEWHERE = "https://elsewhere.test"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose directory is given half a second."""
    async with opened_town(tmp_path, timeout=0.5) as town:
        yield town


async def token(town: Town, account: Account) -> str:
    """Ask for a token, and read it in the mail."""
    await town.operations.request(account.id)
    return town.outbox.token()


async def sign(town: Town, account: Account, **changes: object) -> Mapping[str, object]:
    """Have an operation signed."""
    return await town.operations.sign(account.id, await token(town, account), Wanted(**changes))


async def test_recommended_for_an_account_that_lives_here(town: Town) -> None:
    """What its DID says already."""
    alice = await town.resident()
    state = await town.state(alice)

    found = await town.operations.recommended(alice.id)

    assert found.rotation_keys == (OURS,)
    assert found.also_known_as == ("at://alice.test",)
    assert found.verification_methods == {"atproto": state.signing_key}
    assert found.services == {"atproto_pds": plc.Service("AtprotoPersonalDataServer", "https://pds.test")}


async def test_recommended_keeps_what_is_the_owners(town: Town) -> None:
    """Their own rotation keys stay in front, and other aliases, keys and services stay."""
    alice = await town.resident(recovery=(OWNER,))
    await town.change(
        alice,
        OWNER,
        lambda state: plc.State(
            state.rotation_keys,
            {"label": THEIRS, **state.verification_methods},
            (*state.also_known_as, "https://alice.example"),
            {"label": plc.Service("Labeler", "https://l.example"), **state.services},
        ),
    )

    found = await town.operations.recommended(alice.id)

    assert found.rotation_keys == (THEIRS, OURS)
    assert found.also_known_as == ("at://alice.test", "https://alice.example")
    assert set(found.verification_methods) == set(found.services) - {"atproto_pds"} | {"atproto"}


async def test_recommended_for_an_account_that_moves_in(town: Town) -> None:
    """Keys of a DID that does not name ours may be the old host's: none of them is kept."""
    alice = await town.resident(recovery=(OWNER,))
    old = PrivateKey.generate().public.did_key
    await town.change(
        alice, OWNER, lambda state: state.with_rotation_keys(THEIRS, old).with_pds(ELSEWHERE).with_signing_key(old)
    )

    found = await town.operations.recommended(alice.id)

    assert found.rotation_keys == (OURS,)
    assert found.services["atproto_pds"].endpoint == "https://pds.test"
    assert found.verification_methods["atproto"] == await town.house.repos.signing_key(alice)


async def test_the_operators_recovery_key_comes_between(tmp_path: Path) -> None:
    """Below the owner's, above the server's; there, if the DID is new to it, and once only."""
    async with opened_town(tmp_path, recovery_key=OPERATOR) as town:
        alice = await town.resident(recovery=(OWNER,))
        assert (await town.operations.recommended(alice.id)).rotation_keys == (THEIRS, OPERATOR, OURS)

        await town.change(alice, OWNER, lambda state: state.with_rotation_keys(OPERATOR, THEIRS, OURS))
        assert (await town.operations.recommended(alice.id)).rotation_keys == (OPERATOR, THEIRS, OURS)

        full = tuple(PrivateKey.generate().public.did_key for _ in range(3))
        await town.change(alice, OWNER, lambda state: state.with_rotation_keys(THEIRS, *full, OURS))
        assert (await town.operations.recommended(alice.id)).rotation_keys == (THEIRS, *full, OURS)


async def test_a_did_web_has_no_rotation_keys(town: Town) -> None:
    """It is told what to put into its document, and refused the rest."""
    webster = await town.web_resident()

    found = await town.operations.recommended(webster.id)

    assert found.rotation_keys is None
    assert (found.also_known_as, set(found.services)) == (("at://webster.test",), {"atproto_pds"})
    for refused in (
        town.operations.request(webster.id),
        town.operations.sign(webster.id, "x", Wanted()),
        town.operations.submit(webster.id, {}),
    ):
        with pytest.raises(InvalidRequest, match=NOT_PLC):
            await refused


async def test_a_directory_that_is_down_recommends_nothing(town: Town) -> None:
    """A guess could cost the owner their keys."""
    alice = await town.resident()

    async def down(_verb: str, _path: str) -> Response:
        return JSONResponse({}, 503)

    town.gate.before = down
    with pytest.raises(UpstreamFailure):
        await town.operations.recommended(alice.id)


async def test_an_operation_is_signed_and_not_submitted(town: Town) -> None:
    """It changes what was asked for and carries the rest over; the directory takes it when it is submitted."""
    alice = await town.resident()
    posted = town.gate.posted()

    raw = await sign(town, alice, rotation_keys=[THEIRS, OURS])

    assert town.gate.posted() == posted
    operation = plc.parse_operation(raw)
    assert isinstance(operation, plc.Operation)
    assert operation.state == (await town.state(alice)).with_rotation_keys(THEIRS, OURS)
    await town.directory.submit(alice.did, operation)
    assert (await town.state(alice)).rotation_keys == (THEIRS, OURS)


async def test_a_token_is_good_once(town: Town) -> None:
    """Without one, with a wrong one, and with a used one nothing is signed."""
    alice = await town.resident()
    with pytest.raises(InvalidRequest, match=NO_TOKEN):
        await town.operations.sign(alice.id, None, Wanted())
    with pytest.raises(InvalidToken, match="^Token is invalid$"):
        await town.operations.sign(alice.id, "AAAAA-AAAAA", Wanted())

    good = await token(town, alice)
    await town.operations.sign(alice.id, good.lower(), Wanted())
    with pytest.raises(InvalidToken, match="^Token is invalid$"):
        await town.operations.sign(alice.id, good, Wanted())


async def test_a_token_of_somebody_else_signs_nothing(town: Town) -> None:
    """It belongs to one account."""
    alice, bob = await town.resident(), await town.resident("bob")
    good = await token(town, alice)

    with pytest.raises(InvalidToken):
        await town.operations.sign(bob.id, good, Wanted())


async def test_a_signature_that_fails_does_not_cost_the_token(town: Town) -> None:
    """Neither a directory that is down nor a mistake in the request uses it up."""
    alice = await town.resident()
    good = await token(town, alice)

    async def down(_verb: str, _path: str) -> Response:
        return JSONResponse({}, 503)

    usual, town.gate.before = town.gate.before, down
    with pytest.raises(UpstreamFailure):
        await town.operations.sign(alice.id, good, Wanted())
    town.gate.before = usual
    with pytest.raises(InvalidRequest, match="Invalid operation"):
        await town.operations.sign(alice.id, good, Wanted(rotation_keys=["did:key:nonsense"]))

    assert await town.operations.sign(alice.id, good, Wanted())


async def test_a_wrong_token_asks_no_directory(town: Town) -> None:
    """Guessing costs others nothing."""
    alice = await town.resident()
    asked = len(town.gate.asked)

    with pytest.raises(InvalidToken):
        await town.operations.sign(alice.id, "AAAAA-AAAAA", Wanted())

    assert len(town.gate.asked) == asked


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rotation_keys", []),
        ("rotation_keys", [OURS, OURS]),
        ("rotation_keys", [7]),
        ("also_known_as", ["x" * 300]),
        ("also_known_as", [f"at://{n}.test" for n in range(11)]),
        ("verification_methods", {"atproto": 7}),
        ("verification_methods", {"x" * 33: OURS}),
        ("services", {"atproto_pds": {"type": "x"}}),
        ("services", {"atproto_pds": {"type": "x", "endpoint": "https://x", "more": 1}}),
        ("services", {"atproto_pds": {"type": "x", "endpoint": "https://" + "x" * 600}}),
        ("services", {"x": []}),
    ],
)
async def test_what_no_directory_takes_is_not_signed(town: Town, field: str, value: object) -> None:
    """The limits of directories are known here, too."""
    alice = await town.resident()

    with pytest.raises(InvalidRequest, match="^Invalid operation: "):
        await sign(town, alice, **{field: value})


async def test_a_tombstoned_did_is_refused(town: Town) -> None:
    """There is nothing to sign."""
    alice = await town.resident()
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)
    await town.directory.submit(alice.did, plc.tombstone(last, ROTATION))

    with pytest.raises(InvalidRequest, match="^Did is tombstoned$"):
        await sign(town, alice)


async def test_what_would_end_the_hosting_is_not_submitted(town: Town) -> None:
    """Five ways, five texts, and the DID as it was."""
    alice = await town.resident()
    state = await town.state(alice)
    wrong = [
        (state.with_rotation_keys(THEIRS), "rotationKeys must include"),
        (
            plc.State(state.rotation_keys, state.verification_methods, state.also_known_as, {}),
            "must have an atproto_pds",
        ),
        (state.with_pds(ELSEWHERE), "endpoint of atproto_pds must be https://pds.test"),
        (state.with_signing_key(THEIRS), "atproto key in verificationMethods must be"),
        (plc.State(state.rotation_keys, state.verification_methods, (), state.services), "alsoKnownAs must begin"),
        (
            plc.State(
                state.rotation_keys,
                state.verification_methods,
                ("at://bob.test", "at://alice.test"),
                state.services,
            ),
            "alsoKnownAs must begin",
        ),
    ]
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)

    for changed, text in wrong:
        with pytest.raises(InvalidRequest, match=text):
            await town.operations.submit(alice.id, plc.to_json(plc.update(last, changed, ROTATION)))

    assert await town.state(alice) == state


@pytest.mark.parametrize("raw", [{}, {"type": "plc_operation"}, {"type": 7}, {"type": "create"}])
async def test_what_is_no_operation_is_not_submitted(town: Town, raw: object) -> None:
    """Its shape is judged here."""
    alice = await town.resident()

    with pytest.raises(InvalidRequest, match="^Invalid operation: "):
        await town.operations.submit(alice.id, raw)


async def test_a_tombstone_is_not_submitted(town: Town) -> None:
    """Ending an identity is not a way to keep an account."""
    alice = await town.resident()
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)

    with pytest.raises(InvalidRequest, match="only a plc_operation"):
        await town.operations.submit(alice.id, plc.to_json(plc.tombstone(last, ROTATION)))


async def test_a_submission_is_told_and_read(town: Town) -> None:
    """The event names no handle, and the document is the new one for whoever asks next."""
    alice = await town.resident()
    await town.resolver.resolve(alice.did)
    raw = await sign(town, alice, also_known_as=["at://alice.test", "https://alice.example"])

    await town.operations.submit(alice.id, raw)
    await town.background.drain()

    name, body = (await town.house.events())[-1]
    assert (name, body["did"], "handle" in body) == ("#identity", alice.did, False)
    assert "https://alice.example" in (await town.resolver.resolve(alice.did)).also_known_as


async def test_a_submission_that_the_directory_refuses(town: Town) -> None:
    """Its own words are passed on, and nothing is told."""
    alice = await town.resident()
    last = await town.directory.last(alice.did)
    assert isinstance(last, plc.Operation)
    forged = plc.update(last, last.state, PrivateKey.generate())

    with pytest.raises(InvalidRequest, match="refused: Invalid signature on op"):
        await town.operations.submit(alice.id, plc.to_json(forged))

    assert [name for name, _ in await town.house.events()] == ["#commit"]


async def test_nobody(town: Town) -> None:
    """An account that is gone gets nothing."""
    with pytest.raises(AccountNotFound):
        await town.operations.recommended(77)
