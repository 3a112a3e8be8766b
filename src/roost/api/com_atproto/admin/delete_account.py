"""com.atproto.admin.deleteAccount: an account with everything that is its own, for good."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.accounts import Accounts
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.services.errors import AccountNotFound, UnknownAccount
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True):
    """Whose."""

    did: Did


async def delete_account(admin: Admin, accounts: Accounts, action: Action, input: Input) -> None:
    """Delete an account. Raises UnknownAccount."""
    action.about(input.did, did=input.did)
    account = await admin.account(input.did)
    try:
        await accounts.delete(account.id, action=action)
    except AccountNotFound:  # somebody was faster
        raise UnknownAccount(f"Account not found: {input.did}") from None


METHOD = Procedure("com.atproto.admin.deleteAccount", delete_account, auth=Auth.ADMIN)
