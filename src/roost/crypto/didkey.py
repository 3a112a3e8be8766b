"""Public keys as DID documents and PLC operations write them: did:key, multikey, and the two older suites of 2019.

Deliberately does not know documents: it is given one key's text, and gives a key.
"""

from typing import Final

from roost.crypto import multikey
from roost.crypto.errors import InvalidKey
from roost.crypto.keys import K256, P256, PublicKey
from roost.crypto.multikey import Curve

# The types of verification method that named their curve, before Multikey did it in the key's own text.
LEGACY_SUITES: Final[dict[str, Curve]] = {
    "EcdsaSecp256k1VerificationKey2019": K256,
    "EcdsaSecp256r1VerificationKey2019": P256,
}


def parse_did_key(text: str) -> PublicKey:
    """The key that a did:key names; raises InvalidKey (spec section 6.1)."""
    return PublicKey.from_did_key(text)


def format_did_key(key: PublicKey) -> str:
    """The key as a DID, `did:key:z…`."""
    return key.did_key


def parse_multikey(text: str) -> PublicKey:
    """The key that a Multikey verification method holds; raises InvalidKey (spec section 6.1)."""
    return PublicKey.from_multikey(text)


def parse_legacy_multibase(text: str, curve: Curve) -> PublicKey:
    """The key of a verification method of 2019: a bare point in multibase, compressed or not; raises InvalidKey."""
    return PublicKey.from_point(curve, multikey.multibase(text))


def parse_verification_method(kind: str, text: str) -> PublicKey:
    """The key of a verification method, from its `type` and its `publicKeyMultibase`; raises InvalidKey."""
    if kind == "Multikey":
        return parse_multikey(text)
    if kind in LEGACY_SUITES:
        return parse_legacy_multibase(text, LEGACY_SUITES[kind])
    raise InvalidKey(f"not a type of verification method that the protocol uses: {kind[:100]!r}")
