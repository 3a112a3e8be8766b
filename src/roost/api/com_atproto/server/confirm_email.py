"""com.atproto.server.confirmEmail: show with a mailed token that the address is the owner's."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.caller import Caller
from roost.services.email_changes import EmailChanges


class Input(msgspec.Struct, frozen=True):
    """The address, and the token that was mailed there."""

    email: str
    token: str


async def confirm_email(email_changes: EmailChanges, caller: Caller, input: Input) -> None:
    """Confirm the caller's address. Raises UnknownAccount, InvalidEmail, InvalidToken, ExpiredToken."""
    await email_changes.confirm(caller.account, input.email, input.token)


METHOD = Procedure("com.atproto.server.confirmEmail", confirm_email, auth=Auth.ACCESS)
