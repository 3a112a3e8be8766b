"""The Authorization header into who is calling, by the schemes of RFC 6750 (Bearer) and RFC 7617 (Basic).

It deliberately does not know what makes a token good: that is asked of `Tokens`, which `services.sessions` is one of,
and of `ServiceTokens`, which is `services.service_auth`. A Bearer token that names a method (`lxm`) is a service's.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Protocol

from starlette.types import Scope as Asgi

from roost.api.method import Auth
from roost.crypto import service_jwt
from roost.crypto.errors import InvalidToken as NotAToken
from roost.http.address import Addresses
from roost.http.guard import Guard
from roost.services.caller import Administrator, Caller, Scope, Service, Viewer
from roost.services.errors import AuthMissing, InvalidToken, TooManyRequests, Unauthenticated
from roost.syntax import Did

MISSING = "Authentication Required"
"""The one text for no credentials and for an administrator's wrong ones, as the reference server has it."""


class Tokens(Protocol):
    """Who can tell whose token it is."""

    async def authenticate(self, token: str) -> Caller:
        """Return who an access token speaks for; raises InvalidToken, ExpiredToken, AccountNotFound."""

    async def authenticate_refresh(self, token: str, *, allow_expired: bool = False) -> Caller:
        """Do the same for a refresh token."""


class ServiceTokens(Protocol):
    """Who can tell whose service token it is; each is used up, and raises BadJwt and its kin."""

    async def admit(self, token: str, nsid: str) -> Service:
        """Return who calls a method."""

    async def admit_hosted(self, token: str, nsid: str) -> tuple[Caller, Service]:
        """Return which account here a method is called for."""

    async def admit_moderator(self, token: str, nsid: str, trusted: Did | None) -> Service:
        """Return who calls a method of moderators."""

    async def release(self, service: Service) -> None:
        """Let a token be used again."""


Admitted = tuple[Viewer | Service, Service | None]
"""Who is calling, and the service token that this took, to be released should the call be refused."""

_SESSIONS: Final = frozenset(
    {Auth.ACCESS, Auth.ACCESS_2022, Auth.OPTIONAL, Auth.ACCESS_OR_SERVICE, Auth.ACCESS_OR_MODERATOR}
)
_SERVICES: Final = frozenset({Auth.SERVICE, Auth.OPTIONAL_SERVICE})


class Authenticator:
    """Admits requests to methods, for as long as the server has this administrator's password.

    `moderator` is the moderation service whose tokens count as the administrator's word where a method says so.
    """

    __slots__ = ("_addresses", "_admin", "_guard", "_moderator", "_services", "_tokens")

    def __init__(
        self,
        tokens: Tokens,
        services: ServiceTokens,
        *,
        admin_password: str,
        addresses: Addresses,
        guard: Guard | None = None,
        moderator: Did | None = None,
    ) -> None:
        assert admin_password, "an empty password would admit anybody who knows there is none"
        self._tokens = tokens
        self._services = services
        self._addresses = addresses
        self._guard = guard or Guard()
        self._moderator = moderator
        # Digests have one length, so comparing them cannot tell how long the password is.
        self._admin = sha256(b"admin:" + admin_password.encode()).digest()

    async def admit(
        self, auth: Auth, scopes: frozenset[Scope], header: bytes | None, nsid: str, scope: Asgi
    ) -> Admitted:
        """Return who is calling the method `nsid`, None for nobody.

        Raises AuthMissing, Unauthenticated, InvalidToken, TooManyRequests, and what `Tokens` and `ServiceTokens` raise.
        """
        if header is None:
            if auth in (Auth.OPTIONAL, Auth.OPTIONAL_SERVICE):
                return None, None
            raise AuthMissing(MISSING)
        if auth in _SESSIONS and not (auth is Auth.OPTIONAL and _is_basic(header)):
            return await self._admit_session(auth, scopes, header, nsid)
        if auth in _SERVICES:
            service = await self._services.admit(_service_token(header), nsid)
            return service, service
        if auth is Auth.MODERATOR and not _is_basic(header):
            return None, await self._services.admit_moderator(bearer(header), nsid, self._moderator)
        if auth in (Auth.ADMIN, Auth.OPTIONAL, Auth.MODERATOR):
            self._admit_admin(header, scope)
            return Administrator(), None
        allow_expired = auth is Auth.REFRESH_EXPIRED
        return await self._tokens.authenticate_refresh(bearer(header), allow_expired=allow_expired), None

    async def release(self, service: Service) -> None:
        """Let a service token be used again whose call was refused."""
        await self._services.release(service)

    async def _admit_session(
        self, auth: Auth, scopes: frozenset[Scope], header: bytes, nsid: str
    ) -> tuple[Caller | Service, Service | None]:
        token = bearer(header)
        if auth is Auth.ACCESS_2022 and not header.startswith(b"Bearer "):
            raise InvalidToken("Unexpected authorization type")
        if auth is Auth.ACCESS_OR_SERVICE and names_method(token):
            return await self._services.admit_hosted(token, nsid)
        if auth is Auth.ACCESS_OR_MODERATOR and names_method(token):
            moderator = await self._services.admit_moderator(token, nsid, self._moderator)
            return moderator, moderator
        caller = await self._tokens.authenticate(token)
        if caller.scope not in scopes:
            raise InvalidToken("Bad token scope")
        return caller, None

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
            raise TooManyRequests(f"Too many wrong passwords: try again in {wait // 60} minutes", retry_after=wait)
        if not compare_digest(sha256(presented).digest(), self._admin):
            self._guard.failed(address)
            raise Unauthenticated(MISSING)
        self._guard.succeeded(address)


def names_method(token: str) -> bool:
    """Return whether a token says which method it is for, as only those between services do; it may say anything."""
    try:
        return "lxm" in service_jwt.parse(token).claims
    except NotAToken:
        return False


def _is_basic(header: bytes) -> bool:
    return header[:6].lower() == b"basic "


def _service_token(header: bytes) -> str:
    """Return the token of a Bearer header, where nothing but a service token is of use."""
    try:
        return bearer(header)
    except InvalidToken as error:
        raise Unauthenticated("Invalid authorization header") from error


def bearer(header: bytes) -> str:
    """Return the token of a Bearer header; raises InvalidToken for any other."""
    words = header.split(b" ")
    if len(words) != 2 or not header.isascii():
        raise InvalidToken("Malformed authorization header")
    scheme, token = words
    if scheme != b"Bearer" and scheme.lower() != b"bearer":
        raise InvalidToken("Unexpected authorization type")
    return token.decode("ascii")
