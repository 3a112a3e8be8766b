"""Every event can be undone on its own blocks, in whatever order: many thousands of random commits."""

import random
from collections.abc import Iterator
from functools import cache

import libipld
import pytest

from roost.crypto.keys import PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import AppliedOp, Base, CommitDraft, Create, Delete, RepoOp, Update, draft, mst, nothing
from roost.repo import commit as commits
from roost.repo.errors import MissingBlock
from roost.repo.mst import Link
from roost.repo.proof import NotInvertible, invert
from roost.services import frames
from roost.syntax import Did, Tid
from support.repos import opened

DID = Did.parse("did:web:alice.test")
KEY = PrivateKey.from_bytes(bytes(31) + b"\x01")

FEW, MANY = 600, 20_000
ORDERS = 3
"""Orders of each commit's operations in which it is undone, besides its own."""


class Repository:
    """A repository whose nodes lie in rows, as they do in the database; its tree is read anew now and then."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.base: Base = nothing()
        self.rows: dict[int, tuple[bytes, tuple[int, ...]]] = {}
        self.records: dict[str, int] = {}
        self.commits = 0

    def commit(self, ops: list[RepoOp]) -> CommitDraft:
        """Make a commit, with no more of the tree loaded than its keys need."""
        if self.base.data is not None and self.rng.random() < 0.5:
            # What a restart, or another repository's turn in memory, leaves of a tree: its root's name.
            root = Link(self.base.data, self.base.root.n)
            self.base = Base(root, self.base.next_n, self.base.rev, self.base.data)
        keys = [op.path.encode() for op in ops]
        while need := mst.frontier(self.base.root, keys):
            for link in need:
                link.node = mst.decode(*self.rows[link.n])
        self.commits += 1
        rev = Tid.of(1_700_000_000_000_000 + self.commits, 0)
        made = draft(self.base, ops, lambda data: commits.sign(DID, data=data, rev=rev, key=KEY))
        for n in made.freed:
            del self.rows[n]
        self.rows |= {node.n: (node.block, node.kids) for node in made.nodes}
        self.base = Base(made.root, made.next_n, rev, made.commit.data)
        return made


@cache
def keys() -> tuple[str, ...]:
    """Return paths to write to, of which many live on high layers of the tree: random ones hardly ever do."""
    rng = random.Random(1)
    paths = [f"com.example.{rng.choice(['a', 'b', 'bb'])}/{n:05d}" for n in range(30_000)]
    high = [path for path in paths if mst.layer_of(path.encode()) >= 3]
    return (*high, *paths[: 3 * len(high)])


def operations(repo: Repository, rng: random.Random) -> list[RepoOp]:
    """Return a random batch that fits the repository, and note what it leads to."""
    size = rng.choice([1, 1, 1, 1, 2, 3, 5, 20])
    ops: list[RepoOp] = []
    growing = len(repo.records) < rng.choice([2, 30, 300])
    written: set[str] = set()
    for fresh in rng.sample(keys(), size):
        shrink = not growing and repo.records and rng.random() < 0.8
        change = bool(repo.records) and rng.random() < 0.3
        path = rng.choice(list(repo.records)) if shrink or change else fresh
        if path in written:
            continue
        written.add(path)
        there = "update" if change else "delete"
        kind = there if path in repo.records else "create"
        number = rng.randrange(1 << 30)
        block = cbor.encode({"n": number})
        if kind == "delete":
            del repo.records[path]
            ops.append(Delete(path))
        else:
            repo.records[path] = number
            ops.append(Create(path, block) if kind == "create" else Update(path, block))
    return ops


def events(seed: int, count: int) -> Iterator[CommitDraft]:
    """Yield the commits of some repositories, some of which stay small and some of which grow."""
    rng = random.Random(seed)
    done = 0
    while done < count:
        repo = Repository(rng)
        repo.commit([])
        for _ in range(min(rng.choice([20, 100, 500]), count - done)):
            yield repo.commit(operations(repo, rng))
            done += 1


def undo(made: CommitDraft, rng: random.Random) -> None:
    """Check that the event of a commit leads back to the tree before it, in several orders of its operations."""
    _, body = libipld.decode_dag_cbor_multi(frames.commit(made, seq=1, time=0))
    blocks = opened(body["blocks"]).blocks
    data = commits.parse(blocks[Cid(body["commit"])]).data
    ops = [
        AppliedOp(
            op["action"],
            op["path"],
            None if op["cid"] is None else Cid(op["cid"]),
            Cid(op["prev"]) if "prev" in op else None,
        )
        for op in body["ops"]
    ]
    for order in range(1 + (ORDERS if len(ops) > 1 else 0)):
        if order:
            rng.shuffle(ops)
        assert invert(data, blocks, ops) == Cid(body["prevData"]), ops


def test_some_commits_can_be_undone() -> None:
    """Creations, updates, deletions and batches of them."""
    rng = random.Random(0)
    for made in events(random.randrange(1 << 30), FEW):
        undo(made, rng)


@pytest.mark.slow
def test_twenty_thousand_commits_can_be_undone() -> None:
    """The same for as many as a small network makes in an hour, another set each time."""
    seed = random.randrange(1 << 30)
    rng, count, kinds = random.Random(seed), 0, dict[str, int]()
    for made in events(seed, MANY):
        try:
            undo(made, rng)
        except Exception as error:
            raise AssertionError(f"commit {count} of seed {seed} cannot be undone") from error
        count += 1
        for op in made.ops:
            kinds[op.action] = kinds.get(op.action, 0) + 1

    assert count == MANY
    assert min(kinds.values()) > MANY // 20, kinds


def test_a_proof_that_lacks_a_block_is_noticed() -> None:
    """The check above would fail if an event did not carry all that it takes."""
    rng = random.Random(5)
    tried = noticed = 0
    for made in events(5, 500):
        blocks = dict(opened(made.blocks).blocks)
        old = blocks.keys() - {
            made.commit.cid,
            *(node.cid for node in made.nodes),
            *(cid for _, cid, _ in made.records),
        }
        if not old or len(made.ops) > 1:
            continue
        del blocks[rng.choice(sorted(old))]
        tried += 1
        try:
            noticed += invert(made.commit.data, blocks, made.ops) != made.prev_data
        except (MissingBlock, NotInvertible):
            noticed += 1

    # A creation's neighbours are shipped too, though undoing it does without some of them.
    assert tried > 50
    assert noticed > tried // 4
