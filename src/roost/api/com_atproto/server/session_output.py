"""A session and its account, as createSession and refreshSession answer them."""

from collections.abc import Mapping

import msgspec

from roost.services.accounts import Account
from roost.services.errors import InvalidRequest
from roost.services.identity import Identity
from roost.services.policy import Policy
from roost.services.sessions import Pair
from roost.syntax import Did, Handle

DidDoc = Mapping[str, object]


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
    did_doc: DidDoc | None = None


def session_output(account: Account, pair: Pair, did_doc: DidDoc | None = None) -> SessionOutput:
    """Return the answer that gives out a session's tokens."""
    return SessionOutput(
        access_jwt=pair.access,
        refresh_jwt=pair.refresh,
        handle=account.public_handle,
        did=account.did,
        active=account.status is None,
        email_confirmed=account.email_confirmed_at is not None,
        email=account.email,
        status=account.status,
        did_doc=did_doc,
    )


async def session_did_doc(identity: Identity, policy: Policy, did: Did) -> DidDoc | None:
    """Return the DID's document where the operator wants it in answers about sessions, if it can be had."""
    if not policy.did_doc_with_session:
        return None
    try:
        return (await identity.document(did)).raw
    except InvalidRequest:
        return None
