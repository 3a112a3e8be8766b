"""com.atproto.server.getSession: whose token this is."""

import msgspec

from roost.api.com_atproto.server.session_output import DidDoc, session_did_doc
from roost.api.method import Auth, Query
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.identity import Identity
from roost.services.policy import Policy
from roost.syntax import Did, Handle


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The account; `status` says why it is not active."""

    handle: Handle
    did: Did
    active: bool
    email_confirmed: bool
    email: str | None = None
    status: str | None = None
    did_doc: DidDoc | None = None


async def get_session(accounts: Accounts, identity: Identity, policy: Policy, caller: Caller) -> Output:
    """Describe the caller's account. Raises AccountNotFound."""
    account = await accounts.get(caller.account)
    return Output(
        handle=account.public_handle,
        did=account.did,
        active=account.status is None,
        email_confirmed=account.email_confirmed_at is not None,
        email=account.email,
        status=account.status,
        did_doc=await session_did_doc(identity, policy, account.did),
    )


METHOD = Query("com.atproto.server.getSession", get_session, auth=Auth.ACCESS)
