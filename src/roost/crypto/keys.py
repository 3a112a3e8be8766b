"""Signing keys: ECDSA over SHA-256 on K-256 (secp256k1) and P-256, with signatures as 64 bytes of r and s (spec
section 6.1).

A signature is only good with s in the lower half of the curve's order ("low-S"): anyone can turn a signature into its
other half, and a repository must not have two valid forms. Deliberately does not know what is signed, or whose key it
is.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import coincurve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from roost.crypto import multikey
from roost.crypto.errors import InvalidKey
from roost.crypto.multikey import Curve

K256: Final = "k256"
P256: Final = "p256"

_ORDERS: Final[dict[Curve, int]] = {
    K256: 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141,
    P256: 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
}
_DID_KEY: Final = "did:key:"
_ECDSA: Final = ec.ECDSA(hashes.SHA256())
# RFC 6979: the nonce comes from the key and the message, so a signature needs no randomness and cannot leak a key for
# want of it.
_ECDSA_SIGN: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)

_Verifier = Callable[[bytes, bytes], bool]  # takes a DER signature and a message


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: a curve and a point on it, 33 bytes compressed. Raises InvalidKey when made from anything else."""

    curve: Curve
    point: bytes
    _verify: _Verifier = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.point) != 33:
            raise InvalidKey("a compressed public key has 33 bytes")
        # Frozen, but for this: loading a point costs more than a signature's arithmetic may, so it is done once.
        object.__setattr__(self, "_verify", _LOADERS[self.curve](self.point))

    @classmethod
    def from_did_key(cls, text: str) -> "PublicKey":
        """The key that a did:key names; raises InvalidKey (spec section 6.1)."""
        if not text.startswith(_DID_KEY):
            raise InvalidKey(f"not a did:key: {text[:100]!r}")
        return cls.from_multikey(text.removeprefix(_DID_KEY))

    @classmethod
    def from_multikey(cls, text: str) -> "PublicKey":
        """The key that a multikey's text (`z…`) is; raises InvalidKey (spec section 6.1)."""
        return cls(*multikey.decode(text))

    @classmethod
    def from_point(cls, curve: Curve, raw: bytes) -> "PublicKey":
        """The key that is this point, compressed (33 bytes) or not (65); raises InvalidKey."""
        if len(raw) == 65 and raw[0] == 4:
            _LOADERS[curve](raw)  # both halves must be on the curve: compressing alone would never look at the second
            raw = bytes((2 + (raw[64] & 1),)) + raw[1:33]
        return cls(curve, raw)

    @property
    def did_key(self) -> str:
        """The key as a DID, `did:key:z…`."""
        return _DID_KEY + self.multikey

    @property
    def multikey(self) -> str:
        """The key as the text that a DID document holds, `z…`."""
        return multikey.encode(self.curve, self.point)

    def verify(self, signature: bytes, message: bytes, *, allow_high_s: bool = False) -> bool:
        """Whether this key made the 64-byte signature of the message (spec section 6.1).

        `allow_high_s` is for tokens of others, whose libraries do not all know the rule; never for repositories.
        """
        if len(signature) != 64:
            return False
        order = _ORDERS[self.curve]
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if not (0 < r < order and 0 < s < order):
            return False
        if s > order // 2:
            if not allow_high_s:
                return False
            s = order - s
        return self._verify(encode_dss_signature(r, s), message)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key: a curve and 32 bytes, which its repr does not show. Raises InvalidKey when made of others."""

    curve: Curve
    _secret: bytes = field(repr=False)
    public: PublicKey = field(init=False, compare=False)
    _sign: Callable[[bytes], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self._secret) != 32 or not 0 < int.from_bytes(self._secret, "big") < _ORDERS[self.curve]:
            raise InvalidKey("a private key is 32 bytes, from one to below the curve's order")
        point, sign = _load_private_k256(self._secret) if self.curve == K256 else _load_private_p256(self._secret)
        object.__setattr__(self, "public", PublicKey(self.curve, point))
        object.__setattr__(self, "_sign", sign)

    @classmethod
    def generate(cls, curve: Curve = K256) -> "PrivateKey":
        """A new key, from the operating system's entropy."""
        return cls(curve, (secrets.randbelow(_ORDERS[curve] - 1) + 1).to_bytes(32, "big"))

    @classmethod
    def from_bytes(cls, raw: bytes, curve: Curve = K256) -> "PrivateKey":
        """The key with this secret number; raises InvalidKey."""
        return cls(curve, raw)

    def to_bytes(self) -> bytes:
        """The 32 bytes of the secret number."""
        return self._secret

    def sign(self, message: bytes) -> bytes:
        """The 64-byte low-S signature of the message; the same each time (spec section 6.1)."""
        return self._sign(message)


def _load_public_k256(point: bytes) -> _Verifier:
    try:
        key = coincurve.PublicKey(point)
    except ValueError as why:
        raise InvalidKey("not a point on K-256") from why

    def verify(der: bytes, message: bytes) -> bool:
        return bool(key.verify(der, sha256(message).digest(), hasher=None))

    return verify


def _load_public_p256(point: bytes) -> _Verifier:
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as why:
        raise InvalidKey("not a point on P-256") from why

    def verify(der: bytes, message: bytes) -> bool:
        try:
            key.verify(der, message, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return verify


_LOADERS: Final[dict[Curve, Callable[[bytes], _Verifier]]] = {K256: _load_public_k256, P256: _load_public_p256}


def _load_private_k256(secret: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    key = coincurve.PrivateKey(secret)

    def sign(message: bytes) -> bytes:
        # The recoverable form is r and s and one byte more; libsecp256k1 makes s low by itself.
        return bytes(key.sign_recoverable(sha256(message).digest(), hasher=None)[:64])

    return key.public_key.format(compressed=True), sign


def _load_private_p256(secret: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    order = _ORDERS[P256]

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, _ECDSA_SIGN))
        return r.to_bytes(32, "big") + min(s, order - s).to_bytes(32, "big")

    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    return key.public_key().public_bytes(encoding, form), sign
