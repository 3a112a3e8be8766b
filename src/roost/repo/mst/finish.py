"""Hashing what the operations left dirty: each new node gets its block, its CID and a number to be stored under."""

import msgspec

from roost.data.cid import Cid
from roost.repo.mst.node import Link, check_entries, encode, framed


class NewNode(msgspec.Struct, frozen=True):
    """A node as it is to be stored: `kids` holds the number of each kid in order, 0 where there is none."""

    n: int
    cid: Cid
    block: bytes
    kids: tuple[int, ...]


class Finished(msgspec.Struct, frozen=True):
    """What a finished tree adds to and takes from the store; a number in `freed` is one whose row is to go."""

    root: Link
    nodes: tuple[NewNode, ...]
    freed: tuple[int, ...]
    next_n: int


def finish(root: Link, freed: list[int], next_n: int) -> Finished:
    """Hash every dirty node below `root`, kids first, and make its link clean.

    A rewritten node keeps its number, a new one takes a freed number or else the next: so a store whose rows are keyed
    by number never holds a node that the tree no longer has. Raises CrowdedNode.
    """
    numbers = _Numbers([n for n in freed if n], next_n)
    nodes: list[NewNode] = []
    if root.cid is None:
        _clean(root, nodes, numbers)
    return Finished(root, tuple(nodes), tuple(numbers.spare), numbers.next)


class _Numbers(msgspec.Struct):
    """The numbers that new nodes can have."""

    spare: list[int]
    next: int

    def take(self) -> int:
        if self.spare:
            return self.spare.pop()
        self.next += 1
        return self.next - 1


# A function of the module: one inside `finish` would hold itself and all nodes until the garbage collector comes.
def _clean(link: Link, nodes: list[NewNode], numbers: _Numbers) -> None:
    assert link.node is not None, "a dirty link has its node"
    check_entries(link.node)
    node = link.node = framed(link.node)
    for kid in node.kids:
        if kid is not None and kid.cid is None:
            _clean(kid, nodes, numbers)
    block = encode(node)
    link.cid = Cid.of_cbor(block)
    link.n = link.n or numbers.take()
    nodes.append(NewNode(link.n, link.cid, block, tuple([kid.n if kid is not None else 0 for kid in node.kids])))
