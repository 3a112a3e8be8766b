"""The one interface to a database: functions that are lent a transaction.

    async def rename(db: Database, did: Did, handle: Handle) -> int:
        return await db.write(lambda tx: tx.run("UPDATE account SET handle = ? WHERE did = ?", handle, did))

SQL is the subset that SQLite and PostgreSQL share, with `?` for every value. Deliberately does not know the engines, so
that what is written against it cannot either.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Value: TypeAlias = None | int | float | str | bytes
"""What a column can hold. Subclasses (a Did, a Cid) may be passed; what comes back is the plain type."""

Row: TypeAlias = tuple[Any, ...]
"""A row of plain Values. Which column holds which is known to the statement beside it and to no type checker: hence Any."""

Dialect: TypeAlias = Literal["sqlite", "postgres"]


class Tx(Protocol):
    """A transaction, lent to one function and valid only until that returns; afterwards it raises TransactionClosed.

    A statement that is refused raises QueryFailed (ConstraintFailed, ReadOnly) and ends the matter: whatever the function
    does next, its work is undone and its caller gets that error. So a constraint is a guard, not a way to ask a question.
    """

    def all(self, sql: str, *args: Value) -> list[Row]:
        """Return every row."""
        ...

    def one(self, sql: str, *args: Value) -> Row | None:
        """Return the first row, or None where there is none. Also for statements with RETURNING."""
        ...

    def run(self, sql: str, *args: Value) -> int:
        """Run a statement that returns no rows; return how many rows an INSERT, UPDATE or DELETE touched."""
        ...

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run a statement once for each tuple of values."""
        ...

    def iterate(self, sql: str, *args: Value) -> Iterator[Row]:
        """Return the rows one after another, without holding them all: for a result that may be large."""
        ...

    def after(self, callback: Callable[[bool], None]) -> None:
        """Have `callback` called once the outcome is known: True when this work is durable, False when it was undone.

        It is called exactly once, on the thread of the event loop, before the writer is answered and before any later
        write runs, in the order of asking. Raises ReadOnly in a transaction that reads, which has no outcome.
        """
        ...


class Database(Protocol):
    """A database that is open; every method belongs to the thread of the event loop.

    `dialect` is for `migrate` alone, which needs it to choose between the twins of a migration.
    """

    @property
    def dialect(self) -> Dialect:
        """Which twin of a migration is meant for this database."""
        ...

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one snapshot and return its result. It may hold up the event loop: for short queries."""
        ...

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction and return its result once that is durable.

        Writes run one at a time, in the order of asking, and share commits: `fn` sees what was written before it in the
        same batch. An exception of `fn` undoes its work alone and is raised here. Raises CommitFailed when the batch did
        not become durable. A write whose task is cancelled before its turn never runs; after that it runs to its end.
        """
        ...

    def stream(self, fn: Callable[[Tx], Iterator[bytes]]) -> AsyncIterator[bytes]:
        """Yield what the iterator made by `fn` yields, joined into larger chunks, from one snapshot.

        `fn` runs in a thread of its own and waits for the consumer: raises StreamStalled when that takes nothing for a
        minute. The consumer should close what it does not read to the end.
        """
        ...

    async def close(self) -> None:
        """Finish the writes that were asked for, stop the streams and give up the database; again does nothing."""
        ...
