"""com.atproto.admin.updateAccountPassword: a new password, which ends all the account's sessions."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.accounts import Accounts
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True):
    """Whose, and which."""

    did: Did
    password: str


async def update_account_password(admin: Admin, accounts: Accounts, action: Action, input: Input) -> None:
    """Replace a password. Raises UnknownAccount, InvalidPassword, TooManyRequests."""
    action.about(input.did, did=input.did)
    account = await admin.account(input.did)
    await accounts.set_password(account.id, input.password, action=action)


METHOD = Procedure("com.atproto.admin.updateAccountPassword", update_account_password, auth=Auth.ADMIN)
