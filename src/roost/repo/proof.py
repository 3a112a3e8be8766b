"""Undoing a commit on its own blocks: the check that a firehose consumer makes (sync specification, "inductive"
validation).
"""

from collections.abc import Mapping, Sequence

from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.errors import InvalidNode, MissingBlock, RepoError
from roost.repo.mst import Link
from roost.repo.ops import AppliedOp


class NotInvertible(RepoError):
    """The operations, undone on the commit's tree, do not fit it or do not lead back to the tree before."""


def partial_tree(root: Cid, blocks: Mapping[Cid, bytes]) -> Link:
    """Return the tree at `root` with every node loaded that `blocks` has. Raises InvalidNode."""
    top = Link(root)
    waiting, seen = [top], set[Cid]()
    while waiting:
        link = waiting.pop()
        assert link.cid is not None, "a parsed link is clean"
        if link.cid in seen:
            # Keys are unique, so no two nodes are equal; following them all could take forever.
            raise InvalidNode(f"node {link.cid} stands in the tree twice")
        seen.add(link.cid)
        block = blocks.get(link.cid)
        if block is not None:
            link.node = mst.decode(block)
            waiting += [kid for kid in link.node.kids if kid is not None]
    return top


def invert(data: Cid, blocks: Mapping[Cid, bytes], ops: Sequence[AppliedOp]) -> Cid:
    """Return the root CID of the tree before `ops`, computed from the tree after them and its covering proof.

    Raises NotInvertible when an operation does not fit the tree, MissingBlock when the proof does not cover it.
    """
    root = partial_tree(data, blocks)
    freed: list[int] = []
    for op in reversed(ops):
        key = op.path.encode()
        try:
            if op.action != "delete" and mst.find(root, key) != op.cid:
                raise NotInvertible(f"{op.path} is not at {op.cid} in the commit's tree")
            if op.action == "create":
                root = mst.delete(root, key, freed)
            elif op.prev is None:
                raise NotInvertible(f"the {op.action} of {op.path} does not tell what stood there")
            else:
                root = mst.update(root, key, op.prev) if op.action == "update" else mst.insert(root, key, op.prev)
        except MissingBlock:
            raise
        except RepoError as error:
            raise NotInvertible(str(error)) from error
    before = mst.finish(root, [], 1).root.cid
    assert before is not None, "a finished tree is hashed"
    return before
