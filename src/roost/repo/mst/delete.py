"""Taking a key out of the tree: the subtrees on both sides of it become one, and nodes left without anything
disappear.
"""

from bisect import bisect_left

from roost.repo.errors import KeyMissing
from roost.repo.mst.insert import with_kid
from roost.repo.mst.node import EMPTY, Link, make
from roost.repo.mst.walk import loaded


def delete(root: Link, key: bytes, freed: list[int]) -> Link:
    """Return the tree without `key`; the numbers of nodes that are no more are added to `freed`.

    Raises KeyMissing; MissingBlock if the key's frontier is not loaded.
    """
    left = _delete(root, key, freed)
    # A root has an entry of its own, so one that only points down gives way to what it points at.
    while left is not None and not (node := loaded(left)).keys:
        freed.append(left.n)
        left = node.kids[0]
    return Link(None, 0, EMPTY) if left is None else left


def _delete(link: Link, key: bytes, freed: list[int]) -> Link | None:
    node = loaded(link)
    i = bisect_left(node.keys, key)
    kid = node.kids[i]
    if i < len(node.keys) and node.keys[i] == key:
        merged = _merge(kid, node.kids[i + 1], freed)
        rest = make(
            node.keys[:i] + node.keys[i + 1 :],
            node.values[:i] + node.values[i + 1 :],
            (*node.kids[:i], merged, *node.kids[i + 2 :]),
        )
        left = Link(None, link.n, rest)
    elif kid is None:
        raise KeyMissing(key)
    else:
        left = with_kid(link, i, _delete(kid, key, freed))
    kept = loaded(left)
    if not kept.keys and kept.kids[0] is None:
        freed.append(link.n)
        return None
    return left


def _merge(left: Link | None, right: Link | None, freed: list[int]) -> Link | None:
    """Join two neighbouring subtrees of one layer, all of whose keys are in order."""
    if left is None or right is None:
        return left if right is None else right
    a, b = loaded(left), loaded(right)
    middle = _merge(a.kids[-1], b.kids[0], freed)
    freed.append(right.n)
    return Link(None, left.n, make(a.keys + b.keys, a.values + b.values, (*a.kids[:-1], middle, *b.kids[1:])))
