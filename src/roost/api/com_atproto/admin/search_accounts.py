"""com.atproto.admin.searchAccounts: accounts by a part of their email address or handle, or by DID.

The lexicon calls the text `email`; an operator who has a handle or a DID at hand need not ask elsewhere.
"""

import msgspec

from roost.api.com_atproto.admin.account_view import AccountView, account_view
from roost.api.cursor import number
from roost.api.method import Auth, Query
from roost.services.admin import Admin


class Params(msgspec.Struct, frozen=True):
    """What is searched for; all accounts without it."""

    email: str = ""
    cursor: str | None = None
    limit: int = 50


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """The accounts, oldest first, and where to go on."""

    accounts: list[AccountView]
    cursor: str | None = None


async def search_accounts(admin: Admin, params: Params) -> Output:
    """Find accounts. Raises InvalidRequest."""
    after = 0 if params.cursor is None else number(params.cursor)
    found = await admin.search(params.email, after=after, limit=params.limit)
    profiles = await admin.profiles([account.did for account in found])
    cursor = str(found[-1].id) if len(found) == params.limit else None
    return Output([account_view(profile) for profile in profiles], cursor)


METHOD = Query("com.atproto.admin.searchAccounts", search_accounts, auth=Auth.MODERATOR)
