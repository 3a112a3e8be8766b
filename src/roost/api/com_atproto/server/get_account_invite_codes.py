"""com.atproto.server.getAccountInviteCodes: the caller's invite codes, with those that have come due."""

import msgspec

from roost.api.method import FULL, Auth, Query
from roost.api.moment import moment
from roost.services.caller import Caller
from roost.services.earned_invites import EarnedInvites, OwnInvite
from roost.syntax import Datetime, Did


class Params(msgspec.Struct, frozen=True, rename="camel"):
    """Whether to tell of codes that admit nobody any more, and whether to make those that were earned."""

    include_used: bool = True
    create_available: bool = True


class InviteUseView(msgspec.Struct, frozen=True, rename="camel"):
    """An account that a code admitted."""

    used_by: Did
    used_at: Datetime


class InviteView(msgspec.Struct, frozen=True, rename="camel"):
    """A code. As in the reference server, `available` is how many uses it was made with, not how many are left."""

    code: str
    available: int
    disabled: bool
    for_account: Did
    created_by: str
    created_at: Datetime
    uses: list[InviteUseView]


class Output(msgspec.Struct, frozen=True):
    """The codes, the oldest first."""

    codes: list[InviteView]


async def get_account_invite_codes(earned_invites: EarnedInvites, caller: Caller, params: Params) -> Output:
    """Tell the caller's codes. Raises AccountNotFound."""
    found = await earned_invites.of(caller.account, include_used=params.include_used, create=params.create_available)
    return Output([_view(caller.did, each) for each in found])


def _view(owner: Did, own: OwnInvite) -> InviteView:
    uses = [InviteUseView(use.did, moment(use.used_at)) for use in own.uses]
    code = own.invite
    return InviteView(code.code, code.uses, code.disabled, owner, code.created_by, moment(code.created_at), uses)


METHOD = Query("com.atproto.server.getAccountInviteCodes", get_account_invite_codes, auth=Auth.ACCESS, scopes=FULL)
