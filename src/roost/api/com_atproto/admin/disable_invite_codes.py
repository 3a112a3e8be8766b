"""com.atproto.admin.disableInviteCodes: codes that shall admit nobody any more."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.audit import Action
from roost.services.invites import Invites


class Input(msgspec.Struct, frozen=True):
    """The codes, and the accounts all of whose codes are meant."""

    codes: list[str] = []
    accounts: list[str] = []


async def disable_invite_codes(invites: Invites, action: Action, input: Input) -> None:
    """Disable codes. Raises InvalidRequest."""
    await invites.disable(codes=input.codes, accounts=input.accounts, action=action)


METHOD = Procedure("com.atproto.admin.disableInviteCodes", disable_invite_codes, auth=Auth.MODERATOR)
