"""Group commit: the writes that wait, and how a batch of them becomes one transaction.

    put() ─▶ queued ─stage()─▶ run, each under its own savepoint ─finish()─▶ COMMIT ─settle()─▶ callbacks, answers

What is queued while one batch is on its way to the disk makes up the next. So one writer waits for one fsync, and a
hundred writers share one. Writes that are put to be done together are run as one function, under one savepoint, and
where that raises, each by itself. On which thread stage() and finish() run is for the adapters to say, through `start`;
all else happens on the event loop. Deliberately does not know SQL, nor any engine.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, Final, Generic, ParamSpec, Protocol, TypeVar

from roost.storage.db import Together, Tx
from roost.storage.errors import CommitFailed, DatabaseClosed, StorageError

T = TypeVar("T")
A = TypeVar("A")
K = TypeVar("K", bound=Hashable)
P = ParamSpec("P")

MAX_WRITES: Final = 256
"""Writes in a batch. Shared by 64, an fsync of 0.3 ms costs each less than 5 µs; the rest is for slower disks."""

MAX_SECONDS: Final = 0.010
"""For how long a batch takes in further writes. SQLite stages on the event loop, so this is what everybody else waits
for writers at most; and it is some eighty createRecords, many times the work that one fsync costs."""

MAX_TOGETHER: Final = 64
"""Items given to one function. The batch's time is looked at only between functions, and 64 records take half of it."""


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

    __slots__ = ("answer", "error", "fn", "result")

    def __init__(self, fn: Callable[[Tx], T], answer: asyncio.Future[T]) -> None:
        self.fn = fn
        self.answer = answer
        self.error: Exception | None = None
        self.result: T

    def run(self, tx: Tx) -> None:
        """Do it, and note what it came to."""
        self.result = self.fn(tx)


class Joint:
    """Items that wait to be done together; each is a write that can be done by itself as well."""

    __slots__ = ("done", "name", "waiting")

    def __init__(self, fn: Together[Any, Any, Any], key: Hashable) -> None:
        self.name = fn, key
        self.waiting: list[tuple[Any, Write[Any]]] = []
        self.done = 0

    def add(self, item: object, answer: asyncio.Future[Any]) -> None:
        """Have one more item done, for whoever waits for the answer."""
        self.waiting.append((item, Write(partial(self._one, item), answer)))

    def run(self, tx: Tx) -> None:
        """Do the first items, as many as go together: `done` says how many, and its write what each came to."""
        fn, key = self.name
        outcomes = fn(tx, key, [item for item, _ in self.waiting])
        assert outcomes, "the first is done, at least"
        for (_, write), outcome in zip(self.waiting, outcomes, strict=False):
            if isinstance(outcome, Exception):
                write.error = outcome
            else:
                write.result = outcome
        self.done = len(outcomes)

    def rest(self) -> "Joint":
        """Return what was not done."""
        rest = Joint(*self.name)
        rest.waiting = self.waiting[self.done :]
        return rest

    def _one(self, item: object, tx: Tx) -> object:
        fn, key = self.name
        (outcome,) = fn(tx, key, [item])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Run:
    """One function's turn in a batch: the callbacks it asked for, and whether its work was undone."""

    __slots__ = ("after", "undone")

    def __init__(self) -> None:
        self.after: list[Callable[[bool], None]] = []
        self.undone = False


class Batch:
    """The writes of one transaction and the runs they took; `failure` is what has kept all from being made durable."""

    __slots__ = ("failure", "runs", "writes")

    def __init__(self) -> None:
        self.writes: list[Write[Any]] = []  # Any: each has a result of its own type
        self.runs: list[Run] = []
        self.failure: StorageError | None = None


class Queue:
    """The writes of one database.

    `start` is called whenever there are some and no batch is on its way. It sees to stage(), finish() and settle(), and
    calls next() when the one after may start.
    """

    def __init__(self, start: Callable[[], None]) -> None:
        self._start = start
        self._waiting: deque[Write[Any] | Joint] = deque()  # Any: each has a result of its own type
        self._open: dict[tuple[object, Hashable], Joint] = {}  # those that wait, and may have further items
        self._joining = Lock()  # what is being added to is not being taken
        self._busy = False  # a batch is on its way, or about to start
        self._at_rest: asyncio.Future[None] | None = None
        self._closed = False
        self._watchers: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fn: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Queue a write and return its coming answer; raises DatabaseClosed."""
        answer: asyncio.Future[T] = self._answer()
        self._waiting.append(Write(fn, answer))
        self._wake()
        return answer

    def put_together(self, fn: Together[K, A, T], key: K, item: A) -> asyncio.Future[T]:
        """Queue an item to be done by `fn` with the others of its key that wait; see Database.write_together."""
        answer: asyncio.Future[T] = self._answer()
        with self._joining:
            joint = self._open.get((fn, key))
            if joint is None or len(joint.waiting) >= MAX_TOGETHER:
                joint = self._open[fn, key] = Joint(fn, key)
                self._waiting.append(joint)
            joint.add(item, answer)
        self._wake()
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
        except Exception as error:  # noqa: BLE001 - a fault of ours would otherwise leave everybody waiting for ever
            batch.failure = _storage_error(error)
        if batch.failure is not None and not batch.writes:
            # No transaction can be had. All are told now, rather than each after a long try of its own.
            while turn := self._take():
                batch.writes += _writes(turn)
        return batch

    def _answer(self) -> asyncio.Future[Any]:
        if self._closed:
            raise DatabaseClosed("the database was closed")
        return asyncio.get_running_loop().create_future()

    def _wake(self) -> None:
        if not self._busy:
            self._busy = True
            self.next()

    def _turn(self) -> None:
        if self._waiting:
            self._start()
            return
        self._busy = False
        if self._at_rest is not None:
            self._at_rest.set_result(None)

    def _stage(self, batch: Batch, session: Session) -> None:
        until = monotonic() + MAX_SECONDS
        while len(batch.writes) < MAX_WRITES and (turn := self._take()):
            alone = isinstance(turn, Write) and not batch.writes and not self._waiting
            before = len(batch.writes)
            batch.writes += _writes(turn)
            error = _run(batch, turn, session, alone=alone)
            if isinstance(turn, Write):
                turn.error = error
            elif error is not None:
                del batch.writes[before:]
                self._waiting.extendleft(reversed(_writes(turn)))
            elif turn.done < len(turn.waiting):
                del batch.writes[before + turn.done :]
                self._waiting.appendleft(turn.rest())
            if alone or monotonic() > until:
                break

    def _take(self) -> Write[Any] | Joint | None:
        while self._waiting:
            turn = self._waiting.popleft()
            if isinstance(turn, Joint):
                with self._joining:
                    if self._open.get(turn.name) is turn:
                        del self._open[turn.name]
                turn.waiting = [each for each in turn.waiting if not each[1].answer.cancelled()]
                if len(turn.waiting) > 1:
                    return turn
                if not turn.waiting:
                    continue
                ((_, turn),) = turn.waiting
            if not turn.answer.cancelled():
                return turn
        return None


def _writes(turn: Write[Any] | Joint) -> list[Write[Any]]:
    return [turn] if isinstance(turn, Write) else [write for _, write in turn.waiting]


def _run(batch: Batch, turn: Write[Any] | Joint, session: Session, *, alone: bool) -> Exception | None:
    """Run a function in a savepoint of its own; return what it raised, which undid it."""
    run = Run()
    batch.runs.append(run)
    tx = session.enter(run.after, alone=alone)
    try:
        turn.run(tx)
        session.leave()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is for the one writer, who gets it in settle()
        run.undone = True
        session.undo()
        return error
    return None


def _storage_error(error: Exception) -> StorageError:
    if isinstance(error, StorageError):
        return error
    unexpected = StorageError(f"unexpectedly, {error!r}")
    unexpected.__cause__ = error
    return unexpected


def finish(batch: Batch, session: Session) -> None:
    """Make the batch durable, or undo it and say why in its `failure`. May run on any thread."""
    try:
        if batch.failure is None:
            session.commit()
        else:
            session.rollback()
    except Exception as error:  # noqa: BLE001 - as in stage()
        batch.failure = batch.failure or _storage_error(error)


def settle(batch: Batch) -> None:
    """Tell every writer of a finished batch how it ended: all callbacks first, then the answers.

    A writer's own exception waits for the commit too, and gives way to a failure of it: it may rest on what an earlier
    write of the batch did, and that has then not happened.
    """
    for run in batch.runs:
        durable = batch.failure is None and not run.undone
        for callback in run.after:
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
