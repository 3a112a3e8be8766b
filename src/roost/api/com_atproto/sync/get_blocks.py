"""com.atproto.sync.getBlocks: blocks of a repository's present state by their CIDs, in a CAR without roots."""

import msgspec

from roost.api.com_atproto.sync.get_repo import CAR
from roost.api.method import Auth, Query, Stream
from roost.data.cid import Cid
from roost.services.caller import Viewer
from roost.services.exports import Exports
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Which repository, and which of its blocks: its commit, nodes of its tree, records."""

    did: Did
    cids: list[Cid]


async def get_blocks(exports: Exports, caller: Viewer, params: Params) -> Stream:
    """Stream blocks, in the order they were asked for. Raises RepoNotFound and its kin, BlockNotFound."""
    return Stream(CAR, await exports.blocks(params.did, params.cids, caller))


METHOD = Query("com.atproto.sync.getBlocks", get_blocks, auth=Auth.OPTIONAL)
