"""com.atproto.sync.getRecord: proof of what stands at a record's path, or that nothing does."""

from collections.abc import AsyncIterator

import msgspec

from roost.api.com_atproto.sync.get_repo import CAR
from roost.api.method import Auth, Query, Stream
from roost.services.caller import Viewer
from roost.services.exports import Exports
from roost.syntax import Did, Nsid, RecordKey


class Params(msgspec.Struct, frozen=True):
    """Which record of which repository."""

    did: Did
    collection: Nsid
    rkey: RecordKey


async def get_record(exports: Exports, caller: Viewer, params: Params) -> Stream:
    """Answer with the commit, the tree's nodes on the way, and the record if it is there.

    Raises RepoNotFound and its kin.
    """
    car = await exports.record(params.did, f"{params.collection}/{params.rkey}", caller)
    return Stream(CAR, _once(car), length=len(car))


async def _once(car: bytes) -> AsyncIterator[bytes]:
    yield car


METHOD = Query("com.atproto.sync.getRecord", get_record, auth=Auth.OPTIONAL)
