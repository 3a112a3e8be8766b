"""Session tokens as text: HS256 with the server's secret, and nothing else is ever accepted."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from roost.crypto import jws
from roost.crypto.errors import InvalidToken as BadJws
from roost.services.caller import Scope
from roost.services.errors import ExpiredToken, InvalidToken
from roost.syntax import Did, InvalidSyntax

ACCESS_TYPE: Final = "at+jwt"
REFRESH_TYPE: Final = "refresh+jwt"

_VERIFIED_KEPT: Final = 20_000
"""Tokens whose signature is remembered: some 500 bytes each, so 10 MB."""


class Claims(msgspec.Struct, frozen=True):
    """What a token of ours says; `id` is its session's, times are in seconds since 1970."""

    type: str
    scope: Scope
    did: Did
    id: str
    expires_at: int


class Tokens:
    """Writes and reads tokens. A token's signature is checked once; its time and its session every time."""

    def __init__(self, secret: bytes, audience: str, now: Callable[[], int]) -> None:
        self._secret = secret
        self._audience = audience
        self._now = now
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def write(self, claims: Claims) -> str:
        """Return the token that says `claims`."""
        body = {
            "scope": str(claims.scope),
            "aud": self._audience,
            "sub": str(claims.did),
            "jti": claims.id,
            "iat": self._now(),
            "exp": claims.expires_at,
        }
        return jws.encode(body, self._secret, typ=claims.type)

    def read(self, token: str, type: str, *, allow_expired: bool = False) -> Claims:
        """Return what the token says. Raises InvalidToken, ExpiredToken."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verified[token] = self._verify(token)
            if len(self._verified) > _VERIFIED_KEPT:
                self._verified.popitem(last=False)
        if claims.type != type:
            raise InvalidToken("Bad token scope" if claims.type in (ACCESS_TYPE, REFRESH_TYPE) else "Bad token type")
        if claims.expires_at <= self._now() and not allow_expired:
            raise ExpiredToken("Token has expired")
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            header, body = jws.decode(token, self._secret)
            if body.get("aud") != self._audience or "lxm" in body or "cnf" in body:
                raise InvalidToken("Token could not be verified")
            return Claims(
                type=_string(header.get("typ")),
                scope=Scope(_string(body.get("scope"))),
                did=Did.parse(body.get("sub")),
                id=_string(body.get("jti")),
                expires_at=_integer(body.get("exp")),
            )
        except (BadJws, InvalidSyntax, ValueError) as error:
            raise InvalidToken("Token could not be verified") from error


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a claim is not a string")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("a claim is not an integer")
    return value
