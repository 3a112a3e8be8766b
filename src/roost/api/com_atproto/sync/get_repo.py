"""com.atproto.sync.getRepo: a repository as a CAR, whole or what it has gained since a rev."""

import msgspec

from roost.api import limits
from roost.api.method import TAKENDOWN, Auth, Query, Stream
from roost.services.caller import Viewer
from roost.services.exports import Exports
from roost.syntax import Did, Tid

CAR = "application/vnd.ipld.car"


class Params(msgspec.Struct, frozen=True):
    """Which repository, and after which rev."""

    did: Did
    since: Tid | None = None


async def get_repo(exports: Exports, caller: Viewer, params: Params) -> Stream:
    """Stream a repository. Raises RepoNotFound and its kin."""
    if params.since is None:
        return Stream(CAR, await exports.whole(params.did, caller))
    return Stream(CAR, await exports.since(params.did, params.since, caller))


METHOD = Query("com.atproto.sync.getRepo", get_repo, auth=Auth.OPTIONAL, scopes=TAKENDOWN, limits=limits.GET_REPO)
