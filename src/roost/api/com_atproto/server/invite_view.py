"""com.atproto.server.defs#inviteCode: a code as answers tell of it."""

import msgspec

from roost.api.moment import moment
from roost.services.invites import Told
from roost.syntax import Datetime, Did


class InviteUse(msgspec.Struct, frozen=True, rename="camel"):
    """An account that a code admitted."""

    used_by: Did
    used_at: Datetime


class InviteView(msgspec.Struct, frozen=True, rename="camel"):
    """A code. As in the reference server, `available` is how many uses it was made with, not how many are left."""

    code: str
    available: int
    disabled: bool
    for_account: str
    created_by: str
    created_at: Datetime
    uses: list[InviteUse]


def invite_view(told: Told) -> InviteView:
    """Tell of a code."""
    invite = told.invite
    uses = [InviteUse(use.did, moment(use.used_at)) for use in told.used_by]
    return InviteView(
        code=invite.code,
        available=invite.uses,
        disabled=invite.disabled,
        for_account=invite.for_account,
        created_by=invite.created_by,
        created_at=moment(invite.created_at),
        uses=uses,
    )
