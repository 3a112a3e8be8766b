"""A list of operations on a tree, become a commit value: all that is to be stored and told, computed before anything
is.

`draft` is the whole write as a pure function. It deliberately does not know where the tree's nodes came from, how the
result is stored, or who may write; the caller loads the frontier first and applies the draft afterwards, or drops it.
"""

from collections.abc import Callable, Sequence

import msgspec

from roost.data import car
from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.commit import Commit
from roost.repo.errors import KeyMissing
from roost.repo.mst import Link, NewNode
from roost.repo.ops import AppliedOp, Create, Delete, RepoOp
from roost.syntax import Tid

Sign = Callable[[Cid], Commit]
"""Returns the commit for a tree's root; raises InvalidCommit where the commit was made elsewhere and does not fit
it.
"""


class Base(msgspec.Struct, frozen=True):
    """What a commit is made on: the tree, the numbers it may give out, and the rev and root CID it had."""

    root: Link
    next_n: int
    rev: Tid | None
    data: Cid | None


def nothing() -> Base:
    """Return what the first commit of a repository is made on."""
    return Base(root=Link(None, 0, mst.EMPTY), next_n=1, rev=None, data=None)


class CommitDraft(msgspec.Struct, frozen=True):
    """A commit and everything that comes with it.

    `nodes` and `records` are the blocks to store, `freed` the numbers of node rows to delete; `blocks` is the CAR that
    the firehose ships: commit, nodes, records, and the covering proof of every operation in the new tree.
    """

    commit: Commit
    since: Tid | None
    prev_data: Cid | None
    root: Link
    nodes: tuple[NewNode, ...]
    freed: tuple[int, ...]
    next_n: int
    ops: tuple[AppliedOp, ...]
    records: tuple[tuple[str, Cid, bytes], ...]
    blocks: bytes


def draft(base: Base, ops: Sequence[RepoOp], sign: Sign) -> CommitDraft:
    """Apply `ops` in order and return the commit that results.

    Every key's frontier must be loaded. Raises KeyExists or KeyMissing for an operation that does not fit the tree,
    CrowdedNode for keys that pile up in one node, and whatever `sign` raises. The base is left as it was, whether or
    not the draft is used.
    """
    root, freed = base.root, list[int]()
    applied: list[AppliedOp] = []
    records: list[tuple[str, Cid, bytes]] = []
    for op in ops:
        key = op.path.encode()
        if isinstance(op, Delete):
            prev = _value(root, key)
            root = mst.delete(root, key, freed)
            applied.append(AppliedOp("delete", op.path, None, prev))
            continue
        cid = Cid.of_cbor(op.block)
        records.append((op.path, cid, op.block))
        if isinstance(op, Create):
            root = mst.insert(root, key, cid)
            applied.append(AppliedOp("create", op.path, cid, None))
        else:
            prev = _value(root, key)
            root = mst.update(root, key, cid)
            applied.append(AppliedOp("update", op.path, cid, prev))
    done = mst.finish(root, freed, base.next_n)
    assert done.root.cid is not None, "a finished tree is hashed"
    commit = sign(done.root.cid)
    return CommitDraft(
        commit=commit,
        since=base.rev,
        prev_data=base.data,
        root=done.root,
        nodes=done.nodes,
        freed=done.freed,
        next_n=done.next_n,
        ops=tuple(applied),
        records=tuple(records),
        blocks=_blocks(commit, done.root, done.nodes, records, [op.path.encode() for op in ops]),
    )


def _value(root: Link, key: bytes) -> Cid:
    value = mst.find(root, key)
    if value is None:
        raise KeyMissing(key)
    return value


def _blocks(
    commit: Commit,
    root: Link,
    nodes: Sequence[NewNode],
    records: Sequence[tuple[str, Cid, bytes]],
    keys: Sequence[bytes],
) -> bytes:
    """Frame the new blocks and the covering proof as a CAR.

    New nodes alone do not suffice: undoing a deletion, or an update beside untouched subtrees, reads nodes that the
    commit did not change.
    """
    blocks: dict[Cid, bytes] = {commit.cid: commit.block}
    blocks.update((node.cid, node.block) for node in nodes)
    blocks.update((cid, block) for _, cid, block in records)
    for key in keys:
        for link in mst.around(root, key):
            assert link.cid is not None, "a finished tree is hashed"
            if link.cid not in blocks:
                blocks[link.cid] = mst.encode(mst.loaded(link))
    if not keys and root.cid is not None and root.node is not None:
        # A commit without operations still says which tree it is of; a consumer that looks finds its root.
        blocks.setdefault(root.cid, mst.encode(root.node))
    return car.header(commit.cid) + b"".join([car.frame(cid, block) for cid, block in blocks.items()])
