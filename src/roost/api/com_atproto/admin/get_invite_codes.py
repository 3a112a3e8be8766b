"""com.atproto.admin.getInviteCodes: all codes, the newest or the most used first."""

import msgspec

from roost.api.com_atproto.server.invite_view import InviteView, invite_view
from roost.api.cursor import place
from roost.api.method import Auth, Query
from roost.services.errors import InvalidRequest
from roost.services.invites import Invites


class Params(msgspec.Struct, frozen=True):
    """Which page of which list: `recent`, or `usage`."""

    sort: str = "recent"
    limit: int = 100
    cursor: str | None = None


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """The codes, and where to go on."""

    codes: list[InviteView]
    cursor: str | None = None


async def get_invite_codes(invites: Invites, params: Params) -> Output:
    """List codes. Raises InvalidRequest."""
    if params.sort not in ("recent", "usage"):
        raise InvalidRequest(f"unknown sort method: {params.sort}")
    recent = params.sort == "recent"
    page = invites.newest if recent else invites.most_used
    found = await page(limit=params.limit, after=None if params.cursor is None else place(params.cursor))
    cursor = None
    if len(found) == params.limit:
        last = found[-1].invite
        cursor = f"{last.created_at if recent else last.uses - last.available}::{last.code}"
    return Output([invite_view(told) for told in found], cursor)


METHOD = Query("com.atproto.admin.getInviteCodes", get_invite_codes, auth=Auth.MODERATOR)
