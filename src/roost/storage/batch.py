"""Group commit: the writes that wait, and how a batch of them runs inside one transaction.

The adapters decide on which thread a batch is staged and committed; the rest of the idea is here, once:

    queued ──stage()──▶ each under its own savepoint ──COMMIT, by the adapter──▶ settle(): callbacks, then answers

Whatever is queued while a batch is on its way to the disk makes up the next one, so that one writer waits for one fsync
and a hundred writers share one. Deliberately does not know SQL, nor any engine.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, Generic, Protocol, TypeVar

from roost.storage.db import Tx
from roost.storage.errors import CommitFailed, DatabaseClosed, StorageError

T = TypeVar("T")

MAX_WRITES: Final = 256
"""Writes in a batch. At 64 an fsync of 0.3 ms already costs each write under 5 µs; the rest is for slow disks."""

MAX_SECONDS: Final = 0.010
"""Seconds a batch may be staged for before it is committed. SQLite stages on the event loop, where reads wait meanwhile:
this is the longest they wait for writers, and still some eighty createRecords, far more work than one fsync costs."""


class Session(Protocol):
    """What an adapter lends to the staging of a batch: one connection. Its methods raise StorageErrors."""

    def begin(self) -> None:
        """Open the transaction of the batch."""
        ...

    def enter(self, after: list[Callable[[bool], None]], *, alone: bool) -> Tx:
        """Open a transaction for one function, which leaves callbacks in `after`; `alone` in a batch it needs no savepoint."""
        ...

    def leave(self) -> None:
        """Close what `enter` opened and keep its work; raises the QueryFailed that its function went on after."""
        ...

    def undo(self) -> None:
        """Close what `enter` opened and undo its work."""
        ...


class Write(Generic[T]):
    """A function that waits for its turn, or has had it and waits for its commit."""

    __slots__ = ("after", "answer", "error", "fn", "result")

    def __init__(self, fn: Callable[[Tx], T], answer: asyncio.Future[T]) -> None:
        self.fn = fn
        self.answer = answer
        self.after: list[Callable[[bool], None]] = []
        self.error: Exception | None = None
        self.result: T


class Batch:
    """The writes of one transaction; `failure` is why none of them can be committed, if that is known already."""

    __slots__ = ("failure", "writes")

    def __init__(self) -> None:
        self.writes: list[Write[Any]] = []  # Any: each has its own type of result
        self.failure: StorageError | None = None


class Queue:
    """The writes of one database that wait for their turn."""

    def __init__(self) -> None:
        self._waiting: deque[Write[Any]] = deque()  # Any: each has its own type of result
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fn: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Queue a write and return its coming answer; raises DatabaseClosed."""
        if self._closed:
            raise DatabaseClosed("the database was closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(Write(fn, answer))
        return answer

    def close(self) -> None:
        """Take no more writes. Those that wait still get their turn."""
        self._closed = True

    def stage(self, session: Session) -> Batch:
        """Run what waits, up to the limits of a batch, and return it ready to be committed.

        May run on another thread than `put`: a deque's two ends are independent, and what is put meanwhile joins in.
        """
        batch = Batch()
        try:
            session.begin()
            self._stage(batch, session)
        except StorageError as error:
            batch.failure = error
        if batch.failure is not None and not batch.writes:
            # There was no transaction to be had. All who wait are told now, instead of each after a try of its own.
            while write := self._take():
                batch.writes.append(write)
        return batch

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
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the one writer, who gets it in settle()
        write.error = error
        session.undo()


def settle(batch: Batch, failure: Exception | None) -> None:
    """Tell every writer of the batch how it ended: callbacks first, each writer's own before anybody is answered.

    `failure` is what kept the batch from being committed. A writer's own exception waits for the commit too, and is
    replaced when that fails: it may rest on what an earlier write in the batch did, which then never happened.
    """
    for write in batch.writes:
        durable = failure is None and write.error is None
        for callback in write.after:
            _call(callback, durable)
    for write in batch.writes:
        if write.answer.done():  # cancelled after it was staged
            continue
        if failure is not None:
            error = CommitFailed(f"the write could not be made durable: {failure}")
            error.__cause__ = failure
            write.answer.set_exception(error)
        elif write.error is not None:
            write.answer.set_exception(write.error)
        else:
            write.answer.set_result(write.result)


def _call(callback: Callable[[bool], None], durable: bool) -> None:  # noqa: FBT001
    try:
        callback(durable)
    except Exception as error:  # noqa: BLE001 - a bug there must not leave the other writers without an answer
        context = {"message": f"a callback of a write raised: {error!r}", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
