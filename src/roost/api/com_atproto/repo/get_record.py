"""com.atproto.repo.getRecord: one record, for anybody; another server's, where the repository is not here."""

import msgspec

from roost.api.method import Query
from roost.data.cid import Cid
from roost.services.errors import RepoDeactivated, RepoNotFound, RepoTakendown
from roost.services.reading import Reading
from roost.syntax import AtIdentifier, AtUri, Nsid, RecordKey


class Params(msgspec.Struct, frozen=True):
    """Which record; with a CID, that version of it or none."""

    repo: AtIdentifier
    collection: Nsid
    rkey: RecordKey
    cid: Cid | None = None


class Output(msgspec.Struct, frozen=True):
    """The record, `value` as the JSON that was kept for it."""

    uri: AtUri
    cid: str
    value: msgspec.Raw


async def get_record(reading: Reading, params: Params) -> Output:
    """Read one record. Raises RepoNotFound and its kin, RecordNotFound."""
    did, shown = await reading.record(params.repo, params.collection, params.rkey, params.cid)
    return Output(AtUri.of(did, params.collection, params.rkey), shown.name, msgspec.Raw(shown.json))


METHOD = Query("com.atproto.repo.getRecord", get_record, elsewhere=(RepoNotFound, RepoDeactivated, RepoTakendown))
