"""Operations become a commit value: what is stored, what is told, and that the base survives it."""

import pytest

from roost.data.cid import Cid
from roost.repo import AppliedOp, Create, Delete, KeyExists, KeyMissing, Update
from roost.repo.commit import verify
from support import slow_mst
from support.repos import KEY, MemoryRepo, filled, history, opened, record

PATH = "com.example.record/0001"


def test_the_first_commit_is_of_the_empty_tree() -> None:
    """A new repository has a commit on the published empty root, and nothing before it."""
    repo = MemoryRepo()

    assert repo.head is not None
    assert str(repo.head.data) == "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
    assert repo.head.prev is None
    verify(repo.head, KEY.public)


def test_each_operation_tells_what_was_there() -> None:
    """A creation has no prev, an update both CIDs, a deletion only the one that was."""
    repo = MemoryRepo()
    one, two = Cid.of_cbor(record(1)), Cid.of_cbor(record(2))

    ops = [repo.commit(op).ops[0] for op in (Create(PATH, record(1)), Update(PATH, record(2)), Delete(PATH))]

    assert ops == [
        AppliedOp("create", PATH, one, None),
        AppliedOp("update", PATH, two, one),
        AppliedOp("delete", PATH, None, two),
    ]


def test_commits_are_a_chain() -> None:
    """A draft names the rev and the root that it was made on; the first has neither."""
    repo = MemoryRepo()
    before = repo.head
    assert before is not None

    made = repo.commit(Create(PATH, record(1)))

    assert (made.since, made.prev_data) == (before.rev, before.data)
    assert made.commit.rev > before.rev


@pytest.mark.parametrize("op", [Update(PATH, record(1)), Delete(PATH)], ids=["update", "delete"])
def test_what_is_not_there_cannot_be_changed(op: Update | Delete) -> None:
    """An update or a deletion of a missing record fails, and nothing has happened."""
    repo = MemoryRepo()
    before = repo.export()

    with pytest.raises(KeyMissing):
        repo.commit(Create("com.example.record/0002", record(2)), op)

    assert repo.export() == before


def test_what_is_there_cannot_be_created() -> None:
    """A creation of a record that exists fails, also when it says the same."""
    repo = filled(20)

    with pytest.raises(KeyExists):
        repo.commit(Create(PATH, record(1)))


def test_an_update_to_the_same_bytes_is_a_commit_of_the_same_tree() -> None:
    """The tree's root stays, and the event still carries record and proof."""
    repo = filled(20)
    before = repo.head
    assert before is not None

    made = repo.commit(Update(PATH, record(1)))

    assert made.commit.data == before.data
    assert made.commit.cid != before.cid
    assert Cid.of_cbor(record(1)) in opened(made.blocks).blocks


def test_the_shipped_blocks_begin_with_the_commit() -> None:
    """Root and first block of an event's CAR are its commit, and every new record is in it, also one stored before."""
    repo = filled(20)

    made = repo.commit(Create("com.example.record/9999", record(1)))

    shipped = opened(made.blocks)
    assert shipped.roots == (made.commit.cid,)
    assert next(iter(shipped.blocks)) == made.commit.cid
    assert {cid for _, cid, _ in made.records} <= shipped.blocks.keys()


@pytest.mark.parametrize("seed", range(6))
def test_rows_are_the_live_tree_and_nothing_else(seed: int) -> None:
    """After every random commit the kept rows are the nodes of a rebuild from the keys alone, each once."""
    for repo, made in history(seed, 60, keys=(8, 40, 120)[seed % 3]):
        root, blocks = slow_mst.build(repo.leaves())

        assert made.commit.data == root
        assert sorted(row.cid for row in repo.rows.values()) == sorted(blocks)
        assert all(blocks[row.cid] == row.block for row in repo.rows.values())


def test_numbers_do_not_grow_without_need() -> None:
    """Numbers of rows that went are given out again, so a repository that is emptied and filled stays small."""
    repo = filled(100)
    most = repo.next_n

    for _ in range(5):
        repo.commit(*[Delete(path) for path in repo.records])
        repo.commit(*[Create(f"com.example.record/{n:04d}", record(n)) for n in range(100)])

    assert len(repo.rows) <= most
