"""Public keys as documents write them."""

import base58
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from roost.crypto.didkey import (
    format_did_key,
    parse_did_key,
    parse_legacy_multibase,
    parse_multikey,
    parse_verification_method,
)
from roost.crypto.errors import InvalidKey
from roost.crypto.keys import K256, P256, PrivateKey, PublicKey
from roost.crypto.multikey import Curve
from support.interop import json_vectors

_FIXTURES = "crypto/signature-fixtures.json"


def test_published_k256_keys() -> None:
    """A K-256 private key has the published did:key."""
    for vector in json_vectors("crypto/w3c_didkey_K256.json"):
        key = PrivateKey.from_bytes(bytes.fromhex(str(vector["privateKeyBytesHex"])))

        assert format_did_key(key.public) == vector["publicDidKey"]
        assert parse_did_key(str(vector["publicDidKey"])) == key.public


def test_published_p256_keys() -> None:
    """A P-256 private key has the published did:key."""
    for vector in json_vectors("crypto/w3c_didkey_P256.json"):
        key = PrivateKey.from_bytes(base58.b58decode(str(vector["privateKeyBytesBase58"])), P256)

        assert format_did_key(key.public) == vector["publicDidKey"]
        assert parse_did_key(str(vector["publicDidKey"])) == key.public


def test_published_legacy_keys() -> None:
    """The older form of a key, with its suite, is the same key."""
    for vector in json_vectors(_FIXTURES):
        key = parse_verification_method(str(vector["didDocSuite"]), str(vector["publicKeyMultibase"]))

        assert key.did_key == vector["publicKeyDid"]


def test_a_multikey() -> None:
    """The newer form names its own curve."""
    key = PrivateKey.from_bytes(bytes(31) + b"\x01").public

    assert parse_multikey(key.multikey) == key
    assert parse_verification_method("Multikey", key.multikey) == key


def _uncompressed(key: PublicKey) -> bytes:
    curve = ec.SECP256K1() if key.curve == K256 else ec.SECP256R1()
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.point)
    return theirs.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _multibase(raw: bytes) -> str:
    return "z" + base58.b58encode(raw).decode()


@pytest.mark.parametrize("curve", [K256, P256])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 2**200])
def test_uncompressed_points(number: int, curve: Curve) -> None:
    """An uncompressed point is the same key as its compressed form, whether its second half is even or odd."""
    key = PrivateKey.from_bytes(number.to_bytes(32, "big"), curve).public

    assert parse_legacy_multibase(_multibase(_uncompressed(key)), curve) == key


def test_an_uncompressed_point_off_the_curve_is_refused() -> None:
    """Its second half is not just thrown away."""
    raw = bytearray(_uncompressed(PrivateKey.from_bytes(bytes(31) + b"\x01").public))
    raw[40] ^= 1

    with pytest.raises(InvalidKey):
        parse_legacy_multibase(_multibase(bytes(raw)), K256)


@pytest.mark.parametrize(
    "raw", [b"", b"\x04" + bytes(64), b"\x02" * 32, b"\x05" + b"\x01" * 32, b"\x04" + b"\x01" * 66]
)
def test_points_that_are_none_are_refused(raw: bytes) -> None:
    """Compressed or uncompressed, of the right length, on the curve."""
    curves: list[Curve] = [K256, P256]
    for curve in curves:
        with pytest.raises(InvalidKey):
            parse_legacy_multibase(_multibase(raw), curve)


def test_other_suites_are_refused() -> None:
    """The protocol has two curves."""
    with pytest.raises(InvalidKey):
        parse_verification_method("Ed25519VerificationKey2020", "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
