"""com.atproto.repo.putRecord: create the record at a key, or replace the one there."""

import msgspec
from msgspec import UNSET, UnsetType

from roost.api import limits
from roost.api.com_atproto.repo.commit_meta import CommitMeta, commit_meta
from roost.api.method import WRITE_BODY, Auth, Procedure, Record
from roost.api.ownership import check_own
from roost.data.cid import Cid
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.profiles import Profiles
from roost.services.repos import Repos
from roost.services.writes import Records, ValidationStatus
from roost.syntax import AtIdentifier, AtUri, Nsid, RecordKey


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """The record and its key; `swapRecord` null says that there must be none yet."""

    repo: AtIdentifier
    collection: Nsid
    rkey: RecordKey
    record: Record
    validate: bool | None = None
    swap_record: Cid | UnsetType | None = UNSET
    swap_commit: Cid | None = None


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where the record stands; no commit if it stood there already, to the byte."""

    uri: AtUri
    cid: Cid
    commit: CommitMeta | None = None
    validation_status: ValidationStatus | None = None


async def put_record(
    accounts: Accounts, repos: Repos, records: Records, profiles: Profiles, caller: Caller, input: Input
) -> Output:
    """Commit one creation or update, or nothing. Raises InvalidSwap, InvalidRequest, BlobNotFound and its kin."""
    await check_own(accounts, caller, input.repo)
    record = await profiles.modern(caller.account, input.collection, input.record)
    write = records.write("put", input.collection, input.rkey, record, validate=input.validate, swap=input.swap_record)
    written = await repos.write(caller.account, [write], swap_commit=input.swap_commit)
    return Output(AtUri.at(caller.did, write.path), write.cid, commit_meta(written), write.status)


METHOD = Procedure(
    "com.atproto.repo.putRecord",
    put_record,
    auth=Auth.ACCESS,
    body_limit=WRITE_BODY,
    limits=limits.writes(limits.UPDATE_POINTS),
)
