"""Tokens that this server gives to itself: JSON Web Tokens with HMAC-SHA-256, and no other algorithm (spec section
4.1).

Deliberately does not know what any claim means, beyond the two that bound a token's life in time.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from roost.crypto.errors import ExpiredToken, InvalidToken, PrematureToken

_ALGORITHM: Final = "HS256"
# A session token has about 300 characters; nothing of ours comes near this, and a parser should see no more.
_MAX_LENGTH: Final = 8192
# RFC 2104 advises against keys shorter than the hash. 32 bytes are what SHA-256 gives.
_MIN_SECRET: Final = 32
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


def encode(claims: Mapping[str, object], secret: bytes, *, typ: str) -> str:
    """The token that says these claims, signed with the secret (RFC 7519).

    `typ` says which kind of token it is, and keeps one kind from passing as another.
    """
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return jws.serialize_compact({"typ": typ, "alg": _ALGORITHM}, payload, _key(secret), algorithms=[_ALGORITHM])


def decode(token: str, secret: bytes) -> tuple[dict[str, object], dict[str, object]]:
    """The header and the claims of a token that the secret signed; raises InvalidToken.

    Times are not looked at here: see `check_times`. Which `typ` will do is for the caller to say.
    """
    if len(token) > _MAX_LENGTH or _COMPACT.fullmatch(token) is None:
        raise InvalidToken("not a token")
    try:
        opened = jws.deserialize_compact(token, _key(secret), algorithms=[_ALGORITHM])
        claims = json.loads(opened.payload)
    except (JoseError, ValueError, RecursionError) as why:  # RecursionError: the JSON of a header yet to be verified
        raise InvalidToken("not a token that this server signed") from why
    if not isinstance(claims, dict):
        raise InvalidToken("the token's claims are not an object")
    return dict(opened.headers()), claims


def check_times(claims: Mapping[str, object], now: float) -> None:
    """Pass claims that hold at `now`, in seconds since 1970 (RFC 7519 section 4.1).

    Raises ExpiredToken, PrematureToken or InvalidToken.
    A token without an end (`exp`) is refused: none of ours lives for ever.
    """
    expires, not_before = claims.get("exp"), claims.get("nbf", 0)
    if not _is_number(expires) or not _is_number(not_before):
        raise InvalidToken("the token does not say how long it lives")
    if not now < expires:  # said this way round, NaN has expired as well
        raise ExpiredToken("the token has expired")
    if not now >= not_before:
        raise PrematureToken("the token is not valid yet")


@lru_cache(maxsize=8)  # a server has a few secrets; making a key of one costs far more than an HMAC
def _key(secret: bytes) -> OctKey:
    assert len(secret) >= _MIN_SECRET, "a secret for HMAC-SHA-256 has 32 bytes or more"
    return OctKey.import_key(secret)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
