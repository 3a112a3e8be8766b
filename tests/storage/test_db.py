"""What every Database promises, asked of both engines."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from roost import storage
from roost.storage.db import Database, Tx, Value
from roost.storage.errors import (
    CommitFailed,
    ConstraintFailed,
    DatabaseClosed,
    QueryFailed,
    ReadOnly,
    TransactionClosed,
)

pytestmark = pytest.mark.anyio


class Refused(Exception):
    """An error of whoever writes."""


def add(tx: Tx, id: int, text: str = "") -> int:
    """Add a note and return its id."""
    tx.run("INSERT INTO note (id, text) VALUES (?, ?)", id, text)
    return id


def add_and_refuse(tx: Tx, id: int) -> None:
    """Add a note, and fail."""
    add(tx, id)
    raise Refused


async def notes(db: Database) -> list[int]:
    """Return the ids of all notes."""
    return [id for (id,) in await db.read(lambda tx: tx.all("SELECT id FROM note ORDER BY id"))]


# Writing


async def test_a_write_returns_what_its_function_returns(db: Database) -> None:
    """What the function returns comes back, and reads see what it wrote."""
    result = await db.write(partial(add, id=7))

    assert (result, await notes(db)) == (7, [7])


async def test_items_done_together_share_their_fate(db: Database) -> None:
    """What one call does for several is durable for all of them; one that it refuses is refused alone."""
    calls: list[int] = []

    def add_all(tx: Tx, key: str, ids: Sequence[int]) -> list[int | Exception]:
        calls.append(len(ids))
        return [Refused() if id < 0 else add(tx, id, key) for id in ids]

    results = await asyncio.gather(
        *[db.write_together(add_all, "together", id) for id in (*range(10), -1, *range(10, 20))],
        return_exceptions=True,
    )

    assert calls == [21]
    assert [each for each in results if not isinstance(each, Refused)] == list(range(20))
    assert await notes(db) == list(range(20))


async def test_items_that_cannot_be_done_together_are_done_alone(db: Database) -> None:
    """A constraint that one of them runs into undoes them all, and then only it."""

    def add_all(tx: Tx, key: str, ids: Sequence[int]) -> list[int]:
        return [add(tx, id, key) for id in ids]

    results = await asyncio.gather(
        *[db.write_together(add_all, "together", id) for id in (1, 2, 1, 3)], return_exceptions=True
    )

    assert [each if isinstance(each, int) else type(each) for each in results] == [1, 2, ConstraintFailed, 3]
    assert await notes(db) == [1, 2, 3]


async def test_writes_asked_for_together_share_commits(db: Database) -> None:
    """A hundred writers do not wait for a hundred commits."""
    happened: list[str] = []

    def write(tx: Tx, id: int) -> None:
        happened.append("run")
        add(tx, id)
        tx.after(lambda _: happened.append("durable"))

    await asyncio.gather(*(db.write(partial(write, id=id)) for id in range(100)))

    commits = sum(pair == ("run", "durable") for pair in pairwise(happened))
    assert happened.count("durable") == 100
    assert commits < 20  # two or three, on a machine that has nothing else to do


async def test_writes_run_in_the_order_of_asking(db: Database) -> None:
    """Each sees the work of those before it, also of its own batch."""

    def append(tx: Tx) -> int:
        row = tx.one("SELECT count(*) FROM note")
        assert row is not None
        return add(tx, row[0])

    results = await asyncio.gather(*(db.write(append) for _ in range(20)))

    assert list(range(20)) == results


async def test_a_function_that_raises_undoes_only_itself(db: Database) -> None:
    """Its caller gets its exception; its neighbours in the batch are committed."""
    results = await asyncio.gather(
        db.write(partial(add, id=1)),
        db.write(partial(add_and_refuse, id=2)),
        db.write(partial(add, id=3)),
        return_exceptions=True,
    )

    assert isinstance(results[1], Refused)
    assert await notes(db) == [1, 3]


async def test_a_function_that_raises_alone_is_undone(db: Database) -> None:
    """Also where it has the batch, and its transaction, to itself."""
    with pytest.raises(Refused):
        await db.write(partial(add_and_refuse, id=1))

    await db.write(partial(add, id=2))
    assert await notes(db) == [2]


async def test_a_refused_statement_cannot_be_swallowed(db: Database) -> None:
    """Engines differ in what is left of a transaction then, so nothing is: the work is undone and the caller told."""
    await db.write(partial(add, id=1))

    def stubborn(tx: Tx) -> str:
        add(tx, 2)
        with pytest.raises(ConstraintFailed):
            add(tx, 1)
        return "all is well"

    results = await asyncio.gather(
        db.write(stubborn), db.write(partial(add, id=3)), db.write(stubborn), return_exceptions=True
    )

    assert [ConstraintFailed, int, ConstraintFailed] == [type(result) for result in results]
    assert await notes(db) == [1, 3]


async def test_a_statement_that_makes_no_sense_is_a_query_that_failed(db: Database) -> None:
    """The engines' own exceptions do not get through."""
    with pytest.raises(QueryFailed):
        await db.write(lambda tx: tx.run("INSERT INTO nowhere (id) VALUES (?)", 1))


# Outcomes


async def test_callbacks_hear_of_success_before_the_writer_does(db: Database) -> None:
    """Once, with True, in the order of asking."""
    heard: list[tuple[str, bool]] = []

    def write(tx: Tx) -> None:
        add(tx, 1)
        tx.after(lambda durable: heard.append(("first", durable)))
        tx.after(lambda durable: heard.append(("second", durable)))

    await db.write(write)

    assert heard == [("first", True), ("second", True)]


async def test_callbacks_hear_that_the_work_was_undone(db: Database) -> None:
    """Once, with False, when their function raised; those of its neighbours hear True."""
    heard: list[tuple[int, bool]] = []

    def write(tx: Tx, id: int) -> None:
        tx.after(lambda durable: heard.append((id, durable)))
        add(tx, id)
        if id == 2:
            raise Refused

    await asyncio.gather(*(db.write(partial(write, id=id)) for id in (1, 2, 3)), return_exceptions=True)

    assert heard == [(1, True), (2, False), (3, True)]


async def test_callbacks_run_on_the_event_loop(db: Database) -> None:
    """Wherever the function itself was run; so a cache may be changed in them without a lock."""
    loops: list[asyncio.AbstractEventLoop] = []

    def write(tx: Tx, id: int) -> None:
        add(tx, id)
        tx.after(lambda _: loops.append(asyncio.get_running_loop()))

    await asyncio.gather(*(db.write(partial(write, id=id)) for id in range(3)))

    assert [asyncio.get_running_loop()] * 3 == loops


async def test_a_callback_that_raises_harms_nobody_else(db: Database) -> None:
    """It is a bug, and is reported as one to the event loop; every writer is answered all the same."""
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    def broken(_: bool) -> None:
        raise ZeroDivisionError

    def write(tx: Tx) -> int:
        tx.after(broken)
        return add(tx, 1)

    results = list(await asyncio.gather(db.write(write), db.write(partial(add, id=2))))

    assert results == [1, 2]
    assert [ZeroDivisionError] == [type(context["exception"]) for context in reported]


# A COMMIT that fails: a foreign key that is looked at no earlier makes one on both engines.


@pytest.fixture
async def dangling(db: Database) -> Callable[[Tx], None]:
    """A write that succeeds, and then lets the COMMIT fail."""
    await db.write(
        lambda tx: tx.run(
            "CREATE TABLE answer (id BIGINT PRIMARY KEY,"
            " note BIGINT NOT NULL REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    )
    return lambda tx: tx.run_many("INSERT INTO answer (id, note) VALUES (?, ?)", [(1, 404)])


async def test_a_failed_commit_is_everybodys(db: Database, dangling: Callable[[Tx], None]) -> None:
    """Every writer of the batch gets CommitFailed, every callback False, and nothing of it is there."""
    heard: list[bool] = []

    def write(tx: Tx, id: int) -> None:
        add(tx, id)
        tx.after(heard.append)

    results = await asyncio.gather(
        db.write(partial(write, id=1)),
        db.write(dangling),
        db.write(partial(write, id=2)),
        return_exceptions=True,
    )

    assert [CommitFailed] * 3 == [type(result) for result in results]
    assert heard == [False, False]
    assert await notes(db) == []


async def test_the_batch_after_a_failed_commit_works(db: Database, dangling: Callable[[Tx], None]) -> None:
    """Also when the failed one had only one writer."""
    with pytest.raises(CommitFailed):
        await db.write(dangling)

    await db.write(partial(add, id=1))

    assert await notes(db) == [1]


async def test_an_exception_gives_way_to_a_failed_commit(db: Database, dangling: Callable[[Tx], None]) -> None:
    """It may rest on what an earlier writer of the batch did, which then never happened."""
    results = await asyncio.gather(
        db.write(dangling), db.write(partial(add_and_refuse, id=1)), return_exceptions=True
    )  # fmt: skip

    assert [CommitFailed, CommitFailed] == [type(result) for result in results]


# Cancellation


async def test_a_write_cancelled_before_its_turn_never_runs(db: Database) -> None:
    """Nobody waits for it any more, and nothing has been done."""
    task = asyncio.ensure_future(db.write(partial(add, id=1)))
    await asyncio.sleep(0)  # it is queued now

    task.cancel()
    await db.write(partial(add, id=2))

    assert task.cancelled()
    assert await notes(db) == [2]


async def test_a_write_cancelled_after_its_turn_runs_to_its_end(db: Database) -> None:
    """It is in the transaction of others by then; its callbacks hear how that ended."""
    loop = asyncio.get_running_loop()
    heard: list[bool] = []

    def write(tx: Tx) -> None:
        add(tx, 1)
        tx.after(heard.append)
        loop.call_soon_threadsafe(task.cancel)

    task = asyncio.ensure_future(db.write(write))
    await asyncio.gather(task, db.write(partial(add, id=2)), return_exceptions=True)

    assert task.cancelled()
    assert heard == [True]
    assert await notes(db) == [1, 2]


# The lifetime of a transaction

USES: dict[str, Callable[[Tx], object]] = {
    "all": lambda tx: tx.all("SELECT 1"),
    "one": lambda tx: tx.one("SELECT 1"),
    "run": lambda tx: tx.run("DELETE FROM note"),
    "run_many": lambda tx: tx.run_many("DELETE FROM note WHERE id = ?", [(1,)]),
    "iterate": lambda tx: tx.iterate("SELECT 1"),
}


@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
async def test_a_transaction_is_of_no_use_after_its_function(db: Database, use: Callable[[Tx], object]) -> None:
    """Whoever kept it would otherwise write into somebody else's transaction."""
    kept: list[Tx] = []

    await db.write(kept.append)
    await db.read(kept.append)

    for tx in kept:
        with pytest.raises(TransactionClosed):
            use(tx)


async def test_an_iteration_ends_with_its_transaction(db: Database) -> None:
    """Rows that were not taken in time are not to be had."""
    await db.write(lambda tx: tx.run_many("INSERT INTO note (id, text) VALUES (?, '')", [(id,) for id in range(999)]))

    rows = await db.read(lambda tx: tx.iterate("SELECT id FROM note"))

    with pytest.raises(TransactionClosed):
        list(rows)


# Reading


async def test_a_read_cannot_write(db: Database) -> None:
    """Not even with a statement that would change nothing else."""
    with pytest.raises(ReadOnly):
        await db.read(partial(add, id=1))


async def test_a_read_has_no_outcome(db: Database) -> None:
    """So there is nothing to be called after."""
    with pytest.raises(ReadOnly):
        await db.read(lambda tx: tx.after(lambda _: None))


async def test_what_a_read_raises_comes_back(db: Database) -> None:
    """And the next read works."""

    def refuse(_: Tx) -> None:
        raise Refused

    with pytest.raises(Refused):
        await db.read(refuse)

    assert await notes(db) == []


async def test_reads_run_while_others_write(db: Database) -> None:
    """Many of each at once, and every read sees only what is durable."""
    durable: set[int] = set()

    def write(tx: Tx, id: int) -> None:
        add(tx, id)
        tx.after(lambda _: durable.add(id))

    async def read() -> bool:
        known = set(durable)
        return known <= set(await notes(db))

    answers = await asyncio.gather(
        *(job for id in range(100) for job in (db.write(partial(write, id=id)), read())),
    )

    assert all(answers[1::2])


# Values and statements


class Text(str):
    """As an identifier is."""

    __slots__ = ()


class Bytes(bytes):
    """As a CID is."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("BIGINT", 0),
        ("BIGINT", 2**63 - 1),
        ("BIGINT", -(2**63)),
        ("BIGINT", None),
        ("BIGINT", True),
        ("DOUBLE PRECISION", 0.1),
        ("TEXT", ""),
        ("TEXT", "100 % sure? 'Yes', %s 🐦"),
        ("TEXT", Text("did:plc:a")),
        ("BLOB", b""),
        ("BLOB", bytes(range(256))),
        ("BLOB", Bytes(b"\x01\x71\x12\x20")),
    ],
)
async def test_a_value_comes_back_as_it_went_in(db: Database, type: str, value: Value) -> None:
    """As the plain type that it is a kind of."""
    # The one type whose name the engines do not share; here alone a test asks which it is.
    name = "BYTEA" if (type, db.dialect) == ("BLOB", "postgres") else type
    await db.write(lambda tx: tx.run(f"CREATE TABLE kept (value {name})"))

    await db.write(lambda tx: tx.run("INSERT INTO kept (value) VALUES (?)", value))
    row = await db.read(lambda tx: tx.one("SELECT value FROM kept WHERE value = ? OR value IS NULL", value))

    assert (value,) == row
    assert row is not None
    assert row[0].__class__ in (int, float, str, bytes, None.__class__)


async def test_arithmetic_makes_plain_numbers(db: Database) -> None:
    """Whatever the engine makes of sums, averages and comparisons."""
    await db.write(lambda tx: tx.run_many("INSERT INTO note (id, text) VALUES (?, '')", [(1,), (2,), (6,)]))

    row = await db.read(lambda tx: tx.one("SELECT sum(id), avg(id), count(*), min(id) = 1 FROM note"))

    assert row == (9, 3, 3, 1)
    assert row is not None
    assert {int, float} >= {value.__class__ for value in row}


async def test_question_marks_and_percent_signs_in_strings_are_themselves(db: Database) -> None:
    """Only a bare question mark stands for a value."""
    await db.write(lambda tx: add(tx, 1, "50% off?"))

    row = await db.read(
        lambda tx: tx.one("SELECT 'why?', text LIKE '%off?', text -- ?\n FROM note WHERE id % 2 = ?", 1)
    )

    assert row == ("why?", 1, "50% off?")


async def test_run_counts_the_rows_it_touched(db: Database) -> None:
    """None, one or many."""
    await db.write(lambda tx: tx.run_many("INSERT INTO note (id, text) VALUES (?, '')", [(1,), (2,)]))

    counts = await db.write(lambda tx: [tx.run("UPDATE note SET text = ? WHERE id > ?", "x", id) for id in (0, 1, 2)])

    assert counts == [2, 1, 0]


async def test_one_returns_the_row_that_was_written(db: Database) -> None:
    """RETURNING tells what an upsert has made of it."""
    upsert = (
        "INSERT INTO note (id, text) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET text = note.text || excluded.text"
    )

    rows = [await db.write(lambda tx: tx.one(f"{upsert} RETURNING text", 1, "a")) for _ in range(3)]

    assert rows == [("a",), ("aa",), ("aaa",)]


async def test_one_of_nothing_is_none(db: Database) -> None:
    """There is a difference between no row and a row of nothing."""
    rows = await db.read(
        lambda tx: (tx.one("SELECT id FROM note"), tx.one("SELECT max(id) FROM note"), tx.all("SELECT id FROM note"))
    )

    assert rows == (None, (None,), [])


async def test_an_iteration_leaves_room_for_other_statements(db: Database) -> None:
    """It goes on from row to row whatever is asked, or begun, in between; also in a transaction that writes."""
    await db.write(lambda tx: tx.run_many("INSERT INTO note (id, text) VALUES (?, '')", [(id,) for id in range(500)]))

    def copy(tx: Tx) -> int:
        for (id,) in tx.iterate("SELECT id FROM note WHERE id < ? ORDER BY id", 500):
            add(tx, id + 1000)
            (same,) = next(tx.iterate("SELECT id FROM note WHERE id = ?", id))
            assert same == id
        return len(tx.all("SELECT id FROM note"))

    counts = list(await asyncio.gather(db.write(copy), db.write(lambda tx: len(tx.all("SELECT id FROM note")))))

    assert counts == [1000, 1000]


async def test_run_many_may_have_nothing_to_do(db: Database) -> None:
    """An empty list of rows is no mistake."""
    await db.write(lambda tx: tx.run_many("INSERT INTO note (id, text) VALUES (?, ?)", iter(())))

    assert await notes(db) == []


# The beginning and the end


async def test_a_path_is_a_database_too(tmp_path: Path) -> None:
    """And a URL with three slashes names a relative one."""
    await storage.open(tmp_path / "100%.sqlite").close()
    relative = os.path.relpath(tmp_path / "other.sqlite")
    await storage.open(f"sqlite:///{relative}").close()

    assert {"100%.sqlite", "other.sqlite", "roost.lock"} == {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("url", ["", "roost.sqlite", "sqlite:roost.sqlite", "mysql://localhost/roost"])
def test_any_other_url_is_refused(url: str) -> None:
    """Also a bare path as text: it is too easily a mistake."""
    with pytest.raises(ValueError, match="not the URL of a database"):
        storage.open(url)


async def test_close_finishes_what_was_asked_for(url: str) -> None:
    """Every write that waits when the server stops is still made durable, and answered."""
    db = storage.open(url)
    await db.write(lambda tx: tx.run("CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT NOT NULL)"))
    tasks = [asyncio.ensure_future(db.write(partial(add, id=id))) for id in range(50)]
    await asyncio.sleep(0)

    await db.close()

    assert list(range(50)) == [await task for task in tasks]
    again = storage.open(url)
    assert list(range(50)) == await notes(again)
    await again.close()


async def test_nothing_can_be_asked_after_close(db: Database) -> None:
    """Each way of asking says so; closing again does nothing."""

    def none(_: Tx) -> Iterator[bytes]:
        return iter(())

    await db.close()
    await db.close()

    with pytest.raises(DatabaseClosed):
        await notes(db)
    with pytest.raises(DatabaseClosed):
        await db.write(partial(add, id=1))
    with pytest.raises(DatabaseClosed):
        await anext(db.stream(none))
