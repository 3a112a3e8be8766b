"""com.atproto.sync.getLatestCommit: where a repository stands."""

import msgspec

from roost.api.method import Auth, Query
from roost.data.cid import Cid
from roost.services.caller import Viewer
from roost.services.reading import Reading
from roost.syntax import Did, Tid


class Params(msgspec.Struct, frozen=True):
    """Which repository."""

    did: Did


class Output(msgspec.Struct, frozen=True):
    """The CID and the rev of its current commit."""

    cid: Cid
    rev: Tid


async def get_latest_commit(reading: Reading, caller: Viewer, params: Params) -> Output:
    """Read a repository's head. Raises RepoNotFound and its kin."""
    head = await reading.head(params.did, caller)
    return Output(head.cid, head.rev)


METHOD = Query("com.atproto.sync.getLatestCommit", get_latest_commit, auth=Auth.OPTIONAL)
