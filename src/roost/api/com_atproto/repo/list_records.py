"""com.atproto.repo.listRecords: the records of a collection, the newest key first."""

import msgspec

from roost.api.method import Query
from roost.services.reading import Reading
from roost.syntax import AtIdentifier, Nsid


class Params(msgspec.Struct, frozen=True):
    """Which page of which collection; `cursor` is the last key of the page before."""

    repo: AtIdentifier
    collection: Nsid
    limit: int = 50
    cursor: str | None = None
    reverse: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A record on the page; `uri` and `cid` are texts already, for the encoder is asked a hundred times a page."""

    uri: str
    cid: str
    value: msgspec.Raw


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """The page, and the cursor of the next one unless this is the last."""

    records: list[Entry]
    cursor: str | None = None


async def list_records(reading: Reading, params: Params) -> Output:
    """Read one page. Raises RepoNotFound and its kin."""
    found = await reading.list(
        params.repo,
        params.collection,
        limit=params.limit,
        after=params.cursor if params.reverse else None,
        before=None if params.reverse else params.cursor,
        newest_first=not params.reverse,
    )
    entries = [Entry(f"at://{found.did}/{row.path}", str(row.cid), msgspec.Raw(row.json)) for row in found.records]
    return Output(entries, found.records[-1].path.partition("/")[2] if found.full else None)


METHOD = Query("com.atproto.repo.listRecords", list_records)
