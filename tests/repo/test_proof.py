"""The covering proof: exactly the published blocks, and enough to undo any commit in any order."""

import random

import pytest

from roost.data.cid import Cid
from roost.repo import AppliedOp, Create, Delete, MissingBlock, mst
from roost.repo.errors import InvalidNode
from roost.repo.mst import Link
from roost.repo.proof import NotInvertible, invert, partial_tree
from support.interop import json_vectors
from support.repos import MemoryRepo, filled, history, opened, record

COMMITS_EACH = 110
SEEDS = range(20)
"""Twenty histories of 110 commits: the 2,200 that a randomised check of the proof's definition was found to need."""


def vectors() -> list[dict[str, object]]:
    """Return the published commits with the blocks that prove them."""
    return json_vectors("firehose/commit-proof-fixtures.json")


def strings(vector: dict[str, object], name: str) -> list[str]:
    """Return a list of a vector."""
    found = vector[name]
    assert isinstance(found, list)
    return [str(each) for each in found]


def test_proofs_are_the_published_ones() -> None:
    """For each published commit, roots before and after agree, and the proof is exactly the published set of blocks."""
    for vector in vectors():
        leaf = Cid.parse(vector["leafValue"])
        adds, dels = strings(vector, "adds"), strings(vector, "dels")
        root = Link(None, 0, mst.EMPTY)
        for key in strings(vector, "keys"):
            root = mst.insert(root, key.encode(), leaf)
        before = mst.finish(root, [], 1).root
        after = before
        for key in adds:
            after = mst.insert(after, key.encode(), leaf)
        for key in dels:
            after = mst.delete(after, key.encode(), [])
        after = mst.finish(after, [], 1).root

        proof = {str(link.cid) for key in adds + dels for link in mst.around(after, key.encode())}

        assert (str(before.cid), str(after.cid)) == (vector["rootBeforeCommit"], vector["rootAfterCommit"])
        assert sorted(proof) == sorted(strings(vector, "blocksInProof")), vector["comment"]


def test_published_proofs_lead_back() -> None:
    """Each published commit, undone on its published proof alone, gives the published root before it."""
    for vector in vectors():
        leaf = Cid.parse(vector["leafValue"])
        adds, dels = strings(vector, "adds"), strings(vector, "dels")
        root = Link(None, 0, mst.EMPTY)
        for key in sorted({*strings(vector, "keys"), *adds} - {*dels}):
            root = mst.insert(root, key.encode(), leaf)
        done = mst.finish(root, [], 1)
        blocks = {node.cid: node.block for node in done.nodes if str(node.cid) in strings(vector, "blocksInProof")}
        ops = [AppliedOp("create", key, leaf, None) for key in adds]
        ops += [AppliedOp("delete", key, None, leaf) for key in dels]

        before = invert(Cid.parse(vector["rootAfterCommit"]), blocks, ops)

        assert str(before) == vector["rootBeforeCommit"], vector["comment"]


@pytest.mark.parametrize("seed", SEEDS)
def test_any_commit_can_be_undone_on_its_own_blocks(seed: int) -> None:
    """From the blocks that an event ships, its operations in any order lead back to the root before."""
    rng = random.Random(seed)
    for _, made in history(seed, COMMITS_EACH, keys=(6, 30, 90, 250)[seed % 4]):
        blocks = opened(made.blocks).blocks
        for order in (made.ops, made.ops[::-1], rng.sample(made.ops, len(made.ops))):
            assert invert(made.commit.data, blocks, order) == made.prev_data


def test_the_new_blocks_alone_would_not_do() -> None:
    """Some commits cannot be undone on the nodes that they have written: this is what the covering proof is for."""
    missing = 0
    for seed in range(3):
        for _, made in history(seed, 60, keys=120):
            try:
                invert(made.commit.data, {node.cid: node.block for node in made.nodes}, made.ops)
            except MissingBlock:
                missing += 1

    assert missing > 0


def test_every_block_of_a_proof_is_needed_or_new() -> None:
    """A CAR holds the commit, new records, new nodes and the proof: nothing that a consumer has no use for."""
    for _, made in history(7, 60, keys=120):
        wanted = {made.commit.cid, *(cid for _, cid, _ in made.records), *(node.cid for node in made.nodes)}
        around = [link.cid for op in made.ops for link in mst.around(made.root, op.path.encode())]

        assert opened(made.blocks).blocks.keys() == wanted.union(around)


def undone(change: dict[str, object]) -> None:
    """Undo a commit of one creation that tells something else than was done."""
    repo = filled(40)
    made = repo.commit(Create("com.example.record/9999", record(1)))
    op = {"action": "create", "path": "com.example.record/9999", "cid": Cid.of_cbor(record(1)), "prev": None} | change
    lie = AppliedOp(op["action"], op["path"], op["cid"], op["prev"])  # type: ignore[arg-type]  # some are lies
    invert(made.commit.data, opened(made.blocks).blocks, [lie])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cid": Cid.of_cbor(b"\xa0")}, "is not at"),
        ({"path": "com.example.record/99999"}, "is not at"),
        ({"action": "update"}, "does not tell what stood there"),
        ({"action": "delete", "cid": None}, "does not tell what stood there"),
        ({"action": "delete", "cid": None, "prev": Cid.of_cbor(b"\xa0")}, "exists already"),
    ],
)
def test_operations_that_do_not_fit_the_tree_are_refused(change: dict[str, object], why: str) -> None:
    """What an event tells must be what its tree shows."""
    with pytest.raises(NotInvertible, match=why):
        undone(change)


def test_a_creation_told_as_an_update_leads_elsewhere() -> None:
    """A lie that fits the tree is found by the root that it leads to."""
    repo = filled(40)
    made = repo.commit(Create("com.example.record/9999", record(1)))
    lie = AppliedOp("update", "com.example.record/9999", Cid.of_cbor(record(1)), Cid.of_cbor(record(2)))

    assert invert(made.commit.data, opened(made.blocks).blocks, [lie]) != made.prev_data


def test_a_proof_that_lacks_a_node_says_which() -> None:
    """The root of the tree is the first node that nothing can be undone without."""
    repo = filled(40)
    made = repo.commit(Delete("com.example.record/0007"))
    blocks = dict(opened(made.blocks).blocks)
    del blocks[made.commit.data]

    with pytest.raises(MissingBlock, match=str(made.commit.data)):
        invert(made.commit.data, blocks, made.ops)


def test_a_tree_that_holds_a_node_twice_is_refused() -> None:
    """A small CAR could otherwise describe a tree of any size."""
    leaf = mst.make((b"com.example.record/0",), (Cid.of_cbor(b"\xa0"),), (None, None))
    low = mst.encode(leaf)
    cid = Cid.of_cbor(low)
    top = mst.encode(mst.make((b"com.example.record/1",), (Cid.of_cbor(b"\xa0"),), (Link(cid), Link(cid))))

    with pytest.raises(InvalidNode, match="stands in the tree twice"):
        partial_tree(Cid.of_cbor(top), {Cid.of_cbor(top): top, cid: low})


def test_the_first_commit_undoes_to_itself() -> None:
    """Without operations the tree before is the tree after."""
    repo = MemoryRepo()
    assert repo.head is not None

    assert invert(repo.head.data, repo.blocks(), []) == repo.head.data
