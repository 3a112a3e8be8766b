"""com.atproto.repo.applyWrites: many writes in one commit, all of them or none."""

from typing import Final

import msgspec

from roost.api import limits
from roost.api.com_atproto.repo.commit_meta import CommitMeta, commit_meta
from roost.api.method import WRITE_BODY, Auth, Procedure, Record
from roost.api.ownership import check_own
from roost.data.cid import Cid
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.errors import InvalidRequest
from roost.services.repos import MAX_OPS, Repos
from roost.services.writes import Records, Removal, ValidationStatus, Write, removal
from roost.syntax import AtIdentifier, AtUri, Nsid, RecordKey

NSID = "com.atproto.repo.applyWrites"


class Create(msgspec.Struct, frozen=True, tag_field="$type", tag=f"{NSID}#create"):
    """Add a record."""

    collection: Nsid
    value: Record
    rkey: RecordKey | None = None


class Update(msgspec.Struct, frozen=True, tag_field="$type", tag=f"{NSID}#update"):
    """Replace a record that is there."""

    collection: Nsid
    rkey: RecordKey
    value: Record


class Delete(msgspec.Struct, frozen=True, tag_field="$type", tag=f"{NSID}#delete"):
    """Take away a record that is there."""

    collection: Nsid
    rkey: RecordKey


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """The writes, in the order in which they are to be made; no two to one record."""

    repo: AtIdentifier
    writes: list[Create | Update | Delete]
    validate: bool | None = None
    swap_commit: Cid | None = None


class CreateResult(
    msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, tag_field="$type", tag=f"{NSID}#createResult"
):
    """Where a created record stands."""

    uri: AtUri
    cid: Cid
    validation_status: ValidationStatus | None = None


class UpdateResult(
    msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, tag_field="$type", tag=f"{NSID}#updateResult"
):
    """Where an updated record stands."""

    uri: AtUri
    cid: Cid
    validation_status: ValidationStatus | None = None


class DeleteResult(msgspec.Struct, frozen=True, tag_field="$type", tag=f"{NSID}#deleteResult"):
    """That a record is gone."""


Result = CreateResult | UpdateResult | DeleteResult


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result for each write, in their order, and the commit that made them all."""

    results: list[Result]
    commit: CommitMeta | None = None


async def apply_writes(accounts: Accounts, repos: Repos, records: Records, caller: Caller, input: Input) -> Output:
    """Commit all writes, or refuse them all. Raises InvalidSwap, RecordAlreadyExists, InvalidRequest."""
    await check_own(accounts, caller, input.repo)
    if len(input.writes) > MAX_OPS:
        raise InvalidRequest(f"Too many writes. Max: {MAX_OPS}")
    writes = [_write(records, each, input.validate) for each in input.writes]
    written = await repos.write(caller.account, writes, swap_commit=input.swap_commit)
    return Output([_result(caller, write) for write in writes], commit_meta(written))


def _write(records: Records, asked: Create | Update | Delete, validate: bool | None) -> Write | Removal:
    match asked:
        case Create():
            return records.write("create", asked.collection, asked.rkey, asked.value, validate=validate)
        case Update():
            return records.write("update", asked.collection, asked.rkey, asked.value, validate=validate)
        case Delete():
            return removal(asked.collection, asked.rkey, insist=True)


def _result(caller: Caller, write: Write | Removal) -> Result:
    if isinstance(write, Removal):
        return DeleteResult()
    result = CreateResult if write.action == "create" else UpdateResult
    return result(AtUri.at(caller.did, write.path), write.cid, write.status)


def points(arguments: limits.Arguments) -> int:
    """Return what the writes cost together; more than there may be are refused, and cost no more."""
    input = arguments["input"]
    assert isinstance(input, Input), "it has been decoded"
    return sum([POINTS[type(write)] for write in input.writes[:MAX_OPS]])


POINTS: Final[dict[type, int]] = {
    Create: limits.CREATE_POINTS,
    Update: limits.UPDATE_POINTS,
    Delete: limits.DELETE_POINTS,
}

METHOD = Procedure(NSID, apply_writes, auth=Auth.ACCESS, body_limit=WRITE_BODY, limits=limits.writes(points))
