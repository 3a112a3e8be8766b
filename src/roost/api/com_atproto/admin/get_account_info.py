"""com.atproto.admin.getAccountInfo: one account, whatever its state."""

import msgspec

from roost.api.com_atproto.admin.account_view import AccountView, account_view
from roost.api.method import Auth, Query
from roost.services.admin import Admin
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Whose."""

    did: Did


async def get_account_info(admin: Admin, params: Params) -> AccountView:
    """Describe an account. Raises SubjectNotFound."""
    return account_view(await admin.profile(params.did))


METHOD = Query("com.atproto.admin.getAccountInfo", get_account_info, auth=Auth.MODERATOR)
