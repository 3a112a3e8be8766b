"""com.atproto.server.getAccountInviteCodes: the caller's invite codes, with those that have come due."""

import msgspec

from roost.api.com_atproto.server.invite_view import InviteView, invite_view
from roost.api.method import FULL, Auth, Query
from roost.services.caller import Caller
from roost.services.earned_invites import EarnedInvites


class Params(msgspec.Struct, frozen=True, rename="camel"):
    """Whether to tell of codes that admit nobody any more, and whether to make those that were earned."""

    include_used: bool = True
    create_available: bool = True


class Output(msgspec.Struct, frozen=True):
    """The codes, the oldest first."""

    codes: list[InviteView]


async def get_account_invite_codes(earned_invites: EarnedInvites, caller: Caller, params: Params) -> Output:
    """Tell the caller's codes. Raises AccountNotFound."""
    found = await earned_invites.of(caller.account, include_used=params.include_used, create=params.create_available)
    return Output([invite_view(each) for each in found])


METHOD = Query("com.atproto.server.getAccountInviteCodes", get_account_invite_codes, auth=Auth.ACCESS, scopes=FULL)
