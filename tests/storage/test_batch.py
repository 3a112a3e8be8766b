"""Group commit by itself, on a session that keeps its data in a list."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from roost.storage import batch
from roost.storage.batch import Batch, Queue, finish, settle
from roost.storage.db import Tx
from roost.storage.errors import CommitFailed, QueryFailed

pytestmark = pytest.mark.anyio


class Journal:
    """A Session that writes down what it is asked, and fails where it is told to."""

    def __init__(self, *fails: str) -> None:
        self.asked: list[str] = []
        self.fails = fails

    def begin(self) -> None:
        """Open the transaction."""
        self._note("begin")

    def enter(self, after: list[Callable[[bool], None]], *, alone: bool) -> Tx:
        """Open a Tx."""
        self._note("enter alone" if alone else "enter")
        return cast("Tx", after)  # the functions of these tests want nothing else of it

    def leave(self) -> None:
        """Keep its work."""
        self._note("leave")

    def undo(self) -> None:
        """Undo its work."""
        self._note("undo")

    def commit(self) -> None:
        """Make it all durable."""
        self._note("commit")

    def rollback(self) -> None:
        """Undo it all."""
        self._note("rollback")

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if what in self.fails:
            raise QueryFailed(f"{what} failed")


def nothing(_: Tx) -> None:
    """Write nothing."""


def refuse(_: Tx) -> None:
    """Raise."""
    raise ValueError


def carried_out(queue: Queue, session: Journal) -> Batch:
    """Take a batch all the way, as an adapter does."""
    staged = queue.stage(session)
    finish(staged, session)
    settle(staged)
    return staged


async def test_a_batch_is_one_transaction_with_a_savepoint_for_each() -> None:
    """In this order, and with one commit."""
    queue, session = Queue(lambda: None), Journal()
    answers = [queue.put(fn) for fn in (nothing, refuse, nothing)]

    carried_out(queue, session)

    assert session.asked == ["begin", "enter", "leave", "enter", "undo", "enter", "leave", "commit"]
    assert [None, ValueError, None] == [
        answer.exception() and type(answer.exception()) for answer in answers
    ]  # fmt: skip


async def test_a_lone_write_needs_no_savepoint() -> None:
    """Undoing it is undoing the transaction."""
    queue, session = Queue(lambda: None), Journal()
    queue.put(nothing)

    carried_out(queue, session)

    assert session.asked == ["begin", "enter alone", "leave", "commit"]


async def test_a_batch_has_a_limit() -> None:
    """What is left waits for the next one."""
    queue = Queue(lambda: None)
    for _ in range(batch.MAX_WRITES + 1):
        queue.put(nothing)

    first, second = carried_out(queue, Journal()), carried_out(queue, Journal())

    assert [len(first.writes), len(second.writes)] == [batch.MAX_WRITES, 1]


async def test_a_batch_takes_in_no_more_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little it has: others wait for the event loop."""
    monkeypatch.setattr(batch, "MAX_SECONDS", 0.0)
    queue = Queue(lambda: None)
    for _ in range(3):
        queue.put(nothing)

    assert len(carried_out(queue, Journal()).writes) == 1


async def test_when_no_transaction_can_be_had_all_who_wait_are_told() -> None:
    """Rather than one after another, each after a try of its own."""
    queue, session = Queue(lambda: None), Journal("begin")
    answers = [queue.put(nothing) for _ in range(3)]

    carried_out(queue, session)

    assert session.asked == ["begin", "rollback"]
    assert [CommitFailed] * 3 == [type(answer.exception()) for answer in answers]


async def test_a_transaction_lost_on_the_way_is_lost_for_the_whole_batch() -> None:
    """As when undoing one function fails: what the others did is gone as well. Who still waits has another chance."""
    queue, session = Queue(lambda: None), Journal("undo")
    answers = [queue.put(fn) for fn in (nothing, refuse, nothing)]

    carried_out(queue, session)

    assert [CommitFailed, CommitFailed] == [type(answer.exception()) for answer in answers[:2]]
    assert not answers[2].done()
    carried_out(queue, Journal())
    assert answers[2].done()


async def test_a_failed_rollback_does_not_hide_the_failure() -> None:
    """The writers learn what went wrong first."""
    queue, session = Queue(lambda: None), Journal("begin", "rollback")
    answer = queue.put(nothing)

    carried_out(queue, session)

    assert "begin failed" in str(answer.exception())


async def test_all_callbacks_come_before_the_first_answer() -> None:
    """A writer that is told can rely on every cache that its batch had to do with."""
    queue, heard = Queue(lambda: None), []

    def write(tx: Tx) -> None:
        cast("list[Callable[[bool], None]]", tx).append(lambda _: heard.append([a.done() for a in answers]))

    answers = [queue.put(write) for _ in range(2)]

    carried_out(queue, Journal())

    assert heard == [[False, False], [False, False]]


async def test_the_next_batch_starts_when_there_is_one() -> None:
    """And only then; what is put at rest starts one by itself."""
    started: list[int] = []
    queue = Queue(lambda: started.append(len(queue)))

    queue.put(nothing)
    queue.put(nothing)
    await asyncio.sleep(0)
    assert started == [2]  # both, in the next round of the loop

    carried_out(queue, Journal())
    queue.next()
    await asyncio.sleep(0)
    assert started == [2]  # nothing waits

    queue.put(nothing)
    await asyncio.sleep(0)
    assert started == [2, 1]
