"""com.atproto.server.getSession: whose token this is."""

import msgspec

from roost.api.method import Auth, Query
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.syntax import Did, Handle


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The account; `status` says why it is not active."""

    handle: Handle
    did: Did
    active: bool
    email_confirmed: bool
    email: str | None = None
    status: str | None = None


async def get_session(accounts: Accounts, caller: Caller) -> Output:
    """Describe the caller's account. Raises AccountNotFound."""
    account = await accounts.get(caller.account)
    return Output(account.public_handle, account.did, account.status is None, False, account.email, account.status)


METHOD = Query("com.atproto.server.getSession", get_session, auth=Auth.ACCESS)
