"""com.atproto.sync.getRepoStatus: whether an account is active, and if not, why."""

import msgspec

from roost.api.method import Query
from roost.services.reading import Reading
from roost.syntax import Did, Tid


class Params(msgspec.Struct, frozen=True):
    """Whose."""

    did: Did


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """`status` says why it is not active, `rev` where an active one's repository stands."""

    did: Did
    active: bool
    status: str | None = None
    rev: Tid | None = None


async def get_repo_status(reading: Reading, params: Params) -> Output:
    """Read an account's status; it is what the last #account told. Raises RepoNotFound."""
    account, head = await reading.hosted(params.did)
    active = account.status is None
    return Output(account.did, active, account.status, head.rev if active else None)


METHOD = Query("com.atproto.sync.getRepoStatus", get_repo_status)
