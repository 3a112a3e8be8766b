"""com.atproto.server.checkAccountStatus: what is here of the caller's account, while it moves in or out."""

import msgspec

from roost.api.method import Auth, Query
from roost.data.cid import Cid
from roost.services.account_status import AccountStatus
from roost.services.caller import Caller
from roost.syntax import Tid


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """`validDid` is whether the account could be activated; blobs are expected once they are referred to."""

    activated: bool
    valid_did: bool
    repo_commit: Cid
    repo_rev: Tid
    repo_blocks: int
    indexed_records: int
    private_state_values: int
    expected_blobs: int
    imported_blobs: int


async def check_account_status(account_status: AccountStatus, caller: Caller) -> Output:
    """Tell how the caller's account stands. Raises AccountNotFound."""
    status = await account_status.of(caller.account)
    return Output(
        activated=status.active,
        valid_did=status.valid_did,
        repo_commit=status.commit,
        repo_rev=status.rev,
        repo_blocks=status.blocks,
        indexed_records=status.records,
        private_state_values=0,  # as the reference server says, whatever is kept: nobody moves by this number
        expected_blobs=status.expected_blobs,
        imported_blobs=status.imported_blobs,
    )


METHOD = Query("com.atproto.server.checkAccountStatus", check_account_status, auth=Auth.ACCESS)
