"""One PostgreSQL connection and what may be done with it: reading a snapshot, or staging and committing a batch.

A connection that was lost is made anew for the next transaction; the one it was lost in has failed. A session is used
by one thread at a time, not always the same. Deliberately does not know threads, the event loop, nor any table.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader

from roost.storage.closed import CLOSED, Closed, closed
from roost.storage.db import Row, Value
from roost.storage.errors import ConstraintFailed, QueryFailed, ReadOnly, StorageError
from roost.storage.placeholders import to_psycopg

Connection: TypeAlias = psycopg.Connection[Row]
Cursor: TypeAlias = psycopg.Cursor[Row]

CONNECT_SECONDS: Final = 10
"""How long to try for a connection, unless the URL says: requests wait meanwhile."""

STATEMENTS: Final = 512
"""Prepared statements kept by a connection: more than there are texts in Roost."""

ITERATE_ROWS: Final = 128
"""Rows fetched at once by iterate(). A trip to the server takes as long as a dozen; and a row may hold a megabyte."""

WRITERS_LOCK: Final = 0x726F6F7374
"""The advisory lock that a batch of writes holds, of this process or another: "roost"."""

BEGIN_WRITE: Final = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITERS_LOCK})"
"""One batch at a time, as with SQLite's BEGIN IMMEDIATE: what a function has read still holds when it writes, and
commits have the order of their sequence numbers, whichever process they come from. With the lock, READ COMMITTED sees
all there is; a stricter level would see what there was before the wait for the lock, and fail on it."""

BEGIN_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Reader:
    """A session that reads, one snapshot after another. Raises QueryFailed."""

    __slots__ = ("_link", "_tx")

    def __init__(self, url: str) -> None:
        self._link = Link(url)
        self._tx: PostgresTx

    def enter(self) -> "PostgresTx":
        """Open a snapshot; it begins with its first statement."""
        self._link.begin(BEGIN_READ)
        self._tx = PostgresTx(self._link, None)
        return self._tx

    def check(self) -> None:
        """Raise the refusal of a statement, if there was one: the function may have caught it."""
        self._tx.check()

    def leave(self) -> None:
        """Close the snapshot."""
        self._tx.close()
        self._link.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._link.close()


class Writer:
    """The session that writes: a batch.Session. Raises QueryFailed."""

    def __init__(self, url: str) -> None:
        self._link = Link(url)
        self._tx: PostgresTx
        self._alone = False
        self._savepoint = False  # the last function's is still there: it goes with the next trip to the server

    def begin(self) -> None:
        """Open the transaction of a batch, when no other process has one open."""
        self._savepoint = False
        self._link.begin(BEGIN_WRITE)

    def enter(self, after: list[Callable[[bool], None]], *, alone: bool) -> "PostgresTx":
        """Open a transaction for one function; the only one in its batch has the batch's own."""
        self._alone = alone
        if not alone:
            self._link.execute("RELEASE SAVEPOINT w; SAVEPOINT w" if self._savepoint else "SAVEPOINT w")
            self._savepoint = True
        self._tx = PostgresTx(self._link, after)
        return self._tx

    def leave(self) -> None:
        """Keep the function's work; raises the QueryFailed that it went on after."""
        self._tx.close()
        self._tx.check()

    def undo(self) -> None:
        """Undo the function's work."""
        self._tx.close()
        if self._alone:
            self._link.execute("ROLLBACK; BEGIN")
        else:
            self._link.execute("ROLLBACK TO SAVEPOINT w; RELEASE SAVEPOINT w")
            self._savepoint = False

    def commit(self) -> None:
        """Make the batch durable. Raises QueryFailed, also where the connection was lost and nobody knows."""
        outcome = self._link.execute("COMMIT")
        if outcome != "COMMIT":  # a transaction that has failed is rolled back here, and the server calls it success
            raise QueryFailed(f"the server answered COMMIT with {outcome}")

    def rollback(self) -> None:
        """Undo whatever is open."""
        if self._link.in_transaction():
            self._link.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._link.close()


class Link:
    """A connection that is made again when it is found lost between two transactions."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connect()

    def begin(self, sql: str) -> None:
        """Open a transaction with `sql`."""
        try:
            self.execute(sql)
        except QueryFailed:
            if not self.connection.closed:
                raise
            # The server went away, maybe long ago. Nothing has been asked in this transaction yet: try once more.
            self._connect()
            self.execute(sql)

    def execute(self, sql: str) -> str | None:
        """Run statements that have neither values nor rows and return the last one's status."""
        try:
            return self._control.execute(sql.encode()).statusmessage
        except psycopg.Error as error:
            raise translated(error) from error

    def in_transaction(self) -> bool:
        """Whether the connection stands, and a transaction is open on it."""
        return self.connection.info.transaction_status in _OPEN

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _connect(self) -> None:
        try:
            self.connection = _connect(self._url)
        except psycopg.Error as error:
            raise translated(error) from error
        self.cursor = self.connection.cursor(binary=True)
        self._control = self.connection.cursor()


_OPEN: Final = (psycopg.pq.TransactionStatus.INTRANS, psycopg.pq.TransactionStatus.INERROR)


class PostgresTx:
    """See Tx."""

    __slots__ = ("_after", "_connection", "_cursor", "_failure", "_iterating")

    def __init__(self, link: Link, after: list[Callable[[bool], None]] | None) -> None:
        self._connection = link.connection
        self._cursor: Cursor | Closed = link.cursor
        self._after = after
        self._failure: QueryFailed | None = None
        self._iterating: list[psycopg.ServerCursor[Row]] = []

    def all(self, sql: str, *args: Value) -> list[Row]:
        """See Tx.all."""
        try:
            return self._cursor.execute(to_psycopg(sql), args).fetchall()
        except psycopg.Error as error:
            raise self._refused(error) from error

    def one(self, sql: str, *args: Value) -> Row | None:
        """See Tx.one."""
        try:
            return self._cursor.execute(to_psycopg(sql), args).fetchone()
        except psycopg.Error as error:
            raise self._refused(error) from error

    def run(self, sql: str, *args: Value) -> int:
        """See Tx.run."""
        try:
            return self._cursor.execute(to_psycopg(sql), args).rowcount
        except psycopg.Error as error:
            raise self._refused(error) from error

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """See Tx.run_many."""
        try:
            self._cursor.executemany(to_psycopg(sql), rows)
        except psycopg.Error as error:
            raise self._refused(error) from error

    def iterate(self, sql: str, *args: Value) -> Iterator[Row]:
        """See Tx.iterate."""
        if isinstance(self._cursor, Closed):
            raise closed()
        cursor = self._connection.cursor(f"iterate_{len(self._iterating)}")
        cursor.itersize = ITERATE_ROWS
        self._iterating.append(cursor)
        try:
            cursor.execute(to_psycopg(sql), args, binary=True)
        except psycopg.Error as error:
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

    def _rows(self, cursor: psycopg.ServerCursor[Row]) -> Iterator[Row]:
        try:
            yield from cursor
        except psycopg.Error as error:
            if self._cursor is CLOSED:
                raise closed() from None
            raise self._refused(error) from error

    def _refused(self, error: psycopg.Error) -> QueryFailed:
        refusal = translated(error)
        self._failure = self._failure or refusal
        return refusal


class _NumberLoader(Loader):
    """Reads a `numeric`, which sum() and avg() of integers make, as the int or float that SQLite makes."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int | float:
        """Return the number."""
        number = NumericBinaryLoader(self.oid).load(data)
        return int(number) if number == number.to_integral_value() else float(number)


class _TruthLoader(Loader):
    """Reads a `boolean`, which comparisons make, as the 0 or 1 that SQLite makes."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        """Return 0 or 1."""
        return bytes(data)[0]


def _connect(url: str) -> Connection:
    given = conninfo_to_dict(url)
    ours = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "roost"}
    full = make_conninfo(url, client_encoding="utf8", **{name: ours[name] for name in ours if name not in given})
    connection = psycopg.connect(full, autocommit=True)  # psycopg shall open no transactions of its own
    if connection.info.parameter_status("server_encoding") != "UTF8":
        connection.close()
        raise StorageError("the PostgreSQL database must have the encoding UTF8")
    # An operator may have turned this off for another's sake. What we acknowledge is durable.
    connection.execute(
        b"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.prepared_max = STATEMENTS
    adapters = connection.adapters
    # Always bigint: the width of a value must not choose the type, and so another plan, or numeric arithmetic.
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(bool, Int8BinaryDumper)
    adapters.register_loader("numeric", _NumberLoader)
    adapters.register_loader("bool", _TruthLoader)
    return connection


def translated(error: psycopg.Error) -> QueryFailed:
    """Return the error as the one of ours that it amounts to."""
    text = str(error).strip()
    if isinstance(error, errors.IntegrityError):
        return ConstraintFailed(text)
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return ReadOnly(text)
    return QueryFailed(text)
