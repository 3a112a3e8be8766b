"""How far an account is with moving in or out: what its owner watches until it can be activated (1.1).

Counting is done in a thread, for a repository may have millions of rows.
"""

from collections.abc import Callable, Iterator

import msgspec

from roost.data.cid import Cid
from roost.services.did_check import DidCheck
from roost.services.errors import AccountNotFound
from roost.storage import accounts, blobs, heads, nodes, records
from roost.storage.db import Database, Tx
from roost.syntax import Tid


class Status(msgspec.Struct, frozen=True):
    """What is there of an account; `valid_did` is whether its DID leads here, `blocks` counts commit, tree and records.

    `expected_blobs` are those that records refer to, `imported_blobs` those that are here.
    """

    active: bool
    valid_did: bool
    commit: Cid
    rev: Tid
    blocks: int
    records: int
    expected_blobs: int
    imported_blobs: int


class AccountStatus:
    """Tells how an account stands."""

    def __init__(self, db: Database, did_check: DidCheck) -> None:
        self._db = db
        self._did_check = did_check

    async def of(self, account: int) -> Status:
        """Return how the account stands; it asks the DID's source. Raises AccountNotFound."""
        owner = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if owner is None:
            raise AccountNotFound("Account not found")
        valid = await self._did_check.valid(owner)

        def count(tx: Tx) -> Iterator[bytes]:
            head = heads.get(tx, account)
            if head is None:
                raise AccountNotFound("Account not found")
            blocks = 1 + nodes.count(tx, account) + records.distinct(tx, account)
            counted = (str(head.cid), str(head.rev), blocks, records.count(tx, account), *blobs.counts(tx, account))
            yield msgspec.json.encode(counted)

        commit, rev, *counts = msgspec.json.decode(
            await _whole(self._db, count), type=tuple[str, str, int, int, int, int]
        )
        return Status(owner.status is None, valid, Cid.parse(commit), Tid.parse(rev), *counts)


async def _whole(db: Database, count: Callable[[Tx], Iterator[bytes]]) -> bytes:
    chunks = db.stream(count)
    return b"".join([chunk async for chunk in chunks])
