"""Judging what is stored of blobs: every byte against the CID, every blob against its object, and every object against
the blobs.

It reads, and changes nothing.
"""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Final, Literal

import msgspec

from roost.data.cid import Cid
from roost.storage import accounts, blobs
from roost.storage.blobs import Blob
from roost.storage.db import Database
from roost.storage.errors import ObjectMissing
from roost.storage.objects import Objects, Stored
from roost.syntax import Did

PAGE: Final = 500


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one blob, or with one object: an `orphaned` one is nobody's, and has neither DID nor CID."""

    kind: Literal["missing", "corrupt", "orphaned"]
    object: str
    size: int
    did: Did | None = None
    cid: Cid | None = None


class BlobAudit:
    """Reads every blob there is."""

    def __init__(self, db: Database, objects: Objects) -> None:
        self._db = db
        self._objects = objects

    async def total(self, account: int | None) -> int:
        """Return how many bytes there are to read, of one account or of all."""
        return await self._db.read(lambda tx: blobs.total(tx, account))

    async def problems(self, account: int | None, on_blob: Callable[[int], None]) -> AsyncIterator[Problem]:
        """Yield what is wrong with the blobs of an account, or of all; then also which objects are orphaned.

        `on_blob` is told the size of each blob that was read. Raises ObjectStoreFailed.
        """
        after = (0, b"")
        while page := await self._db.read(lambda tx: blobs.page(tx, account, after, PAGE)):  # noqa: B023 - awaited
            for owner, blob in page:
                if blob.object is not None:
                    problem = await self._judge(owner, blob, blob.object)
                    if problem is not None:
                        yield problem
                    on_blob(blob.size)
            after = (page[-1][0], bytes(page[-1][1].cid))
        if account is None:
            async for stored in self.orphans():
                yield Problem("orphaned", stored.name, stored.size)

    async def orphans(self) -> AsyncIterator[Stored]:
        """Yield the objects that are no blob's and that nothing will remove. Raises ObjectStoreFailed."""
        async for stored in self._objects.list():
            name = stored.name
            if not await self._db.read(lambda tx: blobs.has_object(tx, name)):  # noqa: B023 - awaited
                yield stored

    async def _judge(self, account: int, blob: Blob, object: str) -> Problem | None:
        digest, size = sha256(), 0
        kind: Literal["missing", "corrupt"] | None = None
        try:
            async for piece in self._objects.read(object, 0, blob.size):
                digest.update(piece)
                size += len(piece)
        except ObjectMissing:
            kind = "missing" if size == 0 else "corrupt"
        if kind is None and digest.digest() != blob.cid.digest:
            kind = "corrupt"
        if kind is None:
            return None
        owner = await self._db.read(lambda tx: accounts.by_id(tx, account))
        return Problem(kind, object, blob.size, None if owner is None else owner.did, blob.cid)
