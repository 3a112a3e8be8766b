"""Collecting what nobody needs: blobs that no record refers to in time, and objects that are due to go.

A little in each transaction, in the background, for as long as the server serves; and the whole of it for whoever asks.
What a stop or a crash interrupts is found again: the database says what is to go, and removing it twice does no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec
import structlog

from roost.services.clock import Minter
from roost.storage import blobs, doomed
from roost.storage.db import Database, Tx
from roost.storage.errors import ObjectStoreFailed
from roost.storage.objects import Objects

log = structlog.get_logger(__name__)

GRACE_HOURS: Final = 24
"""How long a blob may wait for a record that refers to it. The specification asks for an hour at least; a draft with
pictures may lie over night.
"""

EVERY_SECONDS: Final = 60
"""How often it is looked for what is due, if nothing says that something is."""

STEP: Final = 100
"""Blobs removed in one transaction: 2 ms."""

AT_ONCE: Final = 16
"""Objects removed at a moment: an object store takes some 50 ms for each."""

LATER_SECONDS: Final = 3600
"""When it is tried again to remove an object that could not be."""


class Collected(msgspec.Struct, frozen=True):
    """What was collected: temporary blobs, their bytes together, and objects that were removed or could not be."""

    blobs: int
    bytes: int
    removed: int
    failed: int


class Collecting:
    """Removes what is due."""

    def __init__(self, db: Database, objects: Objects, minter: Minter) -> None:
        self._db = db
        self._objects = objects
        self._minter = minter
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Tell that something has become due."""
        self._nudged.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Collect for as long as the block lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def collect(self, *, grace_hours: float = GRACE_HOURS) -> Collected:
        """Remove the blobs that have been temporary for so long, then every object that is due."""
        before = self._minter.milliseconds() - int(grace_hours * 3_600_000)
        count, size = 0, 0
        while sizes := await self._db.write(lambda tx: self._forget_some(tx, before)):
            count += len(sizes)
            size += sum(sizes)
        removed, failed = await self._remove_due()
        return Collected(count, size, removed, failed)

    async def doom(self, objects: Sequence[str]) -> int:
        """Have objects removed at the next collection; return how many."""
        now = self._minter.milliseconds()
        for start in range(0, len(objects), STEP):
            await self._db.write(lambda tx: _doom(tx, objects[start : start + STEP], now))  # noqa: B023 - awaited
        return len(objects)

    def _forget_some(self, tx: Tx, before: int) -> list[int]:
        now = self._minter.milliseconds()
        found = blobs.forgotten(tx, before, STEP)
        for account, blob in found:
            blobs.remove(tx, account, blob, now)
        return [blob.size for _, blob in found]

    async def _remove_due(self) -> tuple[int, int]:
        removed = failed = 0
        now = self._minter.milliseconds()
        while due := await self._db.read(lambda tx: doomed.due(tx, now, AT_ONCE)):
            gone = await asyncio.gather(*map(self._remove, due))
            done = [object for object, is_gone in zip(due, gone, strict=True) if is_gone]
            later = [object for object, is_gone in zip(due, gone, strict=True) if not is_gone]
            await self._db.write(lambda tx: _note(tx, done, later, now + LATER_SECONDS * 1000))  # noqa: B023 - awaited
            removed += len(done)
            failed += len(later)
        return removed, failed

    async def _remove(self, object: str) -> bool:
        try:
            await self._objects.delete(object)
        except (ObjectStoreFailed, OSError) as error:
            log.error("an object could not be removed", object=object, error=str(error))
            return False
        return True

    async def _run(self) -> None:
        while True:
            self._nudged.clear()
            try:
                await self.collect()
            except Exception:
                log.exception("collecting blobs failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._nudged.wait()


def _doom(tx: Tx, objects: Sequence[str], now: int) -> None:
    for object in objects:
        doomed.add(tx, object, due=now)


def _note(tx: Tx, done: list[str], later: list[str], due: int) -> None:
    doomed.done(tx, done)
    doomed.postpone(tx, later, due)
