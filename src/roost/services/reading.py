"""Reading repositories: records one by one, in ranges, and what a repository holds; nothing here opens a write."""

from collections.abc import Sequence
from typing import Final

import msgspec

from roost.data.cid import Cid
from roost.services import hosting
from roost.services.caller import Administrator, Viewer
from roost.services.errors import RecordNotFound
from roost.storage import heads, records
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.heads import Head, Hosted
from roost.storage.records import Shown
from roost.syntax import AtIdentifier, AtUri, Did, Handle, Nsid, RecordKey

# A collection's paths are those between `collection/` and `collection0`: "0" is the character after "/".
_FIRST = "/"
_PAST = "0"

PAGE_BYTES: Final = 4_000_000
"""JSON after which a page of records ends, whatever its limit is: a hundred records can have a hundred megabytes, which
other requests would wait for and which a client that reads slowly would keep in memory.
"""


class Listing(msgspec.Struct, frozen=True):
    """Records of one repository by their paths, in the order asked for; `full` when there may be more behind them.

    Each is as readers are sent it: `"cid":"bafy…","value":{…}`.
    """

    did: Did
    records: list[tuple[str, bytes]]
    full: bool

    def json(self) -> list[tuple[str, bytes]]:
        """Return the records alone."""
        return [(path, Shown(shown).json) for path, shown in self.records]


class Contents(msgspec.Struct, frozen=True):
    """What a repository is said to hold."""

    did: Did
    handle: Handle
    collections: list[str]


class Reading:
    """Answers from the last durable state."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(
        self, repo: AtIdentifier, collection: Nsid, rkey: RecordKey, cid: Cid | None = None
    ) -> tuple[Did, Shown]:
        """Return the record and its repository's DID. Raises RepoNotFound and its kin, RecordNotFound."""

        def read(tx: Tx) -> tuple[Did, Shown]:
            account = hosting.readable(tx, repo)
            shown = records.get(tx, account.id, f"{collection}/{rkey}")
            if shown is None or (cid is not None and str(cid) != shown.name):
                raise RecordNotFound(f"Could not locate record: {AtUri.of(account.did, collection, rkey)}")
            return account.did, shown

        return await self._db.read(read)

    async def list(
        self,
        repo: AtIdentifier,
        collection: Nsid,
        *,
        limit: int,
        after: str | None = None,
        before: str | None = None,
        newest_first: bool = False,
    ) -> Listing:
        """Return up to `limit` records whose key is strictly between `after` and `before`, lowest key first or last.

        A page of large records ends at PAGE_BYTES; it has one record at least.
        The bounds need not be keys of records, nor well-formed ones. Raises RepoNotFound and its kin.
        """
        low = f"{collection}{_FIRST}{after or ''}"
        high = f"{collection}{_PAST}" if before is None else f"{collection}{_FIRST}{before}"

        def read(tx: Tx) -> Listing:
            account = hosting.readable(tx, repo)
            page = records.descending if newest_first else records.ascending
            found = page(tx, account.id, low, high, limit, PAGE_BYTES)
            return Listing(account.did, found.records, found.full)

        return await self._db.read(read)

    async def contents(self, repo: AtIdentifier) -> Contents:
        """Return whose repository it is and its collections, sorted. Raises RepoNotFound and its kin."""

        def read(tx: Tx) -> Contents:
            account = hosting.readable(tx, repo)
            return Contents(account.did, account.handle, records.collections(tx, account.id))

        return await self._db.read(read)

    async def head(self, repo: AtIdentifier, viewer: Viewer = None) -> Head:
        """Return where the repository stands. Raises RepoNotFound and its kin."""
        return await self._db.read(lambda tx: head_of(tx, hosting.readable(tx, repo, viewer)))

    async def hosted(self, did: Did) -> tuple[Account, Head]:
        """Return an account, whatever its state, and where its repository stands. Raises RepoNotFound."""
        return await self._db.read(lambda tx: _hosted(tx, did))

    async def page(self, *, after: int, limit: int) -> Sequence[Hosted]:
        """Return the first `limit` repositories of accounts whose number is above `after`, whatever their state."""
        return await self._db.read(lambda tx: heads.page(tx, after, limit))

    async def account(self, repo: AtIdentifier) -> Account | None:
        """Return the account with that DID or handle, whatever its state, or None."""
        return await self._db.read(lambda tx: hosting.find(tx, repo))


def _hosted(tx: Tx, did: Did) -> tuple[Account, Head]:
    account = hosting.readable(tx, did, Administrator())
    return account, head_of(tx, account)


def head_of(tx: Tx, account: Account) -> Head:
    """Return the head of an account's repository."""
    head = heads.get(tx, account.id)
    assert head is not None, "an account has a repository from its first transaction on"
    return head
