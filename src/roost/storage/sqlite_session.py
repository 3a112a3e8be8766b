"""One SQLite connection and what may be done with it: reading a snapshot, or staging and committing a batch.

A session is used by one thread at a time, not always the same. Deliberately does not know threads, the event loop, nor
any table.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Final

from roost.data.cid import Cid
from roost.storage.closed import CLOSED, Closed, closed
from roost.storage.db import Row, Value
from roost.storage.errors import ConstraintFailed, QueryFailed, ReadOnly
from roost.syntax import Did, Handle, Tid

LOG_BYTES: Final = 20_000 * (4096 + 24)
"""Size at which the write-ahead log is due to be copied back into the database: 20,000 frames, 82 MB. A page is copied
once for all its frames, so a long log costs less: against SQLite's own 1,000 frames, 5 to 10 % of sustained writes."""

STATEMENTS: Final = 512
"""Prepared statements kept by a connection: more than there are texts in Roost, so that none is ever prepared twice."""

LOCK_SECONDS: Final = 2.0
"""How long to wait for another's lock. Only an operator's `sqlite3` shell can hold one; and the event loop waits."""


# What is no plain int, str or float is first asked for an adapter, and to have none costs an exception: 31 of them in
# one createRecord.
for text in (Did, Handle, Tid):
    sqlite3.register_adapter(text, str)
for octets in (bytes, Cid):
    sqlite3.register_adapter(octets, bytes)


def connect(path: Path, *, cache_mib: int, read_only: bool) -> sqlite3.Connection:
    """Open the database file the way every connection to it must be; raises QueryFailed."""
    pragmas = {
        "journal_mode": "WAL",
        "synchronous": "FULL",  # what was acknowledged survives a power cut
        "fullfsync": "ON",  # macOS has an fsync that does not reach the disk; nothing elsewhere
        "foreign_keys": "ON",
        # SQLite would copy the log back inside of somebody's COMMIT, perhaps on the event loop. See checkpoint().
        "wal_autocheckpoint": 0,
        "journal_size_limit": LOG_BYTES,
        "cache_size": -1024 * cache_mib,
        # With mmap, a read error of the disk is a SIGBUS that kills the server; so it is an error of one request.
        "mmap_size": 0,
        "temp_store": "MEMORY",
        "query_only": "ON" if read_only else "OFF",
    }
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS, timeout=LOCK_SECONDS
        )
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
    except sqlite3.Error as error:
        raise _translated(error) from error
    return connection


class Reader:
    """A session that reads, one snapshot after another. Several functions may be lent the same one, in turn."""

    __slots__ = ("_connection", "_cursor", "_open", "_tx")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._open = False

    def enter(self) -> "SqliteTx":
        """Lend a snapshot to a function: the one that is open, or a new one, which begins with its first statement."""
        if not self._open:
            self._execute("BEGIN")
            self._open = True
        self._tx = SqliteTx(self._connection, self._cursor, None)
        return self._tx

    def check(self) -> None:
        """Raise the refusal of a statement, if there was one: the function may have caught it."""
        self._tx.check()

    def back(self) -> None:
        """Take the snapshot back from the function, and keep it open."""
        self._tx.close()

    def leave(self) -> None:
        """Take the snapshot back, and close it."""
        self.back()
        self.release()

    def release(self) -> None:
        """Close the snapshot, if one is open."""
        if self._open:
            self._open = False
            try:
                self._execute("COMMIT")
            finally:
                if self._connection.in_transaction:  # else no later one could begin
                    self._execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _execute(self, sql: str) -> None:
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise _translated(error) from error


class Writer:
    """The session that writes: a batch.Session, and what keeps its log short."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        # One cursor for everything: a statement ends the one before it, which else could outlive a COMMIT half read.
        self._cursor = connection.cursor()
        self._tx: SqliteTx
        self._alone = False
        self._committed_changes = 0
        self._log = f"{os.fspath(path)}-wal"
        self._checkpoint_at = LOG_BYTES
        self.log_size = 0
        """Bytes of the log's file when it was last looked at."""
        self.commit_seconds = 1.0
        """What a COMMIT that writes has taken of late; slow until shown otherwise."""

    def begin(self) -> None:
        """Open the transaction of a batch; raises QueryFailed."""
        self._execute("BEGIN IMMEDIATE")

    def enter(self, after: list[Callable[[bool], None]], *, alone: bool) -> "SqliteTx":
        """Open a transaction for one function; the only one in its batch has the batch's own."""
        self._alone = alone
        if not alone:
            self._execute("SAVEPOINT w")
        self._tx = SqliteTx(self._connection, self._cursor, after)
        return self._tx

    def leave(self) -> None:
        """Keep the function's work; raises the QueryFailed that it went on after."""
        self._tx.close()
        self._tx.check()
        if not self._alone:
            self._execute("RELEASE w")

    def undo(self) -> None:
        """Undo the function's work. Raises QueryFailed where SQLite has undone the whole batch, as for a full disk."""
        self._tx.close()
        if self._alone:
            self.rollback()
            self._execute("BEGIN")
        else:
            self._execute("ROLLBACK TO w")
            self._execute("RELEASE w")

    def commit(self) -> None:
        """Make the batch durable. Raises QueryFailed, and has then undone it."""
        changes = self._connection.total_changes
        started = perf_counter()
        try:
            self._execute("COMMIT")
        except QueryFailed:
            self.rollback()
            raise
        if changes != self._committed_changes:  # otherwise there was nothing to wait for the disk with
            self._committed_changes = changes
            # The last eight or so count.
            self.commit_seconds += (perf_counter() - started - self.commit_seconds) / 8

    def rollback(self) -> None:
        """Undo whatever is open."""
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    def checkpoint_due(self) -> bool:
        """Whether the log is so long that it should be copied back.

        Python is not told how long the log is. But when it starts over, its file is cut to `journal_size_limit`; so a
        file that is longer is a log that is longer.
        """
        try:
            size = os.stat(self._log).st_size  # noqa: PTH116 - a Path costs more than the question
        except FileNotFoundError:  # nothing could be written yet
            return False
        self.log_size = size
        if size <= LOG_BYTES:
            self._checkpoint_at = LOG_BYTES
        return size > self._checkpoint_at

    def want_checkpoint(self) -> None:
        """Have the log copied back after the next batch, however short it is."""
        self._checkpoint_at = 0

    def checkpoint(self) -> None:
        """Copy the log back into the database, as far as open snapshots allow.

        Where one does not, the log grows on: it is tried again when it is longer by as much as made it due. An error is
        left to the next COMMIT: nothing is lost, as the log keeps everything.
        """
        self._checkpoint_at = os.stat(self._log).st_size + LOG_BYTES  # noqa: PTH116
        with suppress(sqlite3.Error):
            self._cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the connection; as the last one it copies the log back and removes it."""
        self._connection.close()

    def _execute(self, sql: str) -> None:
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise _translated(error) from error


class SqliteTx:
    """See Tx. Statements go straight to one cursor, which finds them prepared by their text."""

    __slots__ = ("_after", "_connection", "_cursor", "_failure", "_iterating")

    def __init__(
        self, connection: sqlite3.Connection, cursor: sqlite3.Cursor, after: list[Callable[[bool], None]] | None
    ) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | Closed = cursor
        self._after = after
        self._failure: QueryFailed | None = None
        self._iterating: list[sqlite3.Cursor] = []

    def all(self, sql: str, *args: Value) -> list[Row]:
        """See Tx.all."""
        try:
            return self._cursor.execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def one(self, sql: str, *args: Value) -> Row | None:
        """See Tx.one."""
        try:
            row: Row | None = self._cursor.execute(sql, args).fetchone()
        except sqlite3.Error as error:
            raise self._refused(error) from error
        return row

    def run(self, sql: str, *args: Value) -> int:
        """See Tx.run."""
        try:
            return self._cursor.execute(sql, args).rowcount
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """See Tx.run_many."""
        try:
            self._cursor.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def iterate(self, sql: str, *args: Value) -> Iterator[Row]:
        """See Tx.iterate."""
        if isinstance(self._cursor, Closed):
            raise closed()
        cursor = self._connection.cursor()  # its own: other statements may run between two rows
        self._iterating.append(cursor)
        try:
            cursor.execute(sql, args)
        except sqlite3.Error as error:
            raise self._refused(error) from error
        return self._rows(cursor)

    def after(self, callback: Callable[[bool], None]) -> None:
        """See Tx.after."""
        if self._after is None:
            raise ReadOnly("a transaction that reads has no outcome to wait for")
        self._after.append(callback)

    def close(self) -> None:
        """Refuse every further use."""
        self._cursor = CLOSED
        for cursor in self._iterating:
            cursor.close()

    def check(self) -> None:
        """Raise the first refusal of a statement, if there was one: the function may have caught it."""
        if self._failure is not None:
            raise self._failure

    def _rows(self, cursor: sqlite3.Cursor) -> Iterator[Row]:
        try:
            yield from cursor
        except sqlite3.Error as error:
            if self._cursor is CLOSED:
                raise closed() from None
            raise self._refused(error) from error

    def _refused(self, error: sqlite3.Error) -> QueryFailed:
        refusal = _translated(error)
        self._failure = self._failure or refusal
        return refusal


def _translated(error: sqlite3.Error) -> QueryFailed:
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintFailed(str(error))
    # Errors of the Python module itself, such as a wrong number of values, have no code.
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY:
        return ReadOnly(str(error))
    return QueryFailed(str(error))
