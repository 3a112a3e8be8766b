"""com.atproto.server.updateEmail: another email address."""

import msgspec

from roost.api.method import FULL, Auth, Procedure
from roost.services.caller import Caller
from roost.services.email_changes import EmailChanges


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """The address, and the token if the one so far is confirmed. The last is accepted and means nothing here: there is
    no second factor.
    """

    email: str
    token: str | None = None
    email_auth_factor: bool | None = None


async def update_email(email_changes: EmailChanges, caller: Caller, input: Input) -> None:
    """Change the caller's address. Raises what `EmailChanges.update` does."""
    await email_changes.update(caller.account, input.email, input.token)


METHOD = Procedure("com.atproto.server.updateEmail", update_email, auth=Auth.ACCESS, scopes=FULL)
