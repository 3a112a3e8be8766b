"""com.atproto.admin.updateAccountEmail: another email address, which its owner has to confirm anew."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.syntax import AtIdentifier


class Input(msgspec.Struct, frozen=True):
    """Whose, by handle or DID, and which."""

    account: AtIdentifier
    email: str


async def update_account_email(admin: Admin, action: Action, input: Input) -> None:
    """Replace an email address. Raises UnknownAccount, EmailNotAvailable, InvalidRequest."""
    await admin.set_email(input.account, input.email, action=action)


METHOD = Procedure("com.atproto.admin.updateAccountEmail", update_account_email, auth=Auth.ADMIN)
