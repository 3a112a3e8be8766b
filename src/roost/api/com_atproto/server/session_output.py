"""A session and its account, as createSession and refreshSession answer them."""

import msgspec

from roost.services.accounts import Account
from roost.services.sessions import Pair
from roost.syntax import Did, Handle


class SessionOutput(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The tokens, and whose they are; `status` says why an account is not active."""

    access_jwt: str
    refresh_jwt: str
    handle: Handle
    did: Did
    active: bool
    email_confirmed: bool
    email: str | None = None
    status: str | None = None


def session_output(account: Account, pair: Pair) -> SessionOutput:
    """Return the answer that gives out a session's tokens."""
    return SessionOutput(
        access_jwt=pair.access,
        refresh_jwt=pair.refresh,
        handle=account.public_handle,
        did=account.did,
        active=account.status is None,
        email_confirmed=False,
        email=account.email,
        status=account.status,
    )
