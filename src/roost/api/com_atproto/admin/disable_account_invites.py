"""com.atproto.admin.disableAccountInvites: no more invite codes for an account; those it has stay good."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True):
    """Whose, and why."""

    account: Did
    note: str | None = None


async def disable_account_invites(admin: Admin, action: Action, input: Input) -> None:
    """Stop giving an account codes. Raises UnknownAccount."""
    await admin.set_invites_disabled(input.account, disabled=True, reason=input.note, action=action)


METHOD = Procedure("com.atproto.admin.disableAccountInvites", disable_account_invites, auth=Auth.MODERATOR)
