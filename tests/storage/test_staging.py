"""Rows that wait to take their place, on both engines."""

import pytest

from roost.storage import Database, Tx, nodes, records, staging
from roost.storage.nodes import NodeRow
from roost.storage.staging import MovedRecord, RecordChange
from support.tables import cid, rev

pytestmark = pytest.mark.anyio


def record(path: str, text: str) -> RecordChange:
    """Return a record to stage."""
    return RecordChange(path, stood=False, cid=cid(text), block=text.encode(), shown=b'"%s"' % text.encode())


async def stage(db: Database, changes: list[RecordChange], moved: list[staging.NodeChange]) -> int:
    """Stage changes for repository 7."""

    def add(tx: Tx) -> int:
        id = staging.begin(tx, 7, 1)
        staging.add_records(tx, id, 0, changes)
        staging.add_nodes(tx, id, 0, moved)
        return id

    return await db.write(add)


async def test_what_is_staged_takes_its_place(tables: Database) -> None:
    """New rows come, present ones change, others go; those of another repository stay."""
    node = (2, cid("two"), b"two", (0, 3))
    await tables.write(lambda tx: nodes.put_many(tx, 7, rev(1), [(1, cid("one"), b"one", (0,))]))
    for repo in (7, 8):
        old = [(path, cid("old"), b"old", b'"old"') for path in "abc"]
        await tables.write(lambda tx, repo=repo, old=old: records.put_many(tx, repo, rev(1), old))  # type: ignore[misc]  # its default
    changes = [record("a", "new"), RecordChange("b", stood=True), record("d", "more")]
    id = await stage(tables, changes, [(1, None, None, None), node])

    moved = await tables.write(lambda tx: staging.move_some(tx, id, 7, rev(2), rows=100, max_bytes=1000))
    rest = await tables.write(lambda tx: staging.move_some(tx, id, 7, rev(2), rows=100, max_bytes=1000))

    assert (moved, rest) == ([MovedRecord("b", stood=True, pointers=None)], None)

    assert await tables.read(lambda tx: list(records.names(tx, 7))) == [
        ("a", cid("new")),
        ("c", cid("old")),
        ("d", cid("more")),
    ]
    assert await tables.read(lambda tx: list(records.since(tx, 7, rev(1)))) == [
        (cid("new"), b"new"),
        (cid("more"), b"more"),
    ]
    assert await tables.read(lambda tx: nodes.get_many(tx, 7, [1, 2])) == [NodeRow(*node)]
    assert await tables.read(lambda tx: list(nodes.names(tx, 7))) == [(2, cid("two"))]
    assert await tables.read(lambda tx: records.count(tx, 8)) == 3


@pytest.mark.parametrize(("rows", "size"), [(1, 1000), (1000, 1), (3, 8)])
async def test_rows_move_a_few_at_a_time(tables: Database, rows: int, size: int) -> None:
    """Bounded in number and in bytes, at least one at a time; what has moved is staged no more."""
    id = await stage(tables, [record(f"{n}", f"{n}") for n in range(10)], [])
    steps = 0

    while await tables.write(lambda tx: staging.move_some(tx, id, 7, rev(1), rows=rows, max_bytes=size)) is not None:
        steps += 1
        assert await tables.read(lambda tx: records.count(tx, 7)) <= 3 * steps

    assert await tables.read(lambda tx: records.count(tx, 7)) == 10
    assert steps >= 4


async def test_what_came_to_nothing_is_dropped(tables: Database) -> None:
    """Row by row, and the staging with the last; its repository has not changed."""
    id = await stage(tables, [record("a", "a"), record("b", "b")], [(1, cid("n"), b"n", (0,))])
    assert await tables.read(lambda tx: staging.undecided(tx, 5)) == [id]
    assert await tables.read(lambda tx: staging.undecided(tx, 1)) == []

    while not await tables.write(lambda tx: staging.drop_some(tx, id, rows=1, max_bytes=1000)):
        assert await tables.read(lambda tx: staging.stands(tx, id))

    assert not await tables.read(lambda tx: staging.stands(tx, id))
    assert await tables.read(lambda tx: records.count(tx, 7)) == 0
    assert await tables.read(
        lambda tx: (tx.all("SELECT k FROM staged_node"), tx.all("SELECT k FROM staged_record"))
    ) == ([], [])


async def test_a_decision_is_remembered(tables: Database) -> None:
    """From then on the account's rows are on the move, and the staging is carried out rather than dropped."""
    id = await stage(tables, [], [])
    assert not await tables.read(lambda tx: staging.moving(tx, 7))

    await tables.write(lambda tx: staging.decide(tx, id, signed=b"commit", root=4, next_n=9))

    assert await tables.read(staging.decided) == [staging.Decided(id, 7, b"commit", 4, 9)]
    assert await tables.read(lambda tx: staging.moving(tx, 7))
    assert not await tables.read(lambda tx: staging.moving(tx, 8))
    assert await tables.read(lambda tx: staging.undecided(tx, 5)) == []
    await tables.write(lambda tx: staging.end(tx, id))
    assert not await tables.read(lambda tx: staging.moving(tx, 7))
