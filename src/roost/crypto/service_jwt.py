"""Tokens between services: compact JSON Web Tokens that an account's signing key signs (spec sections 3.4, 3.5).

Written out over `keys` rather than with the library that `jws` uses: that one makes signatures of either half of the
order, of which only the lower is good here, and would load a key again for each token. Deliberately does not know what
any claim means, nor whose key it is: a token that was parsed says what somebody claims, until a key has been held
against it.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from roost.crypto.errors import InvalidToken
from roost.crypto.keys import PrivateKey, PublicKey
from roost.crypto.multikey import Curve

ALGORITHMS: Final[dict[Curve, str]] = {"k256": "ES256K", "p256": "ES256"}
"""What a token calls the signatures of each curve (RFC 7518 section 3.4, RFC 8812 section 3.2)."""

# Such a token has some 400 characters; one with the longest DIDs twice would have 6,000.
_MAX_LENGTH: Final = 8192
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServiceJwt:
    """A token as it was presented; nothing of it is proved before `signed_by` has said so."""

    alg: str
    typ: str | None
    kid: str | None
    claims: Mapping[str, object]
    signed: bytes  # what the signature is of; no second token with the same effect has other bytes here
    signature: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Whether this key signed the token, by the one algorithm that goes with its curve.

        A signature in the upper half is let through, as by the reference server: libraries of others make them, and
        here it does not matter that a signature has two forms.
        """
        return self.alg == ALGORITHMS[key.curve] and key.verify(self.signature, self.signed, allow_high_s=True)


def encode(claims: Mapping[str, object], key: PrivateKey) -> str:
    """The token that says these claims, signed with the key (spec section 3.4)."""
    header = {"typ": "JWT", "alg": ALGORITHMS[key.curve]}
    signed = f"{_part(orjson.dumps(header))}.{_part(orjson.dumps(claims))}"
    return f"{signed}.{_part(key.sign(signed.encode()))}"


def parse(token: str) -> ServiceJwt:
    """Take a token apart; raises InvalidToken. Neither its signature nor its times are looked at."""
    if len(token) > _MAX_LENGTH or _COMPACT.fullmatch(token) is None:
        raise InvalidToken("not a token")
    head, body, signature = token.split(".")
    header, claims = _object(head), _object(body)
    alg, typ, kid = header.get("alg"), header.get("typ"), header.get("kid")
    if not isinstance(alg, str) or not isinstance(typ, str | None) or not isinstance(kid, str | None):
        raise InvalidToken("the token's header is malformed")
    if "crit" in header:
        # RFC 7515 section 4.1.11: whoever does not understand what is critical must refuse the token.
        raise InvalidToken("the token's header has extensions that are not known here")
    return ServiceJwt(alg, typ, kid, claims, f"{head}.{body}".encode(), _bytes(signature))


def _object(part: str) -> dict[str, object]:
    try:
        value = orjson.loads(_bytes(part))
    except orjson.JSONDecodeError as why:
        raise InvalidToken("a part of the token is not JSON") from why
    if not isinstance(value, dict):
        raise InvalidToken("a part of the token is not an object")
    return value


def _part(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except Base64Error as why:
        raise InvalidToken("a part of the token is not base64url") from why
