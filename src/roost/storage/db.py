"""The one interface to a database: functions that are lent a transaction.

    async def rename(db: Database, did: Did, handle: Handle) -> int:
        return await db.write(lambda tx: tx.run("UPDATE account SET handle = ? WHERE did = ?", handle, did))

SQL is the subset that SQLite and PostgreSQL share, with `?` for every value. Deliberately does not know the engines, so
that what is written against it cannot either.
"""

from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
A = TypeVar("A")
K = TypeVar("K", bound=Hashable)

Value: TypeAlias = int | float | str | bytes | None
"""What a column can hold. Subclasses (a Did, a Cid) may be passed; what comes back is the plain type."""

Row: TypeAlias = tuple[Any, ...]
"""A row of plain Values. Any, because what each column holds only the statement knows, and no type checker."""

Dialect: TypeAlias = Literal["sqlite", "postgres"]


class Tx(Protocol):
    """A transaction, lent to one function and valid until that returns; from then on it raises TransactionClosed.

    A statement that is refused raises QueryFailed (ConstraintFailed, ReadOnly), and that ends the matter: whatever the
    function does next, its work is undone and its caller gets an error. So a constraint guards; it answers no question.
    """

    def all(self, sql: str, *args: Value) -> list[Row]:
        """Return every row."""
        ...

    def one(self, sql: str, *args: Value) -> Row | None:
        """Return the first row, or None where there is none; also of a statement with RETURNING."""
        ...

    def run(self, sql: str, *args: Value) -> int:
        """Run an INSERT, UPDATE or DELETE and return how many rows it touched; or any statement without rows."""
        ...

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run a statement once for each tuple of values."""
        ...

    def iterate(self, sql: str, *args: Value) -> Iterator[Row]:
        """Return the rows one after another, without holding them all: for a result that may be large."""
        ...

    def after(self, callback: Callable[[bool], None]) -> None:
        """Have `callback` called with the outcome: True when this work is durable, False when it was undone.

        It is called exactly once, on the event loop, before the writer is answered and before any later batch begins,
        in the order of asking. Raises ReadOnly in a transaction that reads, which has no outcome.
        """
        ...


Together: TypeAlias = Callable[[Tx, K, Sequence[A]], Sequence[T | Exception]]
"""Does items of one key in one go, and returns what each came to, in their order: a result, or what is to be raised.

It does the first, and as many of those after it as it sees fit; others are given to it again.
"""


class Database(Protocol):
    """A database that is open. Its methods are for the event loop; functions given to it may run on another thread."""

    @property
    def dialect(self) -> Dialect:
        """Which twin of a migration is meant for this database. For `migrate` alone: nobody else asks."""
        ...

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one snapshot and return its result. It may hold up the event loop: for short queries."""
        ...

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction and return its result once that is durable.

        Writes run one at a time, in the order of asking, and share commits: `fn` sees the work of those before it. What
        `fn` raises undoes its work alone and is raised here; raises CommitFailed when the batch did not become durable,
        and DatabaseClosed. A write whose task is cancelled before its turn never runs; later it runs to its end.
        """
        ...

    async def write_together(self, fn: Together[K, A, T], key: K, item: A) -> T:
        """Have `fn` do `item` together with the other items of that key that wait for it, and return what it came to.

        As `write`, but for the order: an item joins those of its key that wait already. One for which `fn` returns an
        exception must have left nothing behind. What `fn` raises undoes it all, and each item is then given to it
        alone; so it may raise for any reason, and need not find out whose fault it is.
        """
        ...

    def watch(self, callback: Callable[[], None]) -> None:
        """Have `callback` called on the event loop whenever writes of this process have become durable.

        It is called once for each batch of them, and after their writers were answered.
        """
        ...

    def stream(self, fn: Callable[[Tx], Iterator[bytes]]) -> AsyncGenerator[bytes, None]:
        """Yield what the iterator made by `fn` yields, joined into larger chunks, from one snapshot.

        `fn` runs in a thread of its own and waits for the consumer: raises StreamStalled when that takes nothing for a
        minute, and DatabaseClosed. A consumer that does not read to the end should close it.
        """
        ...

    async def close(self) -> None:
        """Finish the writes that were asked for, end the streams and give up the database. Again, it does nothing."""
        ...
