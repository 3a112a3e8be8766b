"""PostgreSQL behind the Database interface: the same transactions as plain functions, in threads that may wait for the server.

One thread and one connection write, so that what queues up meanwhile shares a commit; a few of each read. A commit whose
answer was lost counts as failed: it may have happened, but nobody is told that it did.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel

from roost.storage.batch import Pending, Queue, attempt, failed, settle
from roost.storage.db import Row, Tx, Value
from roost.storage.errors import CommitFailed, TransactionClosed
from roost.storage.streaming import pump

T = TypeVar("T")

READERS: Final = 4
"""Threads that read, each with its connection: enough to keep two processors waiting for a server busy."""

_FETCH: Final = 500
"""Rows that a streamed query asks the server for at a time."""

_CONNECT_SECONDS: Final = 10


@lru_cache(maxsize=1024)
def with_percent(sql: str) -> str:
    """Return the statement with psycopg's placeholders for ours; a `?` or `%` inside quotes means itself."""
    out: list[str] = []
    for i, part in enumerate(sql.split("'")):
        escaped = part.replace("%", "%%")
        out.append(escaped if i % 2 else escaped.replace("?", "%s"))
    return "'".join(out)


class PostgresTx:
    """A transaction on one connection; `Tx` says what its methods do."""

    __slots__ = ("_connection", "_open", "_pending", "_streams")

    def __init__(self, connection: "Connection[Row]", pending: Pending | None) -> None:
        self._connection = connection
        self._pending = pending
        self._open = True
        self._streams = 0

    def _check(self) -> None:
        if not self._open:
            raise TransactionClosed("the transaction's function has returned")

    def all(self, sql: str, *args: Value) -> list[Row]:
        """See Tx."""
        self._check()
        return self._connection.execute(with_percent(sql).encode(), args).fetchall()

    def one(self, sql: str, *args: Value) -> Row | None:
        """See Tx."""
        self._check()
        return self._connection.execute(with_percent(sql).encode(), args).fetchone()

    def run(self, sql: str, *args: Value) -> int:
        """See Tx."""
        self._check()
        return self._connection.execute(with_percent(sql).encode(), args).rowcount

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """See Tx."""
        self._check()
        with self._connection.cursor() as cursor:
            cursor.executemany(with_percent(sql).encode(), list(rows))

    def iterate(self, sql: str, *args: Value) -> Iterator[Row]:
        """See Tx."""
        self._check()
        self._streams += 1
        with self._connection.cursor(name=f"roost_{self._streams}") as cursor:
            cursor.itersize = _FETCH
            cursor.execute(with_percent(sql).encode(), args)
            for row in cursor:
                self._check()
                yield row

    def after(self, fn: Callable[[bool], None]) -> None:
        """See Tx."""
        assert self._pending is not None, "only a write can be told how it ended"
        self._pending.afters.append(fn)

    def close(self) -> None:
        """End the transaction's use; what its function kept of it is of no more use."""
        self._open = False


class PostgresDatabase:
    """A database on a PostgreSQL server; `Database` says what its methods do."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue = Queue()
        self._committing: asyncio.Task[None] | None = None
        self._writer: Connection[Row] | None = None
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="postgres-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="postgres-read")
        self._own = threading.local()
        self._readers: list[Connection[Row]] = []

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """See Database."""
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read, fn)

    def _read(self, fn: Callable[[Tx], T]) -> T:
        connection = self._reader()
        tx = PostgresTx(connection, None)
        try:
            with connection.transaction():
                return fn(tx)
        finally:
            tx.close()

    def _reader(self) -> "Connection[Row]":
        """Return this thread's connection, a new one if it has none or has lost it."""
        connection: Connection[Row] | None = getattr(self._own, "connection", None)
        if connection is None or connection.closed:
            connection = self._own.connection = self._connect_reader()
            self._readers.append(connection)
        return connection

    def _connect_reader(self) -> "Connection[Row]":
        connection = self._connect()
        # One snapshot for all statements of a transaction, as SQLite has it.
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return connection

    def _connect(self) -> "Connection[Any]":
        return psycopg.connect(self._url, connect_timeout=_CONNECT_SECONDS)

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """See Database."""
        future = self._queue.add(fn)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return await future

    async def _commit_all(self) -> None:
        """Commit batch after batch until nothing waits."""
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                await asyncio.sleep(0)
                settled, failure = await loop.run_in_executor(self._write_thread, self._commit_batch)
                settle(settled, failure)
        finally:
            self._committing = None

    def _commit_batch(self) -> tuple[list[Pending], CommitFailed | None]:
        """Run and commit what waits, in the writing thread; return it with the error that undid it, if one did."""
        staged, failure = self._queue.stage(self)
        if not staged or failure is not None:
            return staged, failure
        assert self._writer is not None, "a transaction was begun on it"
        try:
            self._writer.commit()
        except psycopg.Error as error:
            self.rollback()
            return staged, failed(error)
        return staged, None

    def begin(self) -> None:
        """See Engine."""
        if self._writer is None or self._writer.closed:
            self._writer = self._connect()

    def attempt(self, write: Pending) -> None:
        """See Engine."""
        assert self._writer is not None, "a transaction was begun on it"
        attempt(write, PostgresTx(self._writer, write), self._writer.execute)

    def rollback(self) -> None:
        """See Engine."""
        if self._writer is not None:
            with suppress(psycopg.Error):
                self._writer.rollback()

    def stream(self, fn: Callable[[Tx], Iterator[bytes]]) -> AsyncIterator[bytes]:
        """See Database."""
        return pump(lambda: self._snapshot(fn))

    def _snapshot(self, fn: Callable[[Tx], Iterator[bytes]]) -> Iterator[bytes]:
        """Run `fn` on a connection of its own; called, and finished, in a thread that does nothing else."""
        with self._connect_reader() as connection:
            tx = PostgresTx(connection, None)
            try:
                yield from fn(tx)
            finally:
                tx.close()

    async def close(self) -> None:
        """See Database."""
        self._queue.close()
        if self._committing is not None:
            await self._committing
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        for connection in self._readers:
            connection.close()
        if self._writer is not None:
            self._writer.close()
