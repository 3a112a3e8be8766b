"""The limits an incoming operation must keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roost.crypto import PrivateKey
from roost.identity import plc
from roost.identity.errors import InvalidOperation, InvalidSignatureText, OperationTooLarge

# A key of a kind only documents know (Ed25519, the W3C's example).
ED25519 = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def test_new_account_passes(keys: list[PrivateKey], state: plc.State) -> None:
    """What account_state and genesis make is acceptable."""
    plc.validate_operation(plc.genesis(state, keys[0]))


def test_tombstone_passes(keys: list[PrivateKey], state: plc.State) -> None:
    """A tombstone has nothing but its signature to be judged by."""
    plc.validate_operation(plc.tombstone(plc.genesis(state, keys[0]), keys[0]))


def test_verification_methods_may_be_of_any_kind(keys: list[PrivateKey], state: plc.State) -> None:
    """Only rotation keys must be of a curve that is understood here."""
    plc.validate_operation(plc.genesis(state.with_signing_key(ED25519), keys[0]))


def test_legacy_create_is_only_read() -> None:
    """Nobody may submit the old form any more."""
    with pytest.raises(InvalidOperation, match="no longer accepted"):
        plc.validate_operation(plc.LegacyCreate("did:key:a", "did:key:b", "alice.test", "https://pds.test", "x"))


def test_signature_text_is_judged(keys: list[PrivateKey], state: plc.State) -> None:
    """A signature with padding is refused before anyone verifies it."""
    signed = plc.genesis(state, keys[0])

    with pytest.raises(InvalidSignatureText):
        plc.validate_operation(replace(signed, sig=signed.sig + "="))


def test_size_is_limited(keys: list[PrivateKey], state: plc.State) -> None:
    """An operation may keep every count and still be too much."""
    key = "did:key:z" + "2" * 240
    big = replace(
        state,
        also_known_as=tuple(f"at://{n}{'a' * 240}" for n in range(10)),
        verification_methods={f"k{n}": key for n in range(10)},
    )

    with pytest.raises(OperationTooLarge):
        plc.validate_operation(plc.genesis(big, keys[0]))


def _did_keys(count: int) -> tuple[str, ...]:
    return tuple(PrivateKey.from_bytes(bytes([n + 1]) * 32).public.did_key for n in range(count))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rotation_keys": ()}, "At least one rotationKey"),
        ({"rotation_keys": _did_keys(6)}, "Too many rotationKey"),
        ({"rotation_keys": _did_keys(1) * 2}, "duplicate rotationKey"),
        ({"rotation_keys": (ED25519,)}, "Invalid rotationKey"),
        ({"rotation_keys": ("did:web:pds.test",)}, "Invalid rotationKey"),
        ({"also_known_as": tuple(f"at://a{n}.test" for n in range(11))}, "Too many alsoKnownAs"),
        ({"also_known_as": ("at://a.test", "at://a.test")}, "duplicate alsoKnownAs"),
        ({"also_known_as": ("at://" + "a" * 254,)}, "alsoKnownAs entry too long"),
        ({"services": {f"s{n}": plc.Service("T", "e") for n in range(11)}}, "Too many service"),
        ({"services": {"s" * 33: plc.Service("T", "e")}}, "Service id too long"),
        ({"services": {"s": plc.Service("T" * 257, "e")}}, "Service type too long"),
        ({"services": {"s": plc.Service("T", "e" * 513)}}, "Service endpoint too long"),
        ({"verification_methods": {f"k{n}": ED25519 for n in range(11)}}, "Too many verificationMethod"),
        ({"verification_methods": {"k" * 33: ED25519}}, "Verification Method id too long"),
        ({"verification_methods": {"k": "did:key:z" + "2" * 250}}, "Invalid verificationMethod key"),
        ({"verification_methods": {"k": "did:key:zIl0O"}}, "Invalid verificationMethod key"),
        ({"verification_methods": {"k": "zQ3sh"}}, "Invalid verificationMethod key"),
    ],
)
def test_limits(change: dict[str, object], message: str, keys: list[PrivateKey], state: plc.State) -> None:
    """Each limit refuses what is one past it."""
    fields = {
        "rotation_keys": state.rotation_keys,
        "verification_methods": state.verification_methods,
        "also_known_as": state.also_known_as,
        "services": state.services,
    }
    past = plc.State(**{**fields, **change})  # type: ignore[arg-type]  # the table is one dict for four types

    with pytest.raises(InvalidOperation, match=message):
        plc.validate_operation(plc.genesis(past, keys[0]))


def test_limits_themselves_are_allowed(keys: list[PrivateKey], state: plc.State) -> None:
    """Five rotation keys and the longest alias are fine."""
    full = replace(state, rotation_keys=_did_keys(5), also_known_as=("at://" + "a" * 253,))

    plc.validate_operation(plc.genesis(full, keys[0]))
