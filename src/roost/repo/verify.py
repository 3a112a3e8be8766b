"""Judging a whole repository by its blocks alone: every link, the tree's canonical form, the records, the signature.

It answers with everything it found rather than stopping at the first fault, because it is what an owner runs on a
backup. Hashes are checked where a CAR is read (`roost.data.car`); this module trusts that each block is the one its CID
names.
"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from roost.crypto.keys import PublicKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.data.errors import InvalidCbor
from roost.repo import mst
from roost.repo.commit import Commit, parse, verify
from roost.repo.errors import InvalidCommit, InvalidNode, InvalidPath
from roost.repo.ops import parse_path


class Report(msgspec.Struct, frozen=True):
    """What a repository holds, and what is wrong with it: `problems` is empty exactly when nothing is.

    `signed` is None when no key was given to check the signature with; `unused` counts blocks that nothing links to.
    """

    commit: Commit | None
    records: int
    nodes: int
    layers: int
    bytes: int
    collections: dict[str, int]
    unused: int
    signed: bool | None
    problems: tuple[str, ...]


def inspect(root: Cid, blocks: Mapping[Cid, bytes], key: PublicKey | None) -> Report:
    """Return the report on the repository whose commit is at `root`; `key` is its owner's signing key, if known."""
    problems: list[str] = []
    commit, signed = _commit(root, blocks, key, problems)
    tree = _Tree(blocks, problems)
    if commit is not None:
        tree.walk(commit.data)
    used = tree.seen | {root}
    return Report(
        commit=commit,
        records=sum(tree.collections.values()),
        nodes=tree.nodes,
        layers=tree.layers,
        bytes=sum(len(blocks[cid]) for cid in used if cid in blocks),
        collections=dict(sorted(tree.collections.items())),
        unused=len(blocks.keys() - used),
        signed=signed,
        problems=tuple(problems),
    )


def _commit(
    root: Cid, blocks: Mapping[Cid, bytes], key: PublicKey | None, problems: list[str]
) -> tuple[Commit | None, bool | None]:
    if root not in blocks:
        problems.append(f"the commit {root} is missing")
        return None, None
    try:
        commit = parse(blocks[root])
    except InvalidCommit as error:
        problems.append(str(error))
        return None, None
    if key is None:
        return commit, None
    try:
        verify(commit, key)
    except InvalidCommit as error:
        problems.append(str(error))
        return commit, False
    return commit, True


class _Tree:
    """A walk over all nodes that notes what does not belong; `seen` is every block that the tree reaches."""

    def __init__(self, blocks: Mapping[Cid, bytes], problems: list[str]) -> None:
        self._blocks = blocks
        self._problems = problems
        self.seen: set[Cid] = set()
        self.collections: Counter[str] = Counter()
        self.nodes = 0
        self.layers = 0

    def walk(self, root: Cid) -> None:
        node = self._node(root)
        if node is None:
            return
        if not node.keys:
            if node.kids != mst.EMPTY.kids:
                self._problems.append(f"the root {root} has no entry of its own")
            return
        layer = mst.layer_of(node.keys[0])
        self.layers = layer + 1
        # Each waiting node comes with its layer and the two keys that its own must stand between.
        waiting: list[tuple[Cid, mst.Node, int, bytes, bytes]] = [(root, node, layer, b"", b"\xff")]
        while waiting:
            cid, node, layer, low, high = waiting.pop()
            self._check(cid, node, layer, low, high)
            bounds = (low, *node.keys, high)
            for i, kid in enumerate(node.kids):
                if kid is None or layer == 0:
                    continue
                assert kid.cid is not None, "a parsed link is clean"
                below = self._node(kid.cid)
                if below is not None:
                    waiting.append((kid.cid, below, layer - 1, bounds[i], bounds[i + 1]))

    def _node(self, cid: Cid) -> mst.Node | None:
        if cid in self.seen:
            self._problems.append(f"node {cid} stands in the tree twice")
            return None
        self.seen.add(cid)
        block = self._blocks.get(cid)
        if block is None:
            self._problems.append(f"node {cid} is missing")
            return None
        try:
            node = mst.decode(block)
        except InvalidNode as error:
            self._problems.append(f"{cid}: {error}")
            return None
        self.nodes += 1
        return node

    def _check(self, cid: Cid, node: mst.Node, layer: int, low: bytes, high: bytes) -> None:
        try:
            mst.check_layer(node, layer)
        except InvalidNode as error:
            self._problems.append(f"{cid}: {error}")
        if node.keys and not low < node.keys[0] <= node.keys[-1] < high:
            self._problems.append(f"{cid}: its keys do not belong between those of the node above")
        for key, value in zip(node.keys, node.values, strict=True):
            self._record(key, value)

    def _record(self, key: bytes, cid: Cid) -> None:
        path = key.decode(errors="replace")
        try:
            collection, _ = parse_path(path)
        except InvalidPath as error:
            self._problems.append(str(error))
            return
        self.collections[collection] += 1
        self.seen.add(cid)
        block = self._blocks.get(cid)
        if block is None:
            self._problems.append(f"{path}: record {cid} is missing")
            return
        try:
            value = cbor.decode(block)
        except InvalidCbor as error:
            self._problems.append(f"{path}: {error}")
            return
        if not isinstance(value, dict):
            self._problems.append(f"{path}: the record is not an object")
