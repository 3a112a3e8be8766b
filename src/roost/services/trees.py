"""The trees of repositories lately written, kept parsed between writes.

A kept tree is good for exactly one head: it is found by the CID of the head that a transaction reads, so one that
belongs to another state, whoever wrote it, is simply not found. What a failed transaction leaves behind is dropped all
the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from roost.data.cid import Cid
from roost.repo import Base, mst
from roost.repo.mst import Link
from roost.storage import nodes
from roost.storage.db import Tx
from roost.storage.heads import Head

MAX_NODES: Final = 40_000
"""Nodes kept over all repositories: at about 1.2 KB a parsed node, some 50 MB."""


class _Kept(msgspec.Struct):
    head: Cid
    root: Link
    nodes: int


class Trees:
    """Parsed trees, the least lately used forgotten first."""

    def __init__(self, max_nodes: int = MAX_NODES) -> None:
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._max_nodes = max_nodes
        self._nodes = 0

    def base(self, tx: Tx, repo: int, head: Head, keys: Sequence[bytes]) -> Base:
        """Return the tree at `head` with the frontier of `keys` loaded."""
        kept = self._kept.get(repo)
        if kept is None or kept.head != head.cid:
            self.forget(repo)
            kept = self._kept[repo] = _Kept(head.cid, Link(head.data, head.root), 0)
        loads = 0
        while need := mst.frontier(kept.root, keys):
            load(tx, repo, need)
            loads += len(need)
        kept.nodes += loads
        self._nodes += loads
        self._kept.move_to_end(repo)
        self._forget_others()
        return Base(root=kept.root, next_n=head.next_n, rev=head.rev, data=head.data)

    def keep(self, tx: Tx, repo: int, head: Cid, root: Link, added: int) -> None:
        """Keep the tree that this transaction leads to; `added` is how many nodes it has made or rewritten."""
        kept = self._kept.get(repo)
        if kept is None:
            self._kept[repo] = _Kept(head, root, 0)
        else:
            kept.head, kept.root = head, root
        self._kept[repo].nodes += added
        self._nodes += added
        self._kept.move_to_end(repo)
        self._shed()

        def settle(durable: bool) -> None:
            if not durable:
                self.forget(repo)

        tx.after(settle)

    def forget(self, repo: int) -> None:
        """Drop what is kept of a repository."""
        kept = self._kept.pop(repo, None)
        if kept is not None:
            self._nodes -= kept.nodes

    def _forget_others(self) -> None:
        """Forget the least lately used trees, but for the last, while there are too many nodes."""
        while self._nodes > self._max_nodes and len(self._kept) > 1:
            self.forget(next(iter(self._kept)))

    def _shed(self) -> None:
        """Forget the trees that are too much; a rewritten node has counted again each time.

        So a long-lived tree is unloaded now and then although it has not grown: counting exactly would cost each write
        more than reading a few nodes again.
        """
        self._forget_others()
        if self._nodes > self._max_nodes:
            (only,) = self._kept.values()
            prune(only.root)
            self._nodes = only.nodes = 0


def prune(root: Link) -> None:
    """Unload everything below the root of a hashed tree; what is needed again is read again."""
    node = root.node
    if node is None or root.cid is None:
        return
    for kid in node.kids:
        if kid is not None:
            kid.node = None


def load(tx: Tx, repo: int, links: Sequence[Link]) -> None:
    """Set the nodes of links that are not loaded. A row that is missing or another than its link says is corruption."""
    rows = {row.n: row for row in nodes.get_many(tx, repo, [link.n for link in links])}
    for link in links:
        row = rows.get(link.n)
        if row is None or row.cid != link.cid:
            raise CorruptRepository(repo, f"node {link.n} is not {link.cid}")
        link.node = mst.decode(row.block, row.kids)


class CorruptRepository(Exception):
    """What is stored of a repository contradicts itself. Nothing is repaired: the request stops here."""

    def __init__(self, repo: int, what: str) -> None:
        super().__init__(f"repository of account {repo} is damaged: {what}")
