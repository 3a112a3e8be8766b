"""com.atproto.admin.enableAccountInvites: invite codes for an account again."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True):
    """Whose, and why."""

    account: Did
    note: str | None = None


async def enable_account_invites(admin: Admin, action: Action, input: Input) -> None:
    """Give an account codes again. Raises UnknownAccount."""
    await admin.set_invites_disabled(input.account, disabled=False, reason=input.note, action=action)


METHOD = Procedure("com.atproto.admin.enableAccountInvites", enable_account_invites, auth=Auth.MODERATOR)
