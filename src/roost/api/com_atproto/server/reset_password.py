"""com.atproto.server.resetPassword: a new password for a mailed token."""

import msgspec

from roost.api import limits
from roost.api.method import Procedure
from roost.services.accounts import Accounts


class Input(msgspec.Struct, frozen=True):
    """The token, and the password to have from now on."""

    token: str
    password: str


async def reset_password(accounts: Accounts, input: Input) -> None:
    """Change the password and end every session. Raises InvalidToken, ExpiredToken, InvalidPassword."""
    await accounts.reset_password(input.token, input.password)


METHOD = Procedure("com.atproto.server.resetPassword", reset_password, limits=limits.RESET_PASSWORD)
