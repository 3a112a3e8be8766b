"""com.atproto.sync.listRepos: every repository here, and where it stands."""

import msgspec

from roost.api.method import Query
from roost.data.cid import Cid
from roost.services.errors import InvalidRequest
from roost.services.reading import Reading
from roost.syntax import Did, Tid

MOST_DIGITS = 15
"""Of a cursor, which is an account's number: more of them than fit in a database's integer are nobody's."""


class Params(msgspec.Struct, frozen=True):
    """How many, and after which."""

    limit: int
    cursor: str | None = None


class Repo(msgspec.Struct, frozen=True, omit_defaults=True):
    """One repository; `status` says why its account is not active."""

    did: Did
    head: Cid
    rev: Tid
    active: bool
    status: str | None = None


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, oldest account first; `cursor` when there may be more."""

    repos: list[Repo]
    cursor: str | None = None


async def list_repos(reading: Reading, params: Params) -> Output:
    """List repositories, also those of accounts that are not active. Raises InvalidRequest."""
    cursor = params.cursor or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= MOST_DIGITS):
        raise InvalidRequest("Malformed cursor")
    page = await reading.page(after=int(cursor), limit=params.limit)
    repos = [Repo(each.did, each.cid, each.rev, each.status is None, each.status) for each in page]
    return Output(repos, str(page[-1].account) if len(page) == params.limit else None)


METHOD = Query("com.atproto.sync.listRepos", list_repos)
