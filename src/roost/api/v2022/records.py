"""Records as they were in October 2022: parameters in the query, the record alone in the body, `tid` for the record
key.
"""

from typing import Literal

import msgspec

from roost.api.com_atproto.repo import (
    apply_writes,
    create_record,
    delete_record,
    describe_repo,
    get_record,
    put_record,
)
from roost.api.method import Body, Query, Record
from roost.api.v2022.adapt import adapt
from roost.api.v2022.errors import explain
from roost.services.errors import InvalidRequest, RepoNotFound
from roost.services.reading import Reading
from roost.syntax import AtIdentifier, AtUri, Did, Handle, InvalidSyntax, Nsid, RecordKey

MAX_LIMIT = 100
"""Records on a page at the most; 2022 named no maximum, so more may be asked for, and this many are given."""


class CreateParams(msgspec.Struct, frozen=True):
    """Where the record goes."""

    did: Did
    type: Nsid
    validate: bool = True


class UriOutput(msgspec.Struct, frozen=True):
    """Where the record stands."""

    uri: AtUri


def to_create(params: CreateParams, input: Record) -> create_record.Input:
    """Ask for a record under a key of the server's."""
    return create_record.Input(params.did, params.type, input, validate=params.validate)


def uri(output: create_record.Output | put_record.Output) -> UriOutput:
    """Keep of today's answer what 2022 told."""
    return UriOutput(output.uri)


class PutParams(msgspec.Struct, frozen=True):
    """Where the record goes, to the key."""

    did: Did
    type: Nsid
    tid: RecordKey
    validate: bool = True


def to_put(params: PutParams, input: Record) -> put_record.Input:
    """Ask for a record under that key, whatever is there."""
    return put_record.Input(params.did, params.type, params.tid, input, validate=params.validate)


class DeleteParams(msgspec.Struct, frozen=True):
    """Which record."""

    did: Did
    type: Nsid
    tid: RecordKey


def to_delete(params: DeleteParams) -> delete_record.Input:
    """Ask for its removal."""
    return delete_record.Input(params.did, params.type, params.tid)


def silence(_output: delete_record.Output) -> None:
    """Answer with no body at all."""


class BatchParams(msgspec.Struct, frozen=True):
    """Whose repository."""

    did: Did
    validate: bool = True


class BatchWrite(msgspec.Struct, frozen=True):
    """One write; which fields it must have depends on its action."""

    action: Literal["create", "update", "delete"]
    collection: Nsid
    tid: RecordKey | None = None
    value: Record | None = None


class BatchInput(msgspec.Struct, frozen=True):
    """The writes, in their order."""

    writes: list[BatchWrite]


class Done(msgspec.Struct, frozen=True):
    """`{}`."""


def done(_output: apply_writes.Output) -> Done:
    """Tell nothing of the results: 2022 did not."""
    return Done()


def to_batch(params: BatchParams, input: BatchInput) -> apply_writes.Input:
    """Ask for all the writes in one commit. Raises InvalidRequest where a write lacks what its action needs."""
    writes = [_write(index, write) for index, write in enumerate(input.writes)]
    return apply_writes.Input(params.did, writes, validate=params.validate)


def _write(index: int, write: BatchWrite) -> apply_writes.Create | apply_writes.Update | apply_writes.Delete:
    if write.action != "create" and write.tid is None:
        raise InvalidRequest(f"data/writes/{index} must have required property 'tid'")
    if write.action != "delete" and write.value is None:
        raise InvalidRequest(f"data/writes/{index} must have required property 'value'")
    match write:
        case BatchWrite("create", collection, _, dict(value)):
            return apply_writes.Create(collection, value)
        case BatchWrite("update", collection, str(tid), dict(value)):
            return apply_writes.Update(collection, RecordKey(tid), value)
        case BatchWrite("delete", collection, str(tid)):
            return apply_writes.Delete(collection, RecordKey(tid))
    raise InvalidRequest(f"data/writes/{index}/value must be object")


class DescribeParams(msgspec.Struct, frozen=True, rename="camel"):
    """Which repository."""

    name_or_did: str


class DescribeOutput(msgspec.Struct, frozen=True, rename="camel"):
    """Whose it is, its DID document, its collections, and whether name and document agree."""

    name: Handle
    did: Did
    did_doc: object
    collections: list[str]
    name_is_correct: bool


def to_describe(params: DescribeParams) -> describe_repo.Params:
    """Ask for a description."""
    return describe_repo.Params(user(params.name_or_did))


def description(output: describe_repo.Output) -> DescribeOutput:
    """Give today's description its names of 2022."""
    return DescribeOutput(output.handle, output.did, output.did_doc, output.collections, output.handle_is_correct)


def user(name_or_did: str) -> AtIdentifier:
    """Return the DID or handle that was asked for. Raises RepoNotFound: what is neither is nobody's name."""
    try:
        return AtIdentifier.parse(name_or_did)
    except InvalidSyntax:
        raise RepoNotFound(f"Could not find repo: {name_or_did[:300]}") from None


class GetParams(msgspec.Struct, frozen=True, rename="camel"):
    """Which record."""

    name_or_did: str
    type: Nsid
    tid: RecordKey


class RecordOutput(msgspec.Struct, frozen=True):
    """A record, and where it stands, as a text already: a page has many."""

    uri: str
    value: msgspec.Raw


def to_get(params: GetParams) -> get_record.Params:
    """Ask for the record as it is now."""
    return get_record.Params(user(params.name_or_did), params.type, params.tid)


def record(output: get_record.Output) -> RecordOutput:
    """Keep of today's answer what 2022 told."""
    return RecordOutput(str(output.uri), output.value)


class ListParams(msgspec.Struct, frozen=True, rename="camel"):
    """Which records; `before` and `after` are bounds of the key whatever the order is."""

    name_or_did: str
    type: Nsid
    limit: int = 50
    before: str | None = None
    after: str | None = None
    reverse: bool = False


class ListOutput(msgspec.Struct, frozen=True):
    """The records."""

    records: list[RecordOutput]


async def list_records(reading: Reading, params: ListParams) -> ListOutput:
    """Read the first records within the bounds, the oldest first, or with `reverse` the last ones, the newest first.

    Not today's listRecords with another default: there `reverse` turns the page around, here the bounds stay where they
    are.
    """
    found = await reading.list(
        user(params.name_or_did),
        params.type,
        limit=min(params.limit, MAX_LIMIT),
        after=params.after,
        before=params.before,
        newest_first=params.reverse,
    )
    return ListOutput([RecordOutput(f"at://{found.did}/{path}", msgspec.Raw(json)) for path, json in found.json()])


METHODS = (
    adapt("com.atproto.repoBatchWrite", apply_writes.METHOD, to_batch, done),
    adapt("com.atproto.repoCreateRecord", create_record.METHOD, to_create, uri),
    adapt("com.atproto.repoDeleteRecord", delete_record.METHOD, to_delete, silence, body=Body.EMPTY_OBJECT),
    adapt("com.atproto.repoDescribe", describe_repo.METHOD, to_describe, description),
    adapt("com.atproto.repoGetRecord", get_record.METHOD, to_get, record),
    Query("com.atproto.repoListRecords", list_records, explain=explain),
    adapt("com.atproto.repoPutRecord", put_record.METHOD, to_put, uri),
)
