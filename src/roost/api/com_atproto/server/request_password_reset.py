"""com.atproto.server.requestPasswordReset: mail a token to whoever owns an account with this address."""

import msgspec

from roost.api import limits
from roost.api.method import Procedure
from roost.services.accounts import Accounts


class Input(msgspec.Struct, frozen=True):
    """The address."""

    email: str


async def request_password_reset(accounts: Accounts, input: Input) -> None:
    """Ask for a mail. The answer is the same, and as fast, whether or not there is such an account."""
    accounts.request_reset(input.email)


METHOD = Procedure(
    "com.atproto.server.requestPasswordReset", request_password_reset, limits=limits.REQUEST_PASSWORD_RESET
)
