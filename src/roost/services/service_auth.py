"""Service tokens: what an account here shows to other services, and what strangers show to us (spec sections 3.4, 3.5).

A token is signed by an account's signing key, for one audience and one method, and is good for one call: a second one
with the same `jti` is refused until the token's time is over. It deliberately does not know which methods a token may
be asked for; `services.service_tokens` does.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Final, TypeGuard

from roost.crypto import service_jwt
from roost.crypto.errors import InvalidToken as NotAToken
from roost.crypto.keys import PrivateKey, PublicKey
from roost.crypto.service_jwt import ServiceJwt
from roost.identity.diddoc import LABEL_KEY_ID, PDS_ID, SIGNING_KEY_ID, DidDocument
from roost.identity.errors import UnusableKey
from roost.net.errors import BadAnswer, DidNotResolved, NetError, RequestRefused
from roost.net.resolve import DidResolver
from roost.services.budget import Budget, party_of
from roost.services.caller import Caller, Scope, Service
from roost.services.clock import Minter
from roost.services.errors import (
    AccountNotFound,
    AccountTakedown,
    BadJwt,
    BadJwtAudience,
    BadJwtIss,
    BadJwtLexiconMethod,
    BadJwtSignature,
    BadJwtType,
    JwtExpired,
    JwtReplayed,
    UntrustedIss,
    UpstreamFailure,
)
from roost.services.keyring import Keyring
from roost.services.policy import Policy
from roost.storage import accounts, service_tokens
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import Did, InvalidSyntax

USUAL_SECONDS: Final = 60
"""How long a token of ours is good unless somebody asks for another time."""

LONGEST_SECONDS: Final = 60 * 60
"""How long a token may be good, ours and those of others: what `getServiceAuth` gives at the most."""

SKEW_SECONDS: Final = 60
"""How far another server's clock may be off. An end that is over is over by ours, as at the reference server."""

RENEWAL_SECONDS: Final = 10
"""A bad signature has the issuer's document fetched anew, in case its key has changed; but not more often than this,
since anybody can make bad signatures.
"""

RENEWALS_KEPT: Final = 10_000
"""DIDs whose last renewal is remembered: some 200 bytes each."""

LABELER: Final = "atproto_labeler"
"""The service of a moderator's DID, whose tokens `#atproto_label` signs."""

OTHER_TYPES: Final = frozenset({"at+jwt", "refresh+jwt", "dpop+jwt"})
"""Kinds of tokens that must not pass for one of these, whoever has signed them."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that was made for this call, if whoever signed it may; `key_id` is the key it has to be."""

    iss: Did
    key_id: str
    expires_at: int
    token: bytes


class ServiceAuth:
    """Signs service tokens with the accounts' keys, and judges those of others."""

    def __init__(
        self, db: Database, keyring: Keyring, resolver: DidResolver, policy: Policy, budget: Budget, minter: Minter
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._resolver = resolver
        self._did = policy.did
        self._budget = budget
        self._minter = minter
        self._renewed: OrderedDict[Did, int] = OrderedDict()

    def now(self) -> int:
        """Return the time by which tokens are judged, in seconds since 1970."""
        return self._minter.milliseconds() // 1000

    async def issue(self, caller: Caller, *, aud: str, lxm: str | None, expires_at: int | None = None) -> str:
        """Return a token by which the caller's account calls the method `lxm` of the service `aud`.

        `expires_at` is in seconds since 1970. Raises AccountNotFound for an account that was deleted meanwhile.
        """

        def read(tx: Tx) -> PrivateKey:
            if accounts.by_id(tx, caller.account) is None:
                raise AccountNotFound("Account not found")
            return self._keyring.signing_key(tx, caller.account, caller.did)

        now = self.now()
        claims: dict[str, object] = {
            "iat": now,
            "iss": str(caller.did),
            "aud": aud,
            "exp": now + USUAL_SECONDS if expires_at is None else expires_at,
            "jti": token_hex(16),
        }
        if lxm is not None:
            claims["lxm"] = lxm
        return service_jwt.encode(claims, await self._db.read(read))

    async def admit(self, token: str, nsid: str) -> Service:
        """Return who calls the method with a token, and use the token up.

        Raises BadJwt or one of its kin; UpstreamFailure when nobody can say what the issuer's key is, and
        TooManyRequests when too many are asked for at the moment.
        """
        jwt, claims = self._read(token, nsid)
        if claims.key_id != SIGNING_KEY_ID:
            raise BadJwtIss("Only an account itself may call this method")
        return await self._prove(jwt, claims)

    async def admit_hosted(self, token: str, nsid: str) -> tuple[Caller, Service]:
        """Do the same for a method that acts on an account here: the issuer's own.

        Its scope is that of a token, so that no method takes it for a session's. Raises AccountNotFound and
        AccountTakedown too.
        """
        jwt, claims = self._read(token, nsid)
        if claims.key_id != SIGNING_KEY_ID:
            raise BadJwtIss("Only an account itself may call this method")
        # Asked before the network is: strangers must not send us around for accounts that we do not have.
        await self._db.read(lambda tx: _standing(tx, claims.iss))
        service = await self._prove(jwt, claims)
        account = await self._db.read(lambda tx: _standing(tx, claims.iss))
        return Caller(account.id, account.did, account.handle, Scope.SERVICE, None), service

    async def admit_moderator(self, token: str, nsid: str, trusted: Did | None) -> Service:
        """Do the same for a method of moderators: the issuer is the trusted DID, or its labeler. Raises UntrustedIss
        too.
        """
        jwt, claims = self._read(token, nsid)
        if claims.iss != trusted:
            raise UntrustedIss("Untrusted issuer")
        return await self._prove(jwt, claims)

    async def release(self, service: Service) -> None:
        """Let a token be used again whose call was refused: nothing has come of it."""
        await self._db.write(lambda tx: service_tokens.release(tx, service.token))

    def _read(self, token: str, nsid: str) -> tuple[ServiceJwt, Claims]:
        try:
            jwt = service_jwt.parse(token)
        except NotAToken as error:
            raise BadJwt(f"Poorly formatted jwt: {error}") from error
        return jwt, judge(jwt, audience=self._did, nsid=nsid, now=self.now())

    async def _prove(self, jwt: ServiceJwt, claims: Claims) -> Service:
        key = _key(await self._document(claims.iss), claims.key_id)
        if (key is None or not jwt.signed_by(key)) and self._may_renew(claims.iss):
            key = _key(await self._document(claims.iss, fresh=True), claims.key_id)
        if key is None or not jwt.signed_by(key):
            raise BadJwtSignature("jwt signature does not match jwt issuer")
        now = self.now()
        fresh = await self._db.write(lambda tx: service_tokens.use(tx, claims.token, until=claims.expires_at, now=now))
        if not fresh:
            raise JwtReplayed("This token has been used: each is good for one call")
        return Service(claims.iss, claims.token)

    def _may_renew(self, did: Did) -> bool:
        now = self.now()
        if now - self._renewed.get(did, 0) < RENEWAL_SECONDS:
            return False
        self._renewed[did] = now
        self._renewed.move_to_end(did)
        if len(self._renewed) > RENEWALS_KEPT:
            self._renewed.popitem(last=False)
        return True

    async def _document(self, did: Did, *, fresh: bool = False) -> DidDocument:
        known = None if fresh else await self._resolver.peek(did)
        if known is not None:
            return known
        try:
            async with self._budget.spend(party_of(did)):
                return await self._resolver.resolve(did, fresh=fresh)
        except (DidNotResolved, RequestRefused, BadAnswer) as error:
            raise BadJwtIss(f"Could not resolve DID: {did}") from error
        except NetError as error:
            raise UpstreamFailure(f"Could not resolve DID: {did}") from error


def judge(jwt: ServiceJwt, *, audience: Did, nsid: str, now: int) -> Claims:
    """Return what a token claims, if that would do for a call of `nsid` here and now, were it rightly signed.

    Raises BadJwt and its kin.
    """
    if jwt.typ is not None and jwt.typ.lower().removeprefix("application/") in OTHER_TYPES:
        raise BadJwtType(f'Invalid jwt type "{jwt.typ}"')
    claims = jwt.claims
    expires_at = _judge_times(jwt, now)
    # `did#atproto_pds` names us as well as the bare DID does, and is how it is meant to be from now on.
    if claims.get("aud") not in (str(audience), f"{audience}#{PDS_ID}"):
        raise BadJwtAudience(f"jwt audience is not this server: {audience}")
    if claims.get("lxm") != nsid:
        raise BadJwtLexiconMethod(f"jwt is not for this method (lxm): {nsid}")
    iss, key_id = _issuer(claims.get("iss"))
    # Some libraries put their own name of a key here; but one that names another key of the document means it.
    named = (jwt.kid or "").partition("#")[2]
    if named and named != key_id:
        raise BadJwt(f"jwt kid must be #{key_id}")
    jti = claims.get("jti")
    unique = f"{claims.get('iss')}\n{jti}".encode() if isinstance(jti, str) and jti else jwt.signed
    return Claims(iss, key_id, expires_at, sha256(unique).digest())


def _judge_times(jwt: ServiceJwt, now: int) -> int:
    """Return when the token ends, rounded up to a second."""
    expires, issued, not_before = (jwt.claims.get(name) for name in ("exp", "iat", "nbf"))
    if not _is_time(expires) or not (issued is None or _is_time(issued)):
        raise BadJwt("jwt exp must be a number, and iat too")
    if not (not_before is None or _is_time(not_before)):
        raise BadJwt("jwt nbf must be a number")
    if expires <= now:
        raise JwtExpired("jwt expired")
    if expires > now + LONGEST_SECONDS + SKEW_SECONDS:
        raise BadJwt(f"jwt exp is more than {LONGEST_SECONDS} seconds ahead")
    if max(issued or 0, not_before or 0) > now + SKEW_SECONDS:
        raise BadJwt("jwt is not valid yet")
    return math.ceil(expires)


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _issuer(iss: object) -> tuple[Did, str]:
    """Return whose the token is, and the name of the key that signs it."""
    did, mark, fragment = iss.partition("#") if isinstance(iss, str) else ("", "", "")
    if mark and fragment != LABELER:
        raise BadJwtIss("jwt iss must be a DID")
    try:
        return Did.parse(did), LABEL_KEY_ID if fragment == LABELER else SIGNING_KEY_ID
    except InvalidSyntax as error:
        raise BadJwtIss("jwt iss must be a DID") from error


def _key(document: DidDocument, id: str) -> PublicKey | None:
    try:
        return document.key(id)
    except UnusableKey:
        return None


def _standing(tx: Tx, did: Did) -> Account:
    account = accounts.by_did(tx, did)
    if account is None:
        raise AccountNotFound("Account not found")
    if account.status == "takendown":
        raise AccountTakedown("Account has been taken down")
    return account
