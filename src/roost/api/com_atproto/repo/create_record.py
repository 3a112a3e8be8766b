"""com.atproto.repo.createRecord: add a record to the caller's repository."""

import msgspec

from roost.api import limits
from roost.api.com_atproto.repo.commit_meta import CommitMeta, commit_meta
from roost.api.method import WRITE_BODY, Auth, Procedure, Record
from roost.api.ownership import check_own
from roost.data.cid import Cid
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.repos import Repos
from roost.services.writes import Records, ValidationStatus
from roost.syntax import AtIdentifier, AtUri, Nsid, RecordKey


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """The record and where it goes; without an rkey the server mints a TID."""

    repo: AtIdentifier
    collection: Nsid
    record: Record
    rkey: RecordKey | None = None
    validate: bool | None = None
    swap_commit: Cid | None = None


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where the record stands now, and the commit that put it there."""

    uri: AtUri
    cid: Cid
    commit: CommitMeta | None = None
    validation_status: ValidationStatus | None = None


async def create_record(accounts: Accounts, repos: Repos, records: Records, caller: Caller, input: Input) -> Output:
    """Commit one creation; an earlier like, repost, follow or block of the same subject goes with it, unless
    `validate` is false. Raises InvalidSwap, RecordAlreadyExists, InvalidRequest, BlobNotFound and its kin.
    """
    await check_own(accounts, caller, input.repo)
    write = records.write(
        "create",
        input.collection,
        input.rkey,
        input.record,
        validate=input.validate,
        supplant=input.validate is not False,
    )
    written = await repos.write(caller.account, [write], swap_commit=input.swap_commit)
    return Output(AtUri.at(caller.did, write.path), write.cid, commit_meta(written), write.status)


METHOD = Procedure(
    "com.atproto.repo.createRecord",
    create_record,
    auth=Auth.ACCESS,
    body_limit=WRITE_BODY,
    limits=limits.writes(limits.CREATE_POINTS),
)
