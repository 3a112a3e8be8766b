"""SQLite behind the Database interface: one file, one process, every acknowledged write on the disk.

Reads and writes run on the event loop's thread, where a statement costs microseconds and a hop to another thread more than
that; only COMMIT, which waits for the disk, runs beside it. Exports have a thread and a connection of their own.
"""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from roost.storage.batch import Pending, Queue, attempt, failed, settle
from roost.storage.db import Row, Tx, Value
from roost.storage.errors import CommitFailed, DatabaseInUse, TransactionClosed
from roost.storage.streaming import pump

T = TypeVar("T")

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit that was answered survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 20000",  # 80 MB: a page that is rewritten often is copied to the database once, not often
    "PRAGMA cache_size = -32768",  # 32 MiB for each of the two long-lived connections
    "PRAGMA temp_store = MEMORY",
    "PRAGMA busy_timeout = 5000",
)

_STATEMENTS: Final = 512
"""Prepared statements kept per connection: more than the program has."""

INLINE_SECONDS: Final = 0.002
"""A commit this fast, on average, is waited for on the loop when only one writer waits: the hop would cost more."""


class SqliteTx:
    """A transaction on one connection; `Tx` says what its methods do."""

    __slots__ = ("_connection", "_open", "_pending")

    def __init__(self, connection: sqlite3.Connection, pending: Pending | None) -> None:
        self._connection = connection
        self._pending = pending
        self._open = True

    def _execute(self, sql: str, args: tuple[Value, ...]) -> sqlite3.Cursor:
        if not self._open:
            raise TransactionClosed("the transaction's function has returned")
        return self._connection.execute(sql, args)

    def all(self, sql: str, *args: Value) -> list[Row]:
        """See Tx."""
        return self._execute(sql, args).fetchall()

    def one(self, sql: str, *args: Value) -> Row | None:
        """See Tx."""
        # Reading to the end, so that a statement with RETURNING is over when this is.
        rows = self._execute(sql, args).fetchall()
        return rows[0] if rows else None

    def run(self, sql: str, *args: Value) -> int:
        """See Tx."""
        return self._execute(sql, args).rowcount

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """See Tx."""
        if not self._open:
            raise TransactionClosed("the transaction's function has returned")
        self._connection.executemany(sql, rows)

    def iterate(self, sql: str, *args: Value) -> Iterator[Row]:
        """See Tx."""
        for row in self._execute(sql, args):
            if not self._open:
                raise TransactionClosed("the transaction's function has returned")
            yield row

    def after(self, fn: Callable[[bool], None]) -> None:
        """See Tx."""
        assert self._pending is not None, "only a write can be told how it ended"
        self._pending.afters.append(fn)

    def close(self) -> None:
        """End the transaction's use; what its function kept of it is of no more use."""
        self._open = False


class SqliteDatabase:
    """One database file, owned by this process until it is closed; `Database` says what its methods do."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is made if it is not there. Raises DatabaseInUse."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _own(path.parent)
        self._writer = _connect(path)
        self._reader = _connect(path)
        self._queue = Queue()
        self._committing: asyncio.Task[None] | None = None
        self._commit_seconds = 0.0
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """See Database."""
        tx = SqliteTx(self._reader, None)
        self._reader.execute("BEGIN")
        try:
            return fn(tx)
        finally:
            tx.close()
            self._reader.execute("COMMIT")

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """See Database."""
        future = self._queue.add(fn)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return await future

    def stream(self, fn: Callable[[Tx], Iterator[bytes]]) -> AsyncIterator[bytes]:
        """See Database."""
        return pump(lambda: self._snapshot(fn))

    def _snapshot(self, fn: Callable[[Tx], Iterator[bytes]]) -> Iterator[bytes]:
        """Run `fn` on a connection of its own; called, and finished, in a thread that does nothing else."""
        connection = _connect(self._path, shared=False)
        tx = SqliteTx(connection, None)
        try:
            connection.execute("BEGIN")
            yield from fn(tx)
        finally:
            tx.close()
            connection.close()

    async def _commit_all(self) -> None:
        """Commit batch after batch until nothing waits."""
        try:
            while self._queue:
                # Requests that are ready to run now come to their write first, and share this commit.
                await asyncio.sleep(0)
                staged, failure = self._queue.stage(self)
                if staged and failure is None:
                    failure = await self._commit(alone=len(staged) == 1 and not self._queue)
                settle(staged, failure)
        finally:
            self._committing = None

    async def _commit(self, *, alone: bool) -> CommitFailed | None:
        """Commit the open transaction; return the error, all undone, if that fails."""
        began = time.monotonic()
        try:
            if alone and self._commit_seconds < INLINE_SECONDS:
                self._writer.execute("COMMIT")
            else:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._writer.execute, "COMMIT")
        except sqlite3.Error as error:
            self.rollback()
            return failed(error)
        self._commit_seconds += (time.monotonic() - began - self._commit_seconds) / 16
        return None

    def begin(self) -> None:
        """See Engine."""
        self._writer.execute("BEGIN IMMEDIATE")

    def attempt(self, write: Pending) -> None:
        """See Engine."""
        attempt(write, SqliteTx(self._writer, write), self._writer.execute)

    def rollback(self) -> None:
        """See Engine."""
        with suppress(sqlite3.Error):
            self._writer.execute("ROLLBACK")

    async def close(self) -> None:
        """See Database."""
        self._queue.close()
        if self._committing is not None:
            await self._committing
        self._threads.shutdown()
        self._reader.close()
        self._writer.close()
        os.close(self._lock)


def _connect(path: Path, *, shared: bool = True) -> sqlite3.Connection:
    """Open a connection; a `shared` one may be used by the loop's thread and the commit thread, never by both at once."""
    connection = sqlite3.connect(
        path, isolation_level=None, cached_statements=_STATEMENTS, check_same_thread=not shared
    )
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    return connection


def _own(directory: Path) -> int:
    """Take the data directory's lock, and return its descriptor. Raises DatabaseInUse.

    The lock ends with the process, however that ends, so no stale one is ever in the way.
    """
    descriptor = os.open(directory / "roost.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        raise DatabaseInUse(
            f"{directory} is in use by process {owner or 'unknown'}: stop it, or choose another data directory"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
