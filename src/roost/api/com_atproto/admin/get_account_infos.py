"""com.atproto.admin.getAccountInfos: many accounts; those that are not here are left out."""

import msgspec

from roost.api.com_atproto.admin.account_view import AccountView, account_view
from roost.api.method import Auth, Query
from roost.services.admin import Admin
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Whose."""

    dids: list[Did]


class Output(msgspec.Struct, frozen=True):
    """The accounts, in the order in which they were asked for."""

    infos: list[AccountView]


async def get_account_infos(admin: Admin, params: Params) -> Output:
    """Describe accounts."""
    return Output([account_view(profile) for profile in await admin.profiles(params.dids)])


METHOD = Query("com.atproto.admin.getAccountInfos", get_account_infos, auth=Auth.MODERATOR)
