"""Blobs on their way in and out: receiving them, reading them, and telling which there are.

A blob is temporary, and shown to nobody, until a record refers to it (`roost.services.indexes`); what nobody refers to
in time is collected (`roost.services.collecting`). No more of one is ever in memory than a few pieces.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec
import structlog

from roost.data.cid import Cid
from roost.data.errors import InvalidCid
from roost.services import hosting
from roost.services.caller import Viewer
from roost.services.clock import Minter
from roost.services.collecting import Collecting
from roost.services.errors import (
    AccountNotFound,
    AccountTakedown,
    BlobNotFound,
    BlobQuotaExceeded,
    InvalidRequest,
    TooManyRequests,
    UpstreamFailure,
)
from roost.services.media import media_type
from roost.services.policy import Policy
from roost.storage import accounts, blobs, doomed
from roost.storage.db import Database, Tx
from roost.storage.errors import ObjectMissing, ObjectStoreFailed
from roost.storage.objects import PIECE, Incoming, Objects, new_name
from roost.syntax import Did, Tid

log = structlog.get_logger(__name__)

RECEIVE_SECONDS: Final = 30 * 60
"""How long a blob may take to arrive: 100 MB at 60 KB a second."""

STORE_SECONDS: Final = 60 * 60
"""How long it may take from then on until it is stored, before its object is taken for a leftover and removed."""

MAX_ARRIVING: Final = 4_000_000_000
"""Bytes of all blobs that are arriving, which the disk must have room for beside everything else."""

MAX_ARRIVING_EACH: Final = 1_000_000_000
"""The same of one account, so that no one keeps all others out."""


class Uploaded(msgspec.Struct, frozen=True):
    """A blob as the answer to its upload tells it."""

    cid: Cid
    mime_type: str
    size: int


class Served(msgspec.Struct, frozen=True):
    """A blob that may be read: `read(start, length)` yields a part of it; `public` if anybody may see it."""

    cid: Cid
    mime_type: str
    size: int
    read: Callable[[int, int], AsyncIterator[bytes]]
    public: bool


class Blobs:
    """The blobs of all accounts."""

    def __init__(self, db: Database, objects: Objects, policy: Policy, collecting: Collecting, minter: Minter) -> None:
        self._db = db
        self._objects = objects
        self._policy = policy
        self._collecting = collecting
        self._minter = minter
        self._arriving: dict[int, int] = {}

    async def upload(self, account: int, pieces: AsyncIterator[bytes], content_type: str) -> Uploaded:
        """Take in a blob as it arrives (spec section 1.9.4). `content_type` is what its sender calls it.

        Raises BlobQuotaExceeded, InvalidRequest, AccountNotFound, AccountTakedown, TooManyRequests, UpstreamFailure,
        and what `pieces` raises; nothing is kept then.
        """
        await self._db.read(lambda tx: _check_owner(tx, account))
        async with self._objects.spool.file() as file:
            await self._receive(account, pieces, file)
            blob = Uploaded(Cid.of_raw_digest(file.digest), media_type(file.head, content_type), file.size)
            object = new_name()
            if await self._db.write(lambda tx: self._announce(tx, account, blob, object)):
                return blob
            try:
                await self._objects.put(object, file.path)
            except ObjectStoreFailed as error:
                log.error("a blob could not be stored", error=str(error))
                raise UpstreamFailure("The blob could not be stored, please try again") from error
        await self._db.write(lambda tx: self._settle(tx, account, blob, object))
        return blob

    async def _receive(self, account: int, pieces: AsyncIterator[bytes], file: Incoming) -> None:
        """Write what arrives to a file, in larger pieces than it comes in."""
        held, size, arrived = [], 0, 0
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                async for piece in pieces:
                    arrived += len(piece)
                    self._arrive(account, len(piece))
                    held.append(piece)
                    size += len(piece)
                    if size >= PIECE:
                        await file.write(b"".join(held))
                        held, size = [], 0
                if held:
                    await file.write(b"".join(held))
        except TimeoutError:
            raise InvalidRequest(f"The blob took longer than {RECEIVE_SECONDS} seconds to arrive") from None
        finally:
            self._arrive(account, -arrived)

    def _arrive(self, account: int, size: int) -> None:
        """Count bytes that are arriving, or that no longer are. Raises TooManyRequests."""
        mine = self._arriving.get(account, 0) + size
        self._arriving[account] = mine
        if mine <= 0:
            del self._arriving[account]
        if size > 0 and (mine > MAX_ARRIVING_EACH or sum(self._arriving.values()) > MAX_ARRIVING):
            raise TooManyRequests("Too many blobs arrive at once; try again in a minute")

    def _announce(self, tx: Tx, account: int, blob: Uploaded, object: str) -> bool:
        """See to it that the object will go unless a blob claims it; return whether the blob is here already."""
        if self._known(tx, account, blob):
            return True
        doomed.add(tx, object, due=self._minter.milliseconds() + STORE_SECONDS * 1000)
        return False

    def _settle(self, tx: Tx, account: int, blob: Uploaded, object: str) -> None:
        """Make the object the blob's, unless another upload of the same was faster."""
        now = self._minter.milliseconds()
        if self._known(tx, account, blob):
            doomed.add(tx, object, due=now)
            tx.after(lambda _durable: self._collecting.nudge())
            return
        if not doomed.claim(tx, object, now):
            raise UpstreamFailure("The blob took too long to be stored, please try again")
        # Records may refer to it already, if they came from elsewhere; then it is not temporary.
        if blobs.get(tx, account, blob.cid) is not None:
            blobs.fill(tx, account, blob.cid, mime_type=blob.mime_type, size=blob.size, object=object)
        else:
            blobs.add(tx, account, blob.cid, mime_type=blob.mime_type, size=blob.size, object=object, now=now)

    def _known(self, tx: Tx, account: int, blob: Uploaded) -> bool:
        """Return whether the account has uploaded the blob before. Raises what `upload` does of the account's doing."""
        _check_owner(tx, account)
        known = blobs.get(tx, account, blob.cid)
        if known is not None and known.takedown_ref is not None:
            raise InvalidRequest("Blob has been takendown, cannot re-upload")
        if known is not None and known.object is not None:
            blobs.renew(tx, account, blob.cid, mime_type=blob.mime_type, now=self._minter.milliseconds())
            return True
        if blobs.usage(tx, account) + blob.size > self._policy.blob_quota:
            raise BlobQuotaExceeded(
                f"An account may keep {self._policy.blob_quota} bytes of blobs here: delete records that refer to some"
            )
        return False

    async def get(self, did: Did, cid: Cid, viewer: Viewer) -> Served:
        """Return a blob that a record of the account refers to. Raises BlobNotFound, RepoNotFound and its kin."""

        def read(tx: Tx) -> tuple[blobs.Blob | None, bool]:
            account = hosting.readable(tx, did, viewer)
            return blobs.get(tx, account.id, cid), account.status is None and viewer is None

        blob, public = await self._db.read(read)
        if blob is None or blob.object is None or blob.temporary_since is not None or blob.takedown_ref is not None:
            raise BlobNotFound("Blob not found")
        object = blob.object
        return Served(cid, blob.mime_type, blob.size, lambda start, size: self._read(did, object, start, size), public)

    async def _read(self, did: Did, object: str, start: int, length: int) -> AsyncIterator[bytes]:
        try:
            async for piece in self._objects.read(object, start, length):
                yield piece
        except ObjectMissing as error:
            log.error("the bytes of a blob are missing", did=did, error=str(error))
            raise BlobNotFound("Blob not found") from error
        except ObjectStoreFailed as error:
            log.error("a blob could not be read", did=did, error=str(error))
            raise UpstreamFailure("The blob could not be read, please try again") from error

    async def list(
        self, did: Did, viewer: Viewer, *, since: Tid | None, after: str | None, limit: int
    ) -> Sequence[Cid]:
        """Return the first `limit` blobs that records refer to, here or missing, after the cursor `after`, by CID.

        With `since`, those that records of later revs refer to. Raises RepoNotFound and its kin, InvalidRequest.
        """
        low = _cursor(after)

        def read(tx: Tx) -> Sequence[Cid]:
            return blobs.referenced(tx, hosting.readable(tx, did, viewer).id, low, since, limit)

        return await self._db.read(read)

    async def missing(self, account: int, *, after: str | None, limit: int) -> Sequence[tuple[Cid, str]]:
        """Return the first `limit` blobs that records refer to and that are not here, with the path of such a record,
        by CID. Raises InvalidRequest.
        """
        low = _cursor(after)
        return await self._db.read(lambda tx: blobs.missing(tx, account, low, limit))


def _check_owner(tx: Tx, account: int) -> None:
    owner = accounts.by_id(tx, account)
    if owner is None:
        raise AccountNotFound("Account not found")
    if owner.status == "takendown":
        raise AccountTakedown("Account has been taken down")


def _cursor(text: str | None) -> Cid | None:
    try:
        return None if text is None else Cid.parse(text)
    except InvalidCid:
        raise InvalidRequest("Malformed cursor") from None
