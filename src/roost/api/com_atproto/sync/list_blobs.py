"""com.atproto.sync.listBlobs: the blobs that an account's records refer to."""

import msgspec

from roost.api.method import TAKENDOWN, Auth, Query
from roost.data.cid import Cid
from roost.services.blobs import Blobs
from roost.services.caller import Viewer
from roost.syntax import Did, Tid


class Params(msgspec.Struct, frozen=True):
    """Whose; with `since`, those that records of later revs refer to. `cursor` is the last CID of the page before."""

    did: Did
    since: Tid | None = None
    limit: int = 500
    cursor: str | None = None


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """The page, by CID, and the cursor of the next one unless this is the last."""

    cids: list[Cid]
    cursor: Cid | None = None


async def list_blobs(blobs: Blobs, caller: Viewer, params: Params) -> Output:
    """Read one page. Raises RepoNotFound and its kin, InvalidRequest for a cursor that is none."""
    page = await blobs.list(params.did, caller, since=params.since, after=params.cursor, limit=params.limit)
    return Output(list(page), page[-1] if len(page) == params.limit else None)


METHOD = Query("com.atproto.sync.listBlobs", list_blobs, auth=Auth.OPTIONAL, scopes=TAKENDOWN)
