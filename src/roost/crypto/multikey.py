"""Public keys as text: base58btc of a curve's code and a compressed point (spec section 6.1).

Deliberately does not know whether the bytes are a point on the curve: `keys` finds out.
"""

from typing import Final, Literal, TypeAlias

import base58

from roost.crypto.errors import InvalidKey

Curve: TypeAlias = Literal["k256", "p256"]

# The multicodec codes for public keys, as varints: secp256k1-pub 0xe7, p256-pub 0x1200.
_CODES: Final[dict[Curve, bytes]] = {"k256": b"\xe7\x01", "p256": b"\x80\x24"}
_CURVES: Final = {code: curve for curve, code in _CODES.items()}

# base58 takes time that grows with the square of the length; the longest key, an uncompressed point, needs 90
# characters.
_MAX_LENGTH: Final = 100


def encode(curve: Curve, point: bytes) -> str:
    """The multikey text (`z…`) of a compressed point."""
    return "z" + str(base58.b58encode(_CODES[curve] + point), "ascii")


def decode(text: str) -> tuple[Curve, bytes]:
    """The curve and the 33 bytes of a multikey's text; raises InvalidKey."""
    raw = multibase(text)
    curve = _CURVES.get(raw[:2])
    if curve is None or len(raw) != 35:
        raise InvalidKey(f"neither a K-256 nor a P-256 key: {text!r}")
    return curve, raw[2:]


def multibase(text: str) -> bytes:
    """The bytes of base58btc multibase text; raises InvalidKey."""
    if len(text) > _MAX_LENGTH or not text.startswith("z"):
        raise InvalidKey(f"not a key in base58btc multibase: {text[:_MAX_LENGTH]!r}")
    try:
        raw = bytes(base58.b58decode(text[1:]))
    except ValueError as why:
        raise InvalidKey(f"not base58btc: {text!r}") from why
    # The library drops spaces at the end, which would give one key several spellings.
    if base58.b58encode(raw) != text[1:].encode():
        raise InvalidKey(f"not base58btc: {text!r}")
    return raw
