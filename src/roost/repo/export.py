"""The order in which a whole repository is written out: the commit, then the tree depth first, each record where its
key stands.

Whoever reads it can check every block as it comes, holding one path of the tree. It works on what a store keeps of a
node (its block and its kids' numbers) and deliberately does not parse a single one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from roost.data import car
from roost.data.cid import Cid
from roost.repo.commit import Commit
from roost.repo.errors import BrokenStore


class StoredNode(msgspec.Struct, frozen=True):
    """A node's block and, in the order of its gaps, the numbers of its kids (0 where a gap has none)."""

    cid: Cid
    block: bytes
    kids: tuple[int, ...]


Fetch = Callable[[Sequence[int]], Mapping[int, StoredNode]]


def preorder(commit: Commit, root: int, fetch: Fetch, records: Iterator[tuple[Cid, bytes]]) -> Iterator[bytes]:
    """Yield the repository as pieces of a CAR.

    `records` must come in the order of their paths, which is the order in which the tree meets them; so the n-th record
    belongs in the n-th gap between kids. Raises BrokenStore if nodes are missing, or records
    are fewer or more than the tree's keys.
    """
    yield car.header(commit.cid)
    yield car.frame(commit.cid, commit.block)
    # Each entry is a node with the gap to go on from; kids are fetched a node at a time, so memory is one path's worth.
    node = _found(fetch([root]), root, commit)
    yield car.frame(node.cid, node.block)
    path = [(node, 0, _kids(node, fetch))]
    while path:
        node, gap, kids = path.pop()
        for at in range(gap, len(node.kids)):
            if at:
                record = next(records, None)
                if record is None:
                    raise BrokenStore(f"repository of {commit.did} has fewer records than its tree has keys")
                yield car.frame(*record)
            if number := node.kids[at]:
                kid = _found(kids, number, commit)
                yield car.frame(kid.cid, kid.block)
                path.append((node, at + 1, kids))
                path.append((kid, 0, _kids(kid, fetch)))
                break
    if next(records, None) is not None:
        raise BrokenStore(f"repository of {commit.did} has more records than its tree has keys")


def _found(nodes: Mapping[int, StoredNode], number: int, commit: Commit) -> StoredNode:
    node = nodes.get(number)
    if node is None:
        raise BrokenStore(f"repository of {commit.did} has no node {number}, which its tree links to")
    return node


def _kids(node: StoredNode, fetch: Fetch) -> Mapping[int, StoredNode]:
    numbers = [n for n in node.kids if n]
    return fetch(numbers) if numbers else {}
