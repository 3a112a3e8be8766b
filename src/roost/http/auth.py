"""The Authorization header into who is calling, by the schemes of RFC 6750 (Bearer) and RFC 7617 (Basic).

It deliberately does not know what a token is made of: that is asked of `Tokens`, which `services.sessions` is one of.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol

from starlette.types import Scope as Asgi

from roost.api.method import ADMINISTRATIVE, Auth
from roost.http.address import Addresses
from roost.http.guard import Guard
from roost.http.limits import STATE
from roost.services.caller import Administrator, Caller, Moderator, Scope, Viewer
from roost.services.errors import AuthMissing, InvalidToken, TooManyRequests, Unauthenticated

MISSING = "Authentication Required"
"""The one text for no credentials and for an administrator's wrong ones, as the reference server has it."""


class Tokens(Protocol):
    """Who can tell whose token it is."""

    async def authenticate(self, token: str) -> Caller:
        """Return who an access token speaks for; raises InvalidToken, ExpiredToken, AccountNotFound."""

    async def authenticate_refresh(self, token: str, *, allow_expired: bool = False) -> Caller:
        """Do the same for a refresh token."""


class Moderators(Protocol):
    """Who can tell whether a token is the moderation service's."""

    async def authenticate_moderator(self, token: str, nsid: str) -> Moderator:
        """Return whose token for that method it is; raises Unauthenticated, InvalidToken and its kin."""


class Authenticator:
    """Admits requests to methods, for as long as the server has this administrator's password."""

    __slots__ = ("_addresses", "_admin", "_guard", "_moderators", "_tokens")

    def __init__(
        self,
        tokens: Tokens,
        *,
        admin_password: str,
        addresses: Addresses,
        guard: Guard | None = None,
        moderators: Moderators | None = None,
    ) -> None:
        assert admin_password, "an empty password would admit anybody who knows there is none"
        self._tokens = tokens
        self._addresses = addresses
        self._guard = guard or Guard()
        self._moderators = moderators
        # Digests have one length, so comparing them cannot tell how long the password is.
        self._admin = sha256(b"admin:" + admin_password.encode()).digest()

    async def admit(
        self, auth: Auth, scopes: frozenset[Scope], header: bytes | None, *, nsid: str, scope: Asgi
    ) -> Viewer | Moderator:
        """Return who is calling, None for nobody.

        Raises AuthMissing, Unauthenticated, InvalidToken, TooManyRequests, and what `Tokens` raises.
        """
        if header is None:
            if auth is Auth.OPTIONAL:
                return None
            raise AuthMissing(MISSING)
        if auth is Auth.MODERATOR and self._moderators is not None and header[:7].lower() == b"bearer ":
            return await self._moderators.authenticate_moderator(bearer(header), nsid)
        if auth in ADMINISTRATIVE or (auth is Auth.OPTIONAL and header[:6].lower() == b"basic "):
            self._admit_admin(header, scope)
            return Administrator()
        token = bearer(header)
        if auth is Auth.ACCESS_2022 and not header.startswith(b"Bearer "):
            raise InvalidToken("Unexpected authorization type")
        if auth in (Auth.ACCESS, Auth.ACCESS_2022, Auth.OPTIONAL):
            caller = await self._tokens.authenticate(token)
            if caller.scope not in scopes:
                raise InvalidToken("Bad token scope")
            return caller
        return await self._tokens.authenticate_refresh(token, allow_expired=auth is Auth.REFRESH_EXPIRED)

    def _admit_admin(self, header: bytes, scope: Asgi) -> None:
        scheme, _, encoded = header.partition(b" ")
        if scheme.lower() != b"basic":
            raise Unauthenticated(MISSING)
        try:
            presented = b64decode(encoded.strip(), validate=True)
        except Base64Error:
            presented = b""
        address = self._addresses.of(scope)
        wait = self._guard.turned_away(address)
        if wait:
            scope[STATE] = ((b"retry-after", b"%d" % wait),)
            raise TooManyRequests(f"Too many wrong passwords: try again in {wait // 60} minutes")
        if not compare_digest(sha256(presented).digest(), self._admin):
            self._guard.failed(address)
            raise Unauthenticated(MISSING)
        self._guard.succeeded(address)


def bearer(header: bytes) -> str:
    """Return the token of a Bearer header; raises InvalidToken for any other."""
    words = header.split(b" ")
    if len(words) != 2 or not header.isascii():
        raise InvalidToken("Malformed authorization header")
    scheme, token = words
    if scheme != b"Bearer" and scheme.lower() != b"bearer":
        raise InvalidToken("Unexpected authorization type")
    return token.decode("ascii")
