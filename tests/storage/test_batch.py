"""Group commit by itself, on a session that keeps its data in a list."""

import asyncio
from collections.abc import Callable, Sequence
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


# Done together


class Adder:
    """A function that does items together, as many as it is told to, and writes down which it was given."""

    def __init__(self, most: int = 1000) -> None:
        self.given: list[list[int]] = []
        self.most = most

    def add(self, tx: Tx, key: int, items: Sequence[int]) -> list[int | Exception]:
        """Return the sums with the key; a negative number is refused, a zero is trouble for all."""
        del tx
        self.given.append([*items])
        if 0 in items:
            raise ZeroDivisionError
        return [KeyError(each) if each < 0 else key + each for each in items[: self.most]]


def outcomes(answers: Sequence[asyncio.Future[int]]) -> list[object]:
    """Return what each came to: its result, or the type of its error."""
    return [type(error) if (error := answer.exception()) else answer.result() for answer in answers]


async def test_items_of_one_key_are_done_together() -> None:
    """Under one savepoint, at the turn of the first of them; those of other keys and functions are not among them."""
    queue, session, adder, other = Queue(lambda: None), Journal(), Adder(), Adder()
    answers = [queue.put_together(adder.add, key, item) for key, item in ((100, 1), (200, 2), (100, 3), (100, -4))]
    answers.append(queue.put_together(other.add, 100, 5))

    carried_out(queue, session)

    assert adder.given == [[1, 3, -4], [2]]
    assert other.given == [[5]]
    assert session.asked == ["begin", *["enter", "leave"] * 3, "commit"]
    assert outcomes(answers) == [101, 202, 103, KeyError, 105]


async def test_a_lone_item_is_a_lone_write() -> None:
    """It needs no savepoint; its refusal undoes the transaction."""
    for item, asked in (
        (1, ["begin", "enter alone", "leave", "commit"]),
        (-1, ["begin", "enter alone", "undo", "commit"]),
    ):
        queue, session = Queue(lambda: None), Journal()
        queue.put_together(Adder().add, 100, item).add_done_callback(lambda answer: answer.exception())

        carried_out(queue, session)

        assert session.asked == asked


async def test_trouble_together_is_met_alone() -> None:
    """All is undone, and then each item tried by itself, before whatever else waits."""
    queue, session, adder = Queue(lambda: None), Journal(), Adder()
    answers = [queue.put_together(adder.add, 100, item) for item in (1, 0, 3)]
    queue.put(nothing)

    carried_out(queue, session)

    assert adder.given == [[1, 0, 3], [1], [0], [3]]
    assert session.asked == [
        "begin", "enter", "undo", "enter", "leave", "enter", "undo", "enter", "leave", "enter", "leave", "commit",
    ]  # fmt: skip
    assert outcomes(answers) == [101, ZeroDivisionError, 103]


async def test_what_was_not_done_has_the_next_turn() -> None:
    """Before whatever else waits; in the next batch if this one's time is over."""
    queue, adder = Queue(lambda: None), Adder(most=2)
    answers = [queue.put_together(adder.add, 100, item) for item in range(1, 6)]

    carried_out(queue, Journal())

    assert adder.given == [[1, 2, 3, 4, 5], [3, 4, 5], [5]]
    assert outcomes(answers) == [101, 102, 103, 104, 105]


async def test_the_time_of_a_batch_is_looked_at_between_the_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not had a turn is neither lost nor answered."""
    monkeypatch.setattr(batch, "MAX_SECONDS", 0.0)
    for adder, first in ((Adder(most=2), 2), (Adder(), 0)):
        queue = Queue(lambda: None)
        answers = [queue.put_together(adder.add, 100, item) for item in ((1, 2, 3, 4) if first else (1, 0, 3))]

        carried_out(queue, Journal())
        assert [answer.done() for answer in answers] == [n < first for n in range(len(answers))]
        while len(queue):
            carried_out(queue, Journal())

        assert outcomes(answers) == ([101, 102, 103, 104] if first else [101, ZeroDivisionError, 103])


async def test_an_undone_turn_says_so_although_its_items_were_done_later() -> None:
    """What it had asked to be told, it is told: that its work is gone."""
    queue, heard = Queue(lambda: None), []

    def add(tx: Tx, key: int, items: Sequence[int]) -> list[int | Exception]:
        cast("list[Callable[[bool], None]]", tx).append(lambda durable: heard.append((len(items), durable)))
        if len(items) > 1:
            raise ZeroDivisionError
        return [key]

    for item in (1, 2):
        queue.put_together(add, 100, item)

    carried_out(queue, Journal())

    assert heard == [(2, False), (1, True), (1, True)]


async def test_items_for_which_nobody_waits_are_left_out() -> None:
    """And where nobody is left, nothing is run."""
    queue, adder = Queue(lambda: None), Adder()
    answers = [queue.put_together(adder.add, key, item) for key, item in ((100, 1), (100, 2), (200, 3), (100, 4))]
    for answer in (answers[1], answers[2]):
        answer.cancel()

    carried_out(queue, Journal())

    assert adder.given == [[1, 4]]
    assert outcomes([answers[0], answers[3]]) == [101, 104]


async def test_only_so_many_are_done_together() -> None:
    """One more begins another turn. An item that comes when the first turn is over does so too."""
    queue, adder = Queue(lambda: None), Adder()
    answers = [queue.put_together(adder.add, 0, n + 1) for n in range(batch.MAX_TOGETHER + 2)]
    carried_out(queue, Journal())
    answers.append(queue.put_together(adder.add, 0, 1000))
    carried_out(queue, Journal())

    assert [len(each) for each in adder.given] == [batch.MAX_TOGETHER, 2, 1]
    assert outcomes(answers) == [*range(1, batch.MAX_TOGETHER + 3), 1000]


async def test_a_transaction_lost_on_the_way_is_lost_for_items_as_well() -> None:
    """Those of the turn that could not be undone are told with the rest of the batch."""
    queue, session, adder = Queue(lambda: None), Journal("undo"), Adder()
    answers = [queue.put_together(adder.add, 100, item) for item in (1, 0)]

    carried_out(queue, session)

    assert outcomes(answers) == [CommitFailed, CommitFailed]
    assert not len(queue)


async def test_when_no_transaction_can_be_had_items_are_told_too() -> None:
    """All at once."""
    queue = Queue(lambda: None)
    answers = [queue.put_together(Adder().add, 100, item) for item in (1, 2)]

    carried_out(queue, Journal("begin"))

    assert outcomes(answers) == [CommitFailed, CommitFailed]


async def test_a_function_that_does_nothing_of_what_it_is_given_holds_up_nobody() -> None:
    """It is a fault; each item is told so, and the queue goes on."""
    queue = Queue(lambda: None)
    answers = [queue.put_together(Adder(most=0).add, 100, 1)] + [
        queue.put_together(adder.add, 100, item) for adder in [Adder(most=0)] for item in (1, 2)
    ]
    last = queue.put(nothing)

    carried_out(queue, Journal())

    assert outcomes(answers) == [ValueError, ValueError, ValueError]
    assert last.done()


@pytest.mark.parametrize("where", ["begin", "enter", "undo", "commit"])
async def test_a_fault_of_a_session_holds_up_nobody(where: str) -> None:
    """What is no error of a database's is told like one: whoever waits would wait for ever."""

    class Faulty(Journal):
        def _note(self, what: str) -> None:
            super()._note(what)
            if what == where:
                raise ZeroDivisionError

    queue = Queue(lambda: None)
    answers = [queue.put(fn) for fn in (nothing, refuse)]

    while len(queue):
        carried_out(queue, Faulty())

    assert type(answers[0].exception()) is CommitFailed
    assert answers[1].done()
    assert answers[1].exception() is not None
