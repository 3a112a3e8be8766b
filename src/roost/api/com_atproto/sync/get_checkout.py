"""com.atproto.sync.getCheckout: getRepo of the whole; deprecated."""

import msgspec

from roost.api.com_atproto.sync.get_repo import CAR
from roost.api.method import Auth, Query, Stream
from roost.services.caller import Viewer
from roost.services.exports import Exports
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Which repository."""

    did: Did


async def get_checkout(exports: Exports, caller: Viewer, params: Params) -> Stream:
    """Stream a repository. Raises RepoNotFound and its kin."""
    return Stream(CAR, await exports.whole(params.did, caller))


METHOD = Query("com.atproto.sync.getCheckout", get_checkout, auth=Auth.OPTIONAL)
