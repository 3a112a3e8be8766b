"""A repository in memory: drafts applied to rows as a store keeps them, with nothing of a store's machinery.

Each commit is made on a tree of which only the frontier is loaded, so whatever an operation or a proof needs beyond it
is missed at once. Deliberately does not know any database.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.repo import Base, Commit, CommitDraft, Create, Delete, RepoOp, Update, draft, mst, nothing
from roost.repo import commit as commits
from roost.repo.export import StoredNode, preorder
from roost.repo.mst import Link
from roost.syntax import Did, Tid

DID = Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
KEY = PrivateKey.from_bytes(bytes(31) + b"\x01")


def record(number: int) -> bytes:
    """Return the block of a small record of its own."""
    return cbor.encode({"$type": "com.example.record", "number": number})


def opened(data: bytes) -> car.Car:
    """Read a CAR of ours, of any size."""
    return car.read(data, max_blocks=1_000_000, max_bytes=1 << 30)


class MemoryRepo:
    """One repository: its rows, its head, and every commit that it had."""

    def __init__(self, did: Did = DID, key: PrivateKey = KEY) -> None:
        self.did = did
        self.key = key
        self.rows: dict[int, StoredNode] = {}
        self.records: dict[str, tuple[Cid, bytes]] = {}
        self.next_n = 1
        self.root = 0
        self.head: Commit | None = None
        self.commit()

    def commit(self, *ops: RepoOp) -> CommitDraft:
        """Draft a commit of these operations and apply it."""
        made = draft(self._base([op.path.encode() for op in ops]), ops, self._sign)
        for n in made.freed:
            del self.rows[n]
        self.rows.update((node.n, StoredNode(node.cid, node.block, node.kids)) for node in made.nodes)
        for op in made.ops:
            self.records.pop(op.path, None)
        self.records.update((path, (cid, block)) for path, cid, block in made.records)
        self.root, self.next_n, self.head = made.root.n, made.next_n, made.commit
        return made

    def _base(self, keys: Sequence[bytes]) -> Base:
        if self.head is None:
            return nothing()
        root = Link(self.head.data, self.root)
        while need := mst.frontier(root, keys):
            for link in need:
                link.node = mst.decode(self.rows[link.n].block, self.rows[link.n].kids)
        return Base(root=root, next_n=self.next_n, rev=self.head.rev, data=self.head.data)

    def _sign(self, data: Cid) -> Commit:
        before = 1_700_000_000_000_000 if self.head is None else self.head.rev.micros
        return commits.sign(self.did, data=data, rev=Tid.of(before + 1, 0), key=self.key)

    def leaves(self) -> dict[bytes, Cid]:
        """Return what the tree should hold."""
        return {path.encode(): cid for path, (cid, _) in self.records.items()}

    def export(self) -> bytes:
        """Return the whole repository as a CAR."""
        assert self.head is not None
        rows = iter([self.records[path] for path in sorted(self.records)])
        return b"".join(preorder(self.head, self.root, self.fetch, rows))

    def fetch(self, numbers: Sequence[int]) -> Mapping[int, StoredNode]:
        """Return the rows of those numbers."""
        return {n: self.rows[n] for n in numbers if n in self.rows}

    def blocks(self) -> dict[Cid, bytes]:
        """Return every block of the repository."""
        return opened(self.export()).blocks


def some_ops(rng: random.Random, repo: MemoryRepo, paths: Sequence[str], most: int = 6) -> list[RepoOp]:
    """Return up to `most` operations on different paths that the repository can take; never none."""
    ops: list[RepoOp] = []
    for path in rng.sample(paths, rng.randint(1, most)):
        if path not in repo.records:
            ops.append(Create(path, record(rng.randrange(1_000_000))))
        elif rng.random() < 0.3:
            ops.append(Update(path, record(rng.randrange(1_000_000))))
        else:
            ops.append(Delete(path))
    return ops


def history(seed: int, commits: int, keys: int) -> Iterator[tuple[MemoryRepo, CommitDraft]]:
    """Yield a repository after each of its random commits, over so many different keys."""
    rng = random.Random(seed)
    paths = [f"com.example.record/{rng.randrange(1_000_000):06d}" for _ in range(keys)]
    repo = MemoryRepo()
    for _ in range(commits):
        yield repo, repo.commit(*some_ops(rng, repo, sorted(set(paths)), min(6, len(set(paths)))))


def filled(records: int) -> MemoryRepo:
    """Return a repository of so many records, made in one commit."""
    repo = MemoryRepo()
    repo.commit(*[Create(f"com.example.record/{n:04d}", record(n)) for n in range(records)])
    return repo
