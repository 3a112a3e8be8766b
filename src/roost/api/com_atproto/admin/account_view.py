"""com.atproto.admin.defs#accountView: an account as its operator sees it."""

import msgspec

from roost.api.com_atproto.server.invite_view import InviteView, invite_view
from roost.api.moment import moment
from roost.services.admin import Profile
from roost.syntax import Datetime, Did, Handle


class AccountView(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The account. Whether it was taken down is not in this view: getSubjectStatus tells."""

    did: Did
    handle: Handle
    indexed_at: Datetime
    invites_disabled: bool
    invites: list[InviteView]
    email: str | None = None
    invited_by: InviteView | None = None
    email_confirmed_at: Datetime | None = None
    deactivated_at: Datetime | None = None


def account_view(profile: Profile) -> AccountView:
    """Tell of an account."""
    account = profile.account
    return AccountView(
        did=account.did,
        handle=account.handle,
        indexed_at=moment(account.created_at),
        invites_disabled=account.invites_disabled,
        invites=[invite_view(told) for told in profile.invites],
        email=account.email,
        invited_by=None if profile.invited_by is None else invite_view(profile.invited_by),
        email_confirmed_at=None if account.email_confirmed_at is None else moment(account.email_confirmed_at),
        deactivated_at=None if account.deactivated_at is None else moment(account.deactivated_at),
    )
