"""com.atproto.sync.getHead: what getLatestCommit tells, without the rev; deprecated."""

import msgspec

from roost.api.method import Auth, Query
from roost.data.cid import Cid
from roost.services.caller import Viewer
from roost.services.reading import Reading
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Which repository."""

    did: Did


class Output(msgspec.Struct, frozen=True):
    """The CID of its current commit."""

    root: Cid


async def get_head(reading: Reading, caller: Viewer, params: Params) -> Output:
    """Read a repository's head. Raises RepoNotFound and its kin."""
    return Output((await reading.head(params.did, caller)).cid)


METHOD = Query("com.atproto.sync.getHead", get_head, auth=Auth.OPTIONAL)
