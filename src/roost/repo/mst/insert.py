"""Putting a key into the tree, by rewriting only the nodes between the root and the key.

A key above the root's layer splits the whole tree in two and becomes its new root; a key at a node's layer splits the
subtree in its gap; a key below goes down the gap, through nodes without entries where layers have none.
"""

from bisect import bisect_left

from roost.data.cid import Cid
from roost.repo.errors import KeyExists, KeyMissing
from roost.repo.mst.node import Link, Node, layer_of, make
from roost.repo.mst.walk import loaded


def insert(root: Link, key: bytes, value: Cid) -> Link:
    """Return the tree with `key` added. Raises KeyExists; MissingBlock if the key's frontier is not loaded."""
    node = loaded(root)
    if not node.keys:
        return Link(None, root.n, make((key,), (value,), (None, None)))
    layer, top = layer_of(key), layer_of(node.keys[0])
    if layer <= top:
        return _insert(root, top, key, layer, value)
    left, right = split(root, key)
    return Link(None, 0, make((key,), (value,), (_lift(left, layer - top - 1), _lift(right, layer - top - 1))))


def _insert(link: Link, at: int, key: bytes, layer: int, value: Cid) -> Link:
    node = loaded(link)
    i = bisect_left(node.keys, key)
    if i < len(node.keys) and node.keys[i] == key:
        raise KeyExists(key)
    kid = node.kids[i]
    if at == layer:
        return Link(
            None,
            link.n,
            make(
                (*node.keys[:i], key, *node.keys[i:]),
                (*node.values[:i], value, *node.values[i:]),
                (*node.kids[:i], *split(kid, key), *node.kids[i + 1 :]),
            ),
        )
    if kid is None:
        leaf = Link(None, 0, make((key,), (value,), (None, None)))
        return with_kid(link, i, _lift(leaf, at - 1 - layer))
    return with_kid(link, i, _insert(kid, at - 1, key, layer, value))


def split(link: Link | None, key: bytes) -> tuple[Link | None, Link | None]:
    """Return the subtree's keys below `key` and those above it. A side that loses nothing stays the link it was."""
    if link is None:
        return None, None
    node = loaded(link)
    i = bisect_left(node.keys, key)
    if i < len(node.keys) and node.keys[i] == key:
        raise KeyExists(key)
    left, right = split(node.kids[i], key)
    if right is None and i == len(node.keys):
        return link, None
    if left is None and i == 0:
        return None, link
    # Neither side is empty now: one without an entry here has a kid below.
    return (
        Link(None, link.n, make(node.keys[:i], node.values[:i], (*node.kids[:i], left))),
        Link(None, 0, make(node.keys[i:], node.values[i:], (right, *node.kids[i + 1 :]))),
    )


def _lift(link: Link | None, layers: int) -> Link | None:
    """Wrap a subtree in nodes without entries, so that it hangs exactly one layer below its parent."""
    if link is None:
        return None
    for _ in range(layers):
        link = Link(None, 0, make((), (), (link,)))
    return link


def with_kid(link: Link, i: int, kid: Link | None) -> Link:
    """Return a dirty copy of a loaded link whose i-th kid is `kid`."""
    node = loaded(link)
    kids = (*node.kids[:i], kid, *node.kids[i + 1 :])
    return Link(None, link.n, Node(node.keys, node.values, kids, node.frame))


def update(root: Link, key: bytes, value: Cid) -> Link:
    """Return the tree with another value at `key`. Raises KeyMissing, MissingBlock."""
    node = loaded(root)
    i = bisect_left(node.keys, key)
    if i < len(node.keys) and node.keys[i] == key:
        return Link(None, root.n, make(node.keys, (*node.values[:i], value, *node.values[i + 1 :]), node.kids))
    kid = node.kids[i]
    if kid is None:
        raise KeyMissing(key)
    return with_kid(root, i, update(kid, key, value))
