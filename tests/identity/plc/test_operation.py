"""PLC operations: reading, encoding, signing and hashing."""

from __future__ import annotations

import base64
import copy

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.crypto import PrivateKey, PublicKey
from roost.identity import plc
from roost.identity.errors import IdentityError, InvalidOperation, InvalidSignatureText
from roost.identity.plc.operation import signature_bytes, signed_bytes
from roost.syntax import Handle

SIG = "9NuYV7AqwHVTc0YuWzNV3CJafsSZWH7qCxHRUIP2xWlB-YexXC1OaYAnUayiCXLVzRQ8WBXIqF-SvZdNalwcjA"
# A published genesis operation, with its CID and DID (14.6).
BLUESKY_TEAM = {
    "type": "plc_operation",
    "prev": None,
    "services": {"atproto_pds": {"type": "AtprotoPersonalDataServer", "endpoint": "https://bsky.social"}},
    "alsoKnownAs": ["at://bluesky-team.bsky.social"],
    "rotationKeys": [
        "did:key:zQ3shhCGUqDKjStzuDxPkTxN6ujddP4RkEKJJouJGRRkaLGbg",
        "did:key:zQ3shpKnbdPx3g3CmPf5cRVTPe1HtSwVn5ish3wSnDPQCbLJK",
    ],
    "verificationMethods": {"atproto": "did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF"},
    "sig": SIG,
}


def _published() -> plc.Operation:
    operation = plc.parse_operation(BLUESKY_TEAM)
    assert isinstance(operation, plc.Operation)
    return operation


def test_published_genesis_encodes_to_its_size() -> None:
    """The CBOR of a real operation has exactly the size the directory hashed."""
    assert len(plc.encode(_published())) == 466


def test_published_genesis_has_its_cid_and_did() -> None:
    """Hashing a real operation gives the names the world knows it by."""
    operation = _published()

    assert str(plc.cid_of(operation)) == "bafyreigp6shzy6dlcxuowwoxz7u5nemdrkad2my5zwzpwilcnhih7bw6zm"
    assert plc.did_of(operation) == "did:plc:z72i7hdynmk6r22z27h6tvur"


def test_published_genesis_is_signed_by_its_second_key() -> None:
    """The signature of a real operation verifies over the CBOR without `sig`, with the one key that made it."""
    operation = _published()
    signature, message = signature_bytes(operation), signed_bytes(operation)

    verdicts = [PublicKey.from_did_key(key).verify(signature, message) for key in operation.state.rotation_keys]

    assert verdicts == [False, True]


def test_json_round_trip() -> None:
    """What is read is written back the same, field for field."""
    assert plc.to_json(_published()) == BLUESKY_TEAM


def test_genesis_is_signed_by_its_key(keys: list[PrivateKey], state: plc.State) -> None:
    """A genesis carries a signature of the key it was made with, and no prev."""
    operation = plc.genesis(state, keys[1])

    assert operation.prev is None
    assert keys[1].public.verify(signature_bytes(operation), signed_bytes(operation))


def test_update_names_the_operation_before_it(keys: list[PrivateKey], state: plc.State) -> None:
    """An update's prev is the CID of the last operation, as text and not as a link."""
    first = plc.genesis(state, keys[0])

    second = plc.update(first, state.with_pds("https://other.test"), keys[0])

    assert second.prev == plc.cid_of(first)
    assert plc.to_json(second)["prev"] == str(plc.cid_of(first))


def test_tombstone_names_the_operation_before_it(keys: list[PrivateKey], state: plc.State) -> None:
    """A tombstone has a prev, a signature and nothing else."""
    first = plc.genesis(state, keys[0])

    end = plc.tombstone(first, keys[0])

    assert plc.to_json(end) == {"type": "plc_tombstone", "prev": str(plc.cid_of(first)), "sig": end.sig}
    assert plc.parse_operation(plc.to_json(end)) == end


def test_with_handle_replaces_the_first_at_alias(state: plc.State) -> None:
    """Changing the handle leaves other aliases where they were."""
    before = plc.State(state.rotation_keys, {}, ("https://me.test", "at://alice.test", "at://old.test"), {})

    after = before.with_handle(Handle.parse("bob.test"))

    assert after.also_known_as == ("https://me.test", "at://bob.test", "at://old.test")


def test_with_handle_prepends_when_there_is_no_at_alias(state: plc.State) -> None:
    """A first handle comes before other aliases, since readers take the first."""
    before = plc.State(state.rotation_keys, {}, ("https://me.test",), {})

    assert before.with_handle(Handle.parse("bob.test")).also_known_as == ("at://bob.test", "https://me.test")


def test_state_says_key_and_host(keys: list[PrivateKey], state: plc.State) -> None:
    """A new account's state names its signing key and its host under atproto's ids."""
    assert state.signing_key == keys[2].public.did_key
    assert state.pds_endpoint == "https://pds.test"


def test_rotating_keys_keeps_the_rest(keys: list[PrivateKey], state: plc.State) -> None:
    """New rotation and signing keys change nothing else."""
    key = PrivateKey.from_bytes(b"\x09" * 32).public.did_key

    after = state.with_rotation_keys(key).with_signing_key(key)

    assert (after.rotation_keys, after.signing_key) == ((key,), key)
    assert (after.also_known_as, after.services) == (state.also_known_as, state.services)


def test_legacy_create_reads_as_a_state(keys: list[PrivateKey]) -> None:
    """An old create operation amounts to today's state, its recovery key being the stronger."""
    signing, recovery = keys[0].public.did_key, keys[1].public.did_key
    raw = {
        "type": "create",
        "signingKey": signing,
        "recoveryKey": recovery,
        "handle": "alice.test",
        "service": "https://pds.test",
        "prev": None,
        "sig": "x",
    }

    operation = plc.parse_operation(raw)

    assert isinstance(operation, plc.LegacyCreate)
    assert plc.to_json(operation) == raw
    assert plc.state_of(operation) == plc.account_state(
        signing_key=signing,
        rotation_keys=(recovery, signing),
        handle=Handle.parse("alice.test"),
        pds="https://pds.test",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "rotate_signing_key"}, "type must be"),
        ({"type": None}, "type must be"),
        ({"rotationKeys": "did:key:z"}, "rotationKeys must be an array"),
        ({"rotationKeys": [1]}, "rotationKeys must be a string"),
        ({"alsoKnownAs": {}}, "alsoKnownAs must be an array"),
        ({"alsoKnownAs": ["\ud800"]}, "valid Unicode"),
        ({"verificationMethods": []}, "verificationMethods must be an object"),
        ({"verificationMethods": {"atproto": None}}, "atproto must be a string"),
        ({"services": {"x": "https://pds.test"}}, "services/x must be an object"),
        ({"services": {"x": {"type": "T"}}}, "endpoint must be a string"),
        ({"services": {"x": {"type": "T", "endpoint": "e", "more": 1}}}, "Unrecognized field more"),
        ({"prev": "not a cid"}, "prev must be the CID"),
        ({"prev": 7}, "prev must be the CID"),
        ({"sig": None}, "sig must be a string"),
        ({"extra": 1}, "Unrecognized field extra"),
    ],
)
def test_malformed_operations_are_refused(change: dict[str, object], message: str) -> None:
    """A wrong shape is refused with the field's name."""
    with pytest.raises(InvalidOperation, match=message):
        plc.parse_operation({**BLUESKY_TEAM, **change})


def test_prev_must_be_written_out() -> None:
    """An operation without the key prev is not the one with prev null: their hashes differ."""
    raw = copy.copy(BLUESKY_TEAM)
    del raw["prev"]

    with pytest.raises(InvalidOperation, match="prev must be present"):
        plc.parse_operation(raw)


def test_tombstone_needs_a_prev() -> None:
    """A tombstone of nothing is refused."""
    with pytest.raises(InvalidOperation, match="tombstone"):
        plc.parse_operation({"type": "plc_tombstone", "prev": None, "sig": "x"})


@pytest.mark.parametrize(
    "sig",
    [
        SIG + "==",  # padding
        SIG[:-1] + "B",  # stray bits behind the last byte
        SIG[:40] + "\n" + SIG[40:],
        SIG.replace("-", "+"),  # the other alphabet
        "",
        "é" * 86,
        base64.urlsafe_b64encode(b"0D" + bytes(68)).decode().rstrip("="),  # DER has another length
    ],
)
def test_only_one_text_of_a_signature_counts(sig: str) -> None:
    """Any other spelling of a signature would give one operation a second CID."""
    raw = {**BLUESKY_TEAM, "sig": sig}

    with pytest.raises(InvalidSignatureText):
        signature_bytes(plc.parse_operation(raw))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(BLUESKY_TEAM)), _JSON), _JSON)
@settings(max_examples=100)
def test_foreign_json_never_escapes_as_another_error(change: dict[str, object], whole: object) -> None:
    """Whatever JSON arrives, it is an operation or an IdentityError."""
    for raw in ({**BLUESKY_TEAM, **change}, whole):
        try:
            operation = plc.parse_operation(raw)
            plc.validate_operation(operation)
        except IdentityError:
            continue
        assert orjson.loads(orjson.dumps(plc.to_json(operation))) == raw
