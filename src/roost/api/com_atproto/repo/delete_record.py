"""com.atproto.repo.deleteRecord: take a record away; one that is not there is no error."""

import msgspec

from roost.api import limits
from roost.api.com_atproto.repo.commit_meta import CommitMeta, commit_meta
from roost.api.method import Auth, Procedure
from roost.api.ownership import check_own
from roost.data.cid import Cid
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.repos import Repos
from roost.services.writes import removal
from roost.syntax import AtIdentifier, Nsid, RecordKey


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Which record, and what must still hold."""

    repo: AtIdentifier
    collection: Nsid
    rkey: RecordKey
    swap_record: Cid | None = None
    swap_commit: Cid | None = None


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """The commit, if there was anything to delete."""

    commit: CommitMeta | None = None


async def delete_record(accounts: Accounts, repos: Repos, caller: Caller, input: Input) -> Output:
    """Commit one deletion, or nothing. Raises InvalidSwap; a swapCommit is honoured also when the record is missing."""
    await check_own(accounts, caller, input.repo)
    gone = removal(input.collection, input.rkey, swap=input.swap_record)
    return Output(commit_meta(await repos.write(caller.account, [gone], swap_commit=input.swap_commit)))


METHOD = Procedure(
    "com.atproto.repo.deleteRecord", delete_record, auth=Auth.ACCESS, limits=limits.writes(limits.DELETE_POINTS)
)
