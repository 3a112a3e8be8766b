"""Nodes of trees as rows under numbers, on both engines."""

from functools import partial

import pytest

from roost.data.cid import Cid
from roost.storage import Database, Tx, nodes
from roost.storage.nodes import NodeRow
from support.tables import cid, rev

pytestmark = pytest.mark.anyio

Made = tuple[int, Cid, bytes, tuple[int, ...]]


def node(n: int, text: str = "", kids: tuple[int, ...] = (0,)) -> Made:
    """Return a node as it is put."""
    return n, cid(text or f"node {n}"), (text or f"node {n}").encode(), kids


def put(tx: Tx, repo: int, at: int, made: list[Made]) -> None:
    """Write nodes at a moment."""
    nodes.put_many(tx, repo, rev(at), made)


async def test_nodes_are_read_by_number(tables: Database) -> None:
    """Rows come back as they were put, also the largest numbers, and only those of the repository."""
    last = (1 << 32) - 1
    await tables.write(lambda tx: put(tx, 7, 1, [node(1, kids=(0, last)), node(last)]))
    await tables.write(lambda tx: put(tx, 8, 1, [node(1, "other")]))

    found = await tables.read(lambda tx: nodes.get_many(tx, 7, [1, last, 5]))

    assert sorted(found, key=lambda row: row.n) == [NodeRow(*node(1, kids=(0, last))), NodeRow(*node(last))]


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 200])
async def test_any_number_of_nodes_is_read_at_once(tables: Database, count: int) -> None:
    """Each row comes once, however the numbers fall into statements."""
    await tables.write(lambda tx: put(tx, 1, 1, [node(n) for n in range(1, count + 1)]))

    found = await tables.read(lambda tx: nodes.get_many(tx, 1, range(1, count + 1)))

    assert sorted(row.n for row in found) == list(range(1, count + 1))


async def test_a_number_holds_what_was_written_last(tables: Database) -> None:
    """A node is rewritten in place, and then belongs to what was gained since."""
    await tables.write(lambda tx: put(tx, 1, 1, [node(1), node(2)]))
    await tables.write(lambda tx: put(tx, 1, 2, [node(1, "new", (2, 0))]))

    since = await tables.read(lambda tx: (list(nodes.since(tx, 1, rev(1))), list(nodes.since(tx, 1, rev(2)))))

    assert await tables.read(lambda tx: nodes.get_many(tx, 1, [1])) == [NodeRow(*node(1, "new", (2, 0)))]
    assert since == ([(cid("new"), b"new")], [])


async def test_a_block_is_found_by_its_cid(tables: Database) -> None:
    """The slow way finds the row of this repository, and no other's."""
    await tables.write(lambda tx: put(tx, 1, 1, [node(1), node(2)]))
    await tables.write(lambda tx: put(tx, 2, 1, [node(1, "other")]))

    found = await tables.read(lambda tx: [nodes.find(tx, 1, cid(text)) for text in ("node 2", "other")])

    assert found == [NodeRow(*node(2)), None]


async def test_nodes_are_deleted_by_number(tables: Database) -> None:
    """Deleting leaves the rest, and the neighbours' nodes."""
    for repo in (1, 2):
        await tables.write(partial(put, repo=repo, at=1, made=[node(n) for n in (1, 2, 3)]))

    await tables.write(lambda tx: nodes.delete_many(tx, 1, [1, 3]))

    assert await tables.read(lambda tx: (nodes.count(tx, 1), nodes.count(tx, 2))) == (1, 3)
