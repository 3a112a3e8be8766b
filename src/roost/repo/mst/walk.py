"""The nodes that matter to a key: those to load before it can be written, which are those to ship to prove what was
written.

For a key that is in the tree: the nodes from the root to it, the right edge of the subtree before it and the left edge
of the one after it. For a key that is not: the nodes from the root down the gap where it would stand. With them loaded
every operation on that key succeeds, and a reader who has only them can undo it (sync specification, "inductive"
validation).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from roost.data.cid import Cid
from roost.repo.errors import MissingBlock
from roost.repo.mst.node import Link, Node


def around(root: Link, key: bytes) -> Iterator[Link]:
    """Yield the links that matter to `key`, top down; a link that is not loaded ends its branch."""
    link: Link | None = root
    while link is not None:
        yield link
        node = link.node
        if node is None:
            return
        i = bisect_left(node.keys, key)
        if i < len(node.keys) and node.keys[i] == key:
            yield from _edge(node.kids[i], -1)
            yield from _edge(node.kids[i + 1], 0)
            return
        link = node.kids[i]


def toward(root: Link, key: bytes) -> Iterator[Link]:
    """Yield the links from the root to the node that has `key`, or down the gap where it would stand: what proves
    either. A link that is not loaded ends the way.
    """
    link: Link | None = root
    while link is not None:
        yield link
        node = link.node
        if node is None:
            return
        i = bisect_left(node.keys, key)
        if i < len(node.keys) and node.keys[i] == key:
            return
        link = node.kids[i]


def _edge(link: Link | None, side: int) -> Iterator[Link]:
    while link is not None:
        yield link
        if link.node is None:
            return
        link = link.node.kids[side]


def frontier(root: Link, keys: Iterable[bytes]) -> list[Link]:
    """Return the links to load next, without repetition; load them and ask again until none is left."""
    need: dict[int, Link] = {}
    for key in keys:
        for link in around(root, key):
            if link.node is None:
                need[id(link)] = link
    return list(need.values())


def loaded(link: Link) -> Node:
    """Return the node behind a link. Raises MissingBlock where the frontier was not loaded first."""
    if link.node is None:
        assert link.cid is not None, "a dirty link has its node"
        raise MissingBlock(link.cid)
    return link.node


def find(root: Link, key: bytes) -> Cid | None:
    """Return the value at `key`, or None. Raises MissingBlock if its path is not loaded."""
    link: Link | None = root
    while link is not None:
        node = loaded(link)
        i = bisect_left(node.keys, key)
        if i < len(node.keys) and node.keys[i] == key:
            return node.values[i]
        link = node.kids[i]
    return None
