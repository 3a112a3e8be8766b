"""The order of an export: commit first, every node before its kids, records where their keys stand."""

import itertools

import pytest

from roost.data.cid import Cid
from roost.repo import Create, mst
from roost.repo.errors import BrokenStore
from roost.repo.export import preorder
from support.repos import MemoryRepo, filled, history, opened, record


def reachable(repo: MemoryRepo) -> list[Cid]:
    """Return every block of the repository in the order of a walk that knows nothing of rows."""
    assert repo.head is not None
    blocks = {row.cid: row.block for row in repo.rows.values()}
    found = [repo.head.cid]

    def walk(cid: Cid) -> None:
        found.append(cid)
        node = mst.decode(blocks[cid])
        for kid, value in itertools.zip_longest(node.kids, node.values):
            if kid is not None and kid.cid is not None:
                walk(kid.cid)
            if value is not None:
                found.append(value)

    walk(repo.head.data)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_export_is_the_reachable_blocks_in_preorder(seed: int) -> None:
    """After any history the CAR holds what the commit reaches and nothing else, depth first."""
    for repo, made in itertools.islice(history(seed, 41, keys=(5, 60, 150)[seed]), 0, None, 8):
        read = opened(repo.export())

        # A block that is reached twice, a record that stands at two paths, is read once.
        assert list(read.blocks) == list(dict.fromkeys(reachable(repo)))
        assert read.roots == (made.commit.cid,)


def test_the_commit_comes_first_and_nodes_before_their_kids() -> None:
    """Whoever reads the stream has seen a link before the block that it leads to."""
    repo = filled(200)
    assert repo.head is not None

    known = {repo.head.cid}
    for cid, block in opened(repo.export()).blocks.items():
        assert cid in known
        if cid == repo.head.cid:
            known.add(repo.head.data)
        elif cid in {row.cid for row in repo.rows.values()}:
            node = mst.decode(block)
            known |= {*node.values, *(kid.cid for kid in node.kids if kid is not None and kid.cid is not None)}


def test_the_empty_repository_is_two_blocks() -> None:
    """A repository without records is its commit and the empty node, behind a header of 58 bytes."""
    repo = MemoryRepo()
    assert repo.head is not None
    exported = repo.export()

    assert exported[:9].hex() == "3aa265726f6f747381"
    assert list(opened(exported).blocks) == [repo.head.cid, repo.head.data]


def test_two_paths_with_one_record_are_both_written() -> None:
    """The stream keeps its order also where two records are the same block."""
    repo = MemoryRepo()
    repo.commit(*[Create(f"com.example.record/{n}", record(1)) for n in range(5)])

    assert len(opened(repo.export()).blocks) == len(repo.rows) + 2


@pytest.mark.parametrize(("more", "why"), [(-1, "fewer"), (1, "more")])
def test_records_that_do_not_fit_the_tree_stop_the_stream(more: int, why: str) -> None:
    """Rows of records that contradict the tree are a fault of ours, never an export that looks whole."""
    repo = filled(20)
    assert repo.head is not None
    rows = [repo.records[path] for path in sorted(repo.records)]
    rows = rows[:more] if more < 0 else rows + rows[:more]

    with pytest.raises(BrokenStore, match=f"has {why} records than its tree has keys"):
        list(preorder(repo.head, repo.root, repo.fetch, iter(rows)))


def test_a_missing_row_stops_the_stream() -> None:
    """So does a node that the tree links to and the store has lost."""
    repo = filled(200)
    assert repo.head is not None
    lost = next(n for n in repo.rows if n != repo.root)
    del repo.rows[lost]

    with pytest.raises(BrokenStore, match=f"has no node {lost}"):
        repo.export()


def test_kids_are_fetched_a_node_at_a_time() -> None:
    """Memory is one path's worth: no fetch asks for more than the kids of one node."""
    repo = filled(500)
    assert repo.head is not None
    asked: list[list[int]] = []

    def fetch(numbers: list[int]) -> dict[int, object]:
        asked.append(list(numbers))
        return dict(repo.fetch(numbers))

    rows = iter([repo.records[path] for path in sorted(repo.records)])
    list(preorder(repo.head, repo.root, fetch, rows))  # type: ignore[arg-type]  # rows by another name

    widest = max(sum(1 for n in row.kids if n) for row in repo.rows.values())
    assert max(map(len, asked)) <= widest
    assert sorted(itertools.chain(*asked)) == sorted(repo.rows)
