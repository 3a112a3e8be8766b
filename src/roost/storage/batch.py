"""Group commit: the writes that wait, and how a batch of them becomes one transaction.

    put() ─▶ queued ─stage()─▶ run, each under its own savepoint ─finish()─▶ COMMIT ─settle()─▶ callbacks, answers

What is queued while one batch is on its way to the disk makes up the next. So one writer waits for one fsync, and a
hundred writers share one. On which thread stage() and finish() run is for the adapters to say, through `start`; all
else happens on the event loop. Deliberately does not know SQL, nor any engine.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, Generic, ParamSpec, Protocol, TypeVar

from roost.storage.db import Tx
from roost.storage.errors import CommitFailed, DatabaseClosed, StorageError

T = TypeVar("T")
P = ParamSpec("P")

MAX_WRITES: Final = 256
"""Writes in a batch. Shared by 64, an fsync of 0.3 ms costs each less than 5 µs; the rest is for slower disks."""

MAX_SECONDS: Final = 0.010
"""For how long a batch takes in further writes. SQLite stages on the event loop, so this is what everybody else waits
for writers at most; and it is some eighty createRecords, many times the work that one fsync costs."""


class Session(Protocol):
    """A connection, as a batch uses it. The methods raise StorageErrors."""

    def begin(self) -> None:
        """Open the transaction of a batch."""
        ...

    def enter(self, after: list[Callable[[bool], None]], *, alone: bool) -> Tx:
        """Open a Tx for one function, with a savepoint unless it is alone in its batch; its callbacks go to `after`."""
        ...

    def leave(self) -> None:
        """Close the Tx and keep its work; raises the QueryFailed that its function went on after."""
        ...

    def undo(self) -> None:
        """Close the Tx and undo its work."""
        ...

    def commit(self) -> None:
        """Make the transaction durable; when this raises, it is undone, or nobody can tell."""
        ...

    def rollback(self) -> None:
        """Undo the transaction, if there still is one."""
        ...


class Write(Generic[T]):
    """A function that waits for its turn, or for the commit of what it did."""

    __slots__ = ("after", "answer", "error", "fn", "result")

    def __init__(self, fn: Callable[[Tx], T], answer: asyncio.Future[T]) -> None:
        self.fn = fn
        self.answer = answer
        self.after: list[Callable[[bool], None]] = []
        self.error: Exception | None = None
        self.result: T


class Batch:
    """The writes of one transaction; `failure` is what has kept all of them from being made durable."""

    __slots__ = ("failure", "writes")

    def __init__(self) -> None:
        self.writes: list[Write[Any]] = []  # Any: each has a result of its own type
        self.failure: StorageError | None = None


class Queue:
    """The writes of one database.

    `start` is called whenever there are some and no batch is on its way. It sees to stage(), finish() and settle(), and
    calls next() when the one after may start.
    """

    def __init__(self, start: Callable[[], None]) -> None:
        self._start = start
        self._waiting: deque[Write[Any]] = deque()  # Any: each has a result of its own type
        self._busy = False  # a batch is on its way, or about to start
        self._at_rest: asyncio.Future[None] | None = None
        self._closed = False
        self._watchers: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fn: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Queue a write and return its coming answer; raises DatabaseClosed."""
        if self._closed:
            raise DatabaseClosed("the database was closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(Write(fn, answer))
        if not self._busy:
            self._busy = True
            self.next()
        return answer

    def watch(self, callback: Callable[[], None]) -> None:
        """Have `callback` called for each batch that became durable."""
        self._watchers.append(callback)

    def tell(self, batch: Batch) -> None:
        """Call those who watch, if the batch became durable; its writers have been answered."""
        if batch.failure is None:
            for callback in self._watchers:
                _call(callback)

    def next(self) -> None:
        """Have the next batch started, in the next round of the loop.

        Not at once: whoever was answered, or wants to read, comes first, and whoever else is about to write joins in.
        """
        asyncio.get_running_loop().call_soon(self._turn)

    async def close(self) -> None:
        """Take no more writes, and return when those that wait are answered."""
        self._closed = True
        if self._busy:
            self._at_rest = asyncio.get_running_loop().create_future()
            await self._at_rest

    def stage(self, session: Session) -> Batch:
        """Run what waits, up to the limits of a batch, in an open transaction.

        It may run on another thread than put(): a deque's ends are independent, and what is put meanwhile joins in.
        """
        batch = Batch()
        try:
            session.begin()
            self._stage(batch, session)
        except StorageError as error:
            batch.failure = error
        if batch.failure is not None and not batch.writes:
            # No transaction can be had. All are told now, rather than each after a long try of its own.
            while write := self._take():
                batch.writes.append(write)
        return batch

    def _turn(self) -> None:
        if self._waiting:
            self._start()
            return
        self._busy = False
        if self._at_rest is not None:
            self._at_rest.set_result(None)

    def _stage(self, batch: Batch, session: Session) -> None:
        until = monotonic() + MAX_SECONDS
        while len(batch.writes) < MAX_WRITES and (write := self._take()):
            alone = not batch.writes and not self._waiting
            batch.writes.append(write)
            _run(write, session, alone=alone)
            if alone or monotonic() > until:
                break

    def _take(self) -> Write[Any] | None:
        while self._waiting:
            write = self._waiting.popleft()
            if not write.answer.cancelled():
                return write
        return None


def _run(write: Write[T], session: Session, *, alone: bool) -> None:
    tx = session.enter(write.after, alone=alone)
    try:
        write.result = write.fn(tx)
        session.leave()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is for the one writer, who gets it in settle()
        write.error = error
        session.undo()


def finish(batch: Batch, session: Session) -> None:
    """Make the batch durable, or undo it and say why in its `failure`. May run on any thread."""
    try:
        if batch.failure is None:
            session.commit()
        else:
            session.rollback()
    except StorageError as error:
        batch.failure = batch.failure or error


def settle(batch: Batch) -> None:
    """Tell every writer of a finished batch how it ended: all callbacks first, then the answers.

    A writer's own exception waits for the commit too, and gives way to a failure of it: it may rest on what an earlier
    write of the batch did, and that has then not happened.
    """
    for write in batch.writes:
        durable = batch.failure is None and write.error is None
        for callback in write.after:
            _call(callback, durable)
    for write in batch.writes:
        if write.answer.done():  # cancelled after its turn had come
            continue
        if batch.failure is not None:
            error = CommitFailed(f"the write is not durable: {batch.failure}")
            error.__cause__ = batch.failure
            write.answer.set_exception(error)
        elif write.error is not None:
            write.answer.set_exception(write.error)
        else:
            write.answer.set_result(write.result)


def _call(callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    try:
        callback(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - a bug there must not keep the other writers from their answers
        context = {"message": "a callback of a transaction raised", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
