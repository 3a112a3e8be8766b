"""How far an account is with moving in or out: what its owner watches until it can be activated (1.1).

Counting is done in a thread, for a repository may have millions of rows. Who counts blobs is given: `BlobCounts`.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.services.did_check import DidCheck
from roost.services.errors import AccountNotFound
from roost.storage import accounts, heads, nodes, records
from roost.storage.db import Database, Tx
from roost.syntax import Tid


class BlobCounts(Protocol):
    """Whoever knows how many blobs an account has."""

    async def counts(self, account: int) -> tuple[int, int]:
        """Return how many blobs the account's records refer to, each once, and how many have been uploaded."""
        ...


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

    def __init__(self, db: Database, did_check: DidCheck, blobs: BlobCounts) -> None:
        self._db = db
        self._did_check = did_check
        self._blobs = blobs

    async def of(self, account: int) -> Status:
        """Return how the account stands; it asks the DID's source. Raises AccountNotFound."""
        owner = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if owner is None:
            raise AccountNotFound("Account not found")
        valid = await self._did_check.valid(owner)
        commit, rev, block_count, record_count = await self._repository(account)
        expected, imported = await self._blobs.counts(account)
        return Status(owner.status is None, valid, commit, rev, block_count, record_count, expected, imported)

    async def _repository(self, account: int) -> tuple[Cid, Tid, int, int]:
        """Return the commit, its rev, and how many blocks and how many records there are, all from one snapshot."""

        def count(tx: Tx) -> Iterator[bytes]:
            head = heads.get(tx, account)
            if head is None:
                raise AccountNotFound("Account not found")
            blocks = 1 + nodes.count(tx, account) + records.distinct(tx, account)
            yield msgspec.json.encode((str(head.cid), str(head.rev), blocks, records.count(tx, account)))

        commit, rev, block_count, record_count = msgspec.json.decode(
            await _whole(self._db, count), type=tuple[str, str, int, int]
        )
        return Cid.parse(commit), Tid.parse(rev), block_count, record_count


class ReferredBlobs:
    """Counts the blobs that records refer to by reading all of them, for a server that keeps no blobs itself."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def counts(self, account: int) -> tuple[int, int]:
        """Return how many blobs the account's records refer to, each once, and 0: none can be uploaded."""

        def count(tx: Tx) -> Iterator[bytes]:
            found: set[Cid] = set()
            for _, block in records.blocks(tx, account):
                found.update(references(cbor.decode(block)))
            yield str(len(found)).encode()

        return int(await _whole(self._db, count)), 0


async def _whole(db: Database, count: Callable[[Tx], Iterator[bytes]]) -> bytes:
    chunks = db.stream(count)
    return b"".join([chunk async for chunk in chunks])


def references(value: Value) -> Iterator[Cid]:
    """Yield the CID of every blob that a record refers to."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            ref = each.get("ref")
            if each.get("$type") == "blob" and isinstance(ref, Cid):
                yield ref
            else:
                waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
