"""What changed between two trees, read side by side in key order; a subtree that both have is skipped unread."""

from collections.abc import Callable, Iterator

import msgspec

from roost.data.cid import Cid
from roost.repo.errors import InvalidNode
from roost.repo.mst.node import EMPTY, Link, Node, check_entries, layer_of

Load = Callable[[Link], Node]
"""Returns the node behind a link; raises MissingBlock."""


class Change(msgspec.Struct, frozen=True):
    """One key whose value differs; `before` or `after` is None where the tree has no such key."""

    key: bytes
    before: Cid | None
    after: Cid | None


def diff(before: Link, after: Link, load_before: Load, load_after: Load) -> Iterator[Change]:
    """Yield the changes that lead from one tree to the other, in key order.

    Raises InvalidNode where a node does not fit its layer, CrowdedNode, MissingBlock from the loaders.
    """
    old, new = _Cursor(before, load_before), _Cursor(after, load_after)
    while True:
        if old.subtree is not None and new.subtree is not None:
            if old.subtree.cid == new.subtree.cid:
                old.skip()
                new.skip()
            elif old.layer >= new.layer:
                old.enter()
            else:
                new.enter()
        elif old.subtree is not None:
            old.enter()
        elif new.subtree is not None:
            new.enter()
        elif old.key is None and new.key is None:
            return
        else:
            yield from _step(old, new)


def _step(old: "_Cursor", new: "_Cursor") -> Iterator[Change]:
    """Both cursors stand at a key or at their end: report the lower key, or nothing if the two agree."""
    if new.key is None or (old.key is not None and old.key < new.key):
        assert old.key is not None, "one of the cursors stands at a key"
        yield Change(old.key, old.value, None)
        old.skip()
    elif old.key is None or new.key < old.key:
        yield Change(new.key, None, new.value)
        new.skip()
    else:
        if old.value != new.value:
            yield Change(old.key, old.value, new.value)
        old.skip()
        new.skip()


class _Cursor:
    """A place in a tree: at a subtree not yet entered, at a key, or (`subtree` and `key` None) at the end."""

    def __init__(self, root: Link, load: Load) -> None:
        self._load = load
        self._rest: list[tuple[Link, int] | tuple[bytes, Cid]] = []
        self._last = b""
        self.subtree: Link | None = None
        self.key: bytes | None = None
        self.value: Cid | None = None
        self.layer = 0
        node = load(root)
        if node.keys:
            # The root's own layer is that of its keys; every other node's follows from its parent's.
            self._rest.append((root, layer_of(node.keys[0])))
        elif node.kids != EMPTY.kids:
            raise InvalidNode("the root has no entry of its own")
        self.skip()

    def skip(self) -> None:
        """Go on behind what the cursor stands at."""
        self.subtree = self.key = self.value = None
        if not self._rest:
            return
        head, tail = self._rest.pop()
        if isinstance(head, Link):
            assert isinstance(tail, int), "a subtree comes with its layer"
            self.subtree, self.layer = head, tail
        else:
            assert isinstance(tail, Cid), "a key comes with its value"
            if head <= self._last:
                raise InvalidNode("keys are not in order")
            self._last = self.key = head
            self.value = tail

    def enter(self) -> None:
        """Go into the subtree that the cursor stands at."""
        assert self.subtree is not None, "the cursor stands at a subtree"
        node, layer = self._load(self.subtree), self.layer
        # Making its changes one by one would take time with the square of the entries.
        check_entries(node)
        check_layer(node, layer)
        # Last in, first out: kid i is read before key i.
        for i in range(len(node.keys), -1, -1):
            if i < len(node.keys):
                self._rest.append((node.keys[i], node.values[i]))
            if (kid := node.kids[i]) is not None:
                self._rest.append((kid, layer - 1))
        self.skip()


def check_layer(node: Node, layer: int) -> None:
    """Raise InvalidNode unless every key of the node lives at `layer` and the node has something in it."""
    if layer == 0 and any(node.kids):
        raise InvalidNode("a node of the lowest layer has a kid")
    if not node.keys and node.kids[0] is None:
        raise InvalidNode("a node below the root is empty")
    for key in node.keys:
        if layer_of(key) != layer:
            raise InvalidNode(f"key {key.decode(errors='replace')} stands at layer {layer}, not its own")
