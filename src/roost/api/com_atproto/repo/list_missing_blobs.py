"""com.atproto.repo.listMissingBlobs: what the caller's records refer to and nobody has uploaded here."""

import msgspec

from roost.api.method import Auth, Query
from roost.data.cid import Cid
from roost.services.blobs import Blobs
from roost.services.caller import Caller
from roost.syntax import AtUri


class Params(msgspec.Struct, frozen=True):
    """Which page; `cursor` is the last CID of the page before."""

    limit: int = 500
    cursor: str | None = None


class RecordBlob(msgspec.Struct, frozen=True, rename="camel"):
    """A blob, and a record that refers to it."""

    cid: Cid
    record_uri: AtUri


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """The page, and the cursor of the next one unless this is the last."""

    blobs: list[RecordBlob]
    cursor: Cid | None = None


async def list_missing_blobs(blobs: Blobs, caller: Caller, params: Params) -> Output:
    """Read one page. Raises InvalidRequest for a cursor that is none."""
    page = await blobs.missing(caller.account, after=params.cursor, limit=params.limit)
    found = [RecordBlob(cid, AtUri.at(caller.did, path)) for cid, path in page]
    return Output(found, found[-1].cid if len(found) == params.limit else None)


METHOD = Query("com.atproto.repo.listMissingBlobs", list_missing_blobs, auth=Auth.ACCESS)
