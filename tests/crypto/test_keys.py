"""Signatures on both curves."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.crypto.errors import InvalidKey
from roost.crypto.keys import K256, P256, PrivateKey, PublicKey
from roost.crypto.multikey import Curve
from support.interop import json_vectors

_CURVES: list[Curve] = [K256, P256]
_KEYS = {curve: PrivateKey.from_bytes(bytes(range(32)), curve) for curve in _CURVES}
_ORDERS = {
    K256: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
}
both = pytest.mark.parametrize("curve", _CURVES)


def test_published_signatures() -> None:
    """Good ones verify; those with a high s, or in DER, do not."""
    for vector in json_vectors("crypto/signature-fixtures.json"):
        key = PublicKey.from_did_key(str(vector["publicKeyDid"]))
        message = b64decode(str(vector["messageBase64"]) + "==")
        signature = b64decode(str(vector["signatureBase64"]) + "==")

        assert key.verify(signature, message) is vector["validSignature"], vector["comment"]


def test_a_tolerant_reader_takes_a_high_s() -> None:
    """Some libraries that sign tokens do not know the rule."""
    for vector in json_vectors("crypto/signature-fixtures.json"):
        key = PublicKey.from_did_key(str(vector["publicKeyDid"]))
        message = b64decode(str(vector["messageBase64"]) + "==")
        signature = b64decode(str(vector["signatureBase64"]) + "==")

        verified = key.verify(signature, message, allow_high_s=True)

        assert verified is (vector["tags"] != ["der-encoded"]), vector["comment"]


@both
@settings(max_examples=50)
@given(message=st.binary(max_size=300))
def test_what_is_signed_verifies(curve: Curve, message: bytes) -> None:
    """Sixty-four bytes, a low s, the same each time, and good for this message only."""
    key = _KEYS[curve]

    signature = key.sign(message)

    assert len(signature) == 64
    assert int.from_bytes(signature[32:], "big") <= _ORDERS[curve] // 2
    assert signature == key.sign(message)
    assert key.public.verify(signature, message)
    assert not key.public.verify(signature, message + b"x")


@pytest.mark.parametrize(("curve", "other"), [(K256, ec.SECP256K1()), (P256, ec.SECP256R1())])
def test_another_library_verifies_our_signatures(curve: Curve, other: ec.EllipticCurve) -> None:
    """What the network's other programs will do."""
    key = _KEYS[curve]
    signature = key.sign(b"message")
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))

    theirs = ec.EllipticCurvePublicKey.from_encoded_point(other, key.public.point)

    theirs.verify(der, b"message", ec.ECDSA(hashes.SHA256()))


@both
@given(signature=st.binary(max_size=70) | st.binary(min_size=64, max_size=64))
def test_any_bytes_are_a_signature_or_not(curve: Curve, signature: bytes) -> None:
    """A foreign signature never raises."""
    assert not _KEYS[curve].public.verify(signature, b"message", allow_high_s=True)


@both
@pytest.mark.parametrize("r", [0, 1, -1])
@pytest.mark.parametrize("s", [0, 1, -1])
def test_numbers_at_the_edge_are_no_signature(curve: Curve, r: int, s: int) -> None:
    """Zero, one, and the curve's order itself (written here as -1)."""
    numbers = [_ORDERS[curve] if n < 0 else n for n in (r, s)]
    signature = b"".join(n.to_bytes(32, "big") for n in numbers)

    assert not _KEYS[curve].public.verify(signature, b"message", allow_high_s=True)


@both
def test_a_private_key_can_be_kept(curve: Curve) -> None:
    """Its bytes and its curve are all there is to it."""
    key = PrivateKey.generate(curve)

    assert PrivateKey.from_bytes(key.to_bytes(), curve) == key
    assert PrivateKey.generate(curve) != key


@both
def test_a_private_key_does_not_show_itself(curve: Curve) -> None:
    """Not in a log, nor in a failing test."""
    key = _KEYS[curve]

    assert key.to_bytes().hex() not in repr(key)
    assert repr(key.to_bytes()) not in repr(key)


@both
@pytest.mark.parametrize("number", [0, -1])
def test_numbers_that_are_no_private_key_are_refused(curve: Curve, number: int) -> None:
    """Zero, and the curve's order itself (written here as -1)."""
    raw = (_ORDERS[curve] if number < 0 else number).to_bytes(32, "big")

    with pytest.raises(InvalidKey):
        PrivateKey.from_bytes(raw, curve)


@both
@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_private_key_has_32_bytes(curve: Curve, size: int) -> None:
    """No leading zero is guessed."""
    with pytest.raises(InvalidKey):
        PrivateKey.from_bytes(b"\x01" * size, curve)


@both
@pytest.mark.parametrize("point", [b"", b"\x02" * 32, b"\x04" + b"\x01" * 32, b"\x00" * 33, b"\x02" + b"\xff" * 32])
def test_bytes_that_are_no_point_are_refused(curve: Curve, point: bytes) -> None:
    """A key that cannot verify anything is refused when it is read."""
    with pytest.raises(InvalidKey):
        PublicKey(curve, point)


@both
def test_texts_of_a_key(curve: Curve) -> None:
    """Both lead back to the key."""
    key = _KEYS[curve].public

    assert PublicKey.from_did_key(key.did_key) == key
    assert PublicKey.from_multikey(key.multikey) == key


@pytest.mark.parametrize(
    "text", ["", "did:key:", "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", "did:web:example.com"]
)
def test_what_is_no_did_key_is_refused(text: str) -> None:
    """The prefix is part of it."""
    with pytest.raises(InvalidKey):
        PublicKey.from_did_key(text)


def test_equal_keys_are_one_in_a_set() -> None:
    """Keys are values."""
    key = _KEYS[K256].public

    assert len({key, PublicKey.from_did_key(key.did_key), _KEYS[P256].public}) == 2
