"""What an account may have done at other services, by proxy or with a token that it takes there itself (spec sections
1.1 getServiceAuth, 3.2).

Everything that one caller may ask of another service in an account's name is decided by `is_protected` and `allows`, so
permissions that name methods and audiences have one place to be judged in. It deliberately does not know how a service
is found or reached.
"""

import re
from typing import Final

from roost.identity.errors import UnsupportedDid
from roost.identity.web import document_url
from roost.services.caller import Caller, Scope
from roost.services.errors import BadExpiration, InvalidRequest, InvalidToken
from roost.services.service_auth import LONGEST_SECONDS, USUAL_SECONDS, ServiceAuth
from roost.syntax import Did, InvalidSyntax, Nsid

CREATE_ACCOUNT: Final = "com.atproto.server.createAccount"

PROTECTED: Final = frozenset(
    nsid.lower()
    for nsid in (
        "com.atproto.admin.sendEmail",
        "com.atproto.identity.requestPlcOperationSignature",
        "com.atproto.identity.signPlcOperation",
        "com.atproto.identity.updateHandle",
        "com.atproto.server.activateAccount",
        "com.atproto.server.confirmEmail",
        "com.atproto.server.createAppPassword",
        "com.atproto.server.deactivateAccount",
        "com.atproto.server.getAccountInviteCodes",
        "com.atproto.server.getSession",
        "com.atproto.server.listAppPasswords",
        "com.atproto.server.requestAccountDelete",
        "com.atproto.server.requestEmailConfirmation",
        "com.atproto.server.requestEmailUpdate",
        "com.atproto.server.revokeAppPassword",
        "com.atproto.server.updateEmail",
    )
)
"""Methods by which an account is ruled, in lower case: nobody but the account's own host may be asked for them in its
name, or a service could be told to take the account over.
"""

CHAT: Final = "chat.bsky."
"""Private messages. The reference server lists the methods of its day; the whole namespace is meant."""

PRIVILEGED: Final = frozenset({Scope.ACCESS, Scope.APP_PASS_PRIVILEGED})
"""Whose tokens may be used for private messages, and to move the account."""

_PLC: Final = re.compile(r"did:plc:[a-z2-7]{24}", re.ASCII)
_AUDIENCE: Final = "aud must be a valid atproto DID or did#serviceId reference"


def is_protected(nsid: str) -> bool:
    """Return whether nobody may be asked for this method in an account's name."""
    return nsid.lower() in PROTECTED


def allows(caller: Caller, nsid: str) -> bool:
    """Return whether the caller's credentials reach to this method of another service, if it is not protected."""
    if caller.scope is Scope.TAKENDOWN:
        return nsid.lower() == CREATE_ACCOUNT.lower()  # to leave is what remains
    privileged = nsid.lower() == CREATE_ACCOUNT.lower() or nsid.lower().startswith(CHAT)
    return not privileged or caller.scope in PRIVILEGED


class Delegation:
    """Gives accounts tokens to take to other services."""

    def __init__(self, auth: ServiceAuth) -> None:
        self._auth = auth

    async def token(self, caller: Caller, aud: str, *, lxm: Nsid | None, expires_at: int | None) -> str:
        """Return a token by which whoever has it calls `lxm`, or any method, of the service `aud` as the caller.

        `expires_at` is in seconds since 1970. Raises InvalidRequest, BadExpiration, InvalidToken.
        """
        check_audience(aud)
        self._check_end(expires_at, methodless=lxm is None)
        if caller.scope is Scope.TAKENDOWN and (lxm is None or not allows(caller, lxm)):
            raise InvalidToken("Bad token scope")
        if lxm is not None and is_protected(lxm):
            raise InvalidRequest(f"cannot request a service auth token for the following protected method: {lxm}")
        if lxm is not None and not allows(caller, lxm):
            raise InvalidRequest(f"insufficient access to request a service auth token for the following method: {lxm}")
        return await self._auth.issue(caller, aud=aud, lxm=lxm, expires_at=expires_at)

    def _check_end(self, expires_at: int | None, *, methodless: bool) -> None:
        if expires_at is None:
            return
        ahead = expires_at - self._auth.now()
        if ahead <= 0:
            raise BadExpiration("expiration is in past")
        if ahead > LONGEST_SECONDS:
            raise BadExpiration("cannot request a token with an expiration more than an hour in the future")
        if methodless and ahead > USUAL_SECONDS:
            raise BadExpiration(
                "cannot request a method-less token with an expiration more than a minute in the future"
            )


def check_audience(aud: str) -> None:
    """Refuse what names no service that atproto could find: raises InvalidRequest (spec section 1.11)."""
    did, mark, fragment = aud.partition("#")
    if mark and (not fragment or "#" in fragment or not fragment.isprintable() or " " in fragment):
        raise InvalidRequest(_AUDIENCE)
    try:
        if not _PLC.fullmatch(did):
            document_url(Did.parse(did))
    except (InvalidSyntax, UnsupportedDid) as error:
        raise InvalidRequest(_AUDIENCE) from error
