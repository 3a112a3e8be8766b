"""The Database on SQLite: one file, owned by one process, with commits that share their fsyncs.

    event loop     runs reads, on one connection, and stages batches of writes, on another
    one thread     COMMITs a batch, which waits for the disk outside the interpreter; copies a long log back
    a thread each  for streams, on connections of their own

Staging in that thread too would only have it fight with the event loop for the interpreter. Deliberately does not know
any table.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

from roost.storage.batch import Batch, Queue, finish, settle
from roost.storage.db import A, Dialect, K, T, Together, Tx
from roost.storage.errors import DatabaseClosed, StorageError
from roost.storage.lock import DirectoryLock
from roost.storage.readers import Readers
from roost.storage.sqlite_session import LOG_BYTES, Reader, Writer, connect
from roost.storage.stream import Make, Streams
from roost.storage.worker import Worker

OLDEST: Final = (3, 37, 0)
"""The first SQLite with STRICT tables."""

INLINE_SECONDS: Final = 0.001
"""A lone writer's COMMIT runs on the event loop while commits take less than this: the thread and back cost it 0.1 ms,
and nobody is there to gain by it. On a slower disk, requests that do not write would wait too long."""

WRITER_CACHE_MIB: Final = 64
READER_CACHE_MIB: Final = 32
STREAM_CACHE_MIB: Final = 2
"""Pages kept by a connection. Any other is mostly in the kernel's cache, from where it is copied in about 2 µs: so more
would gain little, and would be taken from the accounts' trees in memory. A stream reads each page once."""

LONGEST_LOG: Final = 4 * LOG_BYTES
"""Size of the log from which further streams wait: it starts over only when a write finds no snapshot open, and where
exports overlap that is never. In an hour of them it would grow by gigabytes."""

PAUSE_SECONDS: Final = 5.0
"""How long streams wait for those under way, which take less as a rule. Slower ones are given up on: the log is looked
at again when it has grown by as much again."""

IDLE_STREAM_READERS: Final = 4
"""Connections kept for the next streams: to open one takes longer than to read a small repository."""


class SqliteDatabase:
    """See Database. Owns the file's directory until close(); raises DatabaseInUse where another process does."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        if sqlite3.sqlite_version_info < OLDEST:
            raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old: Roost needs 3.37 or later")
        self._lock = DirectoryLock(path.parent)
        try:
            path.touch(mode=0o600)  # there are secrets in it; SQLite gives its log and index the same mode
            self._writer = Writer(connect(path, cache_mib=WRITER_CACHE_MIB, read_only=False), path)
            self._reader = Reader(connect(path, cache_mib=READER_CACHE_MIB, read_only=True))
        except BaseException:
            self._lock.release()
            raise
        self._stream_readers = Readers(
            lambda: Reader(connect(path, cache_mib=STREAM_CACHE_MIB, read_only=True)), keep=IDLE_STREAM_READERS
        )
        self._streams = Streams(self._stream_readers.snapshot)
        self._worker = Worker("roost-commit")
        self._queue = Queue(self._start)
        self._pausing: asyncio.Task[None] | None = None
        self._pause_at = LONGEST_LOG
        self._lent = False  # whether the end of the reader's snapshot is on its way
        self._closed = False

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """See Database.read."""
        if self._closed:
            raise DatabaseClosed("the database was closed")
        reader = self._reader
        tx = reader.enter()
        if not self._lent:
            self._lent = True
            asyncio.get_running_loop().call_soon(self._end_snapshot)
        try:
            result = fn(tx)
            reader.check()
        finally:
            reader.back()
        return result

    def _end_snapshot(self) -> None:
        """Close the snapshot of the reads in this round of the loop: opening and closing one costs more than a look-up.

        It is closed before a write is answered and before a batch begins as well: whoever was answered reads what was
        written, and no snapshot keeps the log from starting over.
        """
        self._lent = False
        with suppress(StorageError):  # nothing is lost with it; the next read tells what is wrong
            self._reader.release()

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """See Database.write."""
        return await self._queue.put(fn)

    async def write_together(self, fn: Together[K, A, T], key: K, item: A) -> T:
        """See Database.write_together."""
        return await self._queue.put_together(fn, key, item)

    def watch(self, callback: Callable[[], None]) -> None:
        """See Database.watch."""
        self._queue.watch(callback)

    def stream(self, fn: Make) -> AsyncGenerator[bytes, None]:
        """See Database.stream."""
        return self._streams.open(fn)

    async def close(self) -> None:
        """See Database.close."""
        if self._closed:
            return
        await self._queue.close()
        await self._streams.close()
        if self._pausing is not None:
            await self._pausing
        self._closed = True
        self._end_snapshot()
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        self._worker.stop()
        self._stream_readers.close()
        self._reader.close()
        self._writer.close()
        self._lock.release()

    def _start(self) -> None:
        """Stage a batch here, and commit it where that is cheaper."""
        self._end_snapshot()
        batch = self._queue.stage(self._writer)
        lone = len(batch.writes) <= 1 and not self._queue
        if lone and self._writer.commit_seconds < INLINE_SECONDS:
            finish(batch, self._writer)
            self._finished(batch)
        else:
            self._worker.hand(partial(self._finish, batch, asyncio.get_running_loop()))

    def _finish(self, batch: Batch, loop: asyncio.AbstractEventLoop) -> None:
        finish(batch, self._writer)
        with suppress(RuntimeError):  # the loop is closed, so nobody waits for an answer
            loop.call_soon_threadsafe(self._finished, batch)

    def _finished(self, batch: Batch) -> None:
        self._end_snapshot()
        settle(batch)
        self._queue.tell(batch)
        if self._writer.checkpoint_due():
            self._worker.hand(partial(self._checkpoint, asyncio.get_running_loop()))
        else:
            self._queue.next()
        if self._writer.log_size > self._pause_at and self._pausing is None:
            self._pausing = asyncio.create_task(self._let_log_start_over())

    async def _let_log_start_over(self) -> None:
        """Keep new streams waiting until none is open, and the log has been copied back and begun anew."""
        self._pause_at = self._writer.log_size + LONGEST_LOG
        try:
            async with self._streams.paused(PAUSE_SECONDS) as quiet:
                until = monotonic() + PAUSE_SECONDS
                self._writer.want_checkpoint()
                # Two writes do it: after the one the log is copied back, and the other begins it anew.
                while quiet and self._writer.log_size > LOG_BYTES and monotonic() < until and not self._closed:
                    await self._queue.put(_touch)
                    await asyncio.sleep(0.01)
        except StorageError:  # that batch's writers are told; the log is looked at again when it has grown
            pass
        finally:
            if self._writer.log_size <= LOG_BYTES:
                self._pause_at = LONGEST_LOG
            self._pausing = None

    def _checkpoint(self, loop: asyncio.AbstractEventLoop) -> None:
        self._writer.checkpoint()
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._queue.next)


def _touch(tx: Tx) -> None:
    """Write something that changes nothing: the version that an application may note, which this one does not."""
    tx.run("PRAGMA user_version = 0")
