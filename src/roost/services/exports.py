"""Writing repositories out as CARs, streamed from one snapshot of the database."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Final

from roost.data import car
from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.commit import parse
from roost.repo.export import StoredNode, preorder
from roost.repo.mst import Link
from roost.services import hosting
from roost.services.caller import Viewer
from roost.services.errors import BlockNotFound, InvalidRequest
from roost.services.trees import CorruptRepository, load
from roost.storage import heads, nodes, records
from roost.storage.db import Database, Tx
from roost.storage.heads import Head
from roost.storage.nodes import NodeRow
from roost.syntax import AtIdentifier, Did, Tid

NODES_AT_ONCE: Final = 8192
"""Nodes of a tree that is read whole before it is written out, some 5 MB: a quarter cheaper than to ask for the kids of
each. A larger tree is read as it is walked, one path's worth at a time.
"""


class Exports:
    """Streams repositories; each stream reads one state, whatever is written meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def whole(self, repo: AtIdentifier, viewer: Viewer = None) -> AsyncIterator[bytes]:
        """Return the repository as a CAR, in the order of `roost.repo.export`. Raises RepoNotFound and its kin."""
        account = await self._db.read(lambda tx: hosting.readable(tx, repo, viewer))
        return self._db.stream(lambda tx: _whole(tx, account.id))

    async def since(self, repo: AtIdentifier, rev: Tid, viewer: Viewer = None) -> AsyncIterator[bytes]:
        """Return a CAR of what the repository has gained after `rev`, without a block if that is nothing.

        Raises RepoNotFound and its kin.
        """
        account = await self._db.read(lambda tx: hosting.readable(tx, repo, viewer))
        return self._db.stream(lambda tx: _since(tx, account.id, rev, always_commit=False))

    async def blocks(self, did: Did, cids: Sequence[Cid], viewer: Viewer = None) -> AsyncIterator[bytes]:
        """Return a CAR without roots of those blocks of the repository. Raises RepoNotFound and its kin; with its
        first chunk BlockNotFound, which names all that are missing.
        """
        account = await self._db.read(lambda tx: hosting.readable(tx, did, viewer))
        # A stream, though it may be a block or two: to find one, all rows are read, which must not hold up the loop.
        return self._db.stream(lambda tx: _blocks(tx, account.id, list(dict.fromkeys(cids))))

    async def record(self, did: Did, path: str, viewer: Viewer = None) -> bytes:
        """Return a CAR that proves what stands at `path`, or that nothing does: the commit, the nodes on the way there,
        and the record (reference: repository specification, "MST structure"). Raises RepoNotFound and its kin.
        """
        return await self._db.read(lambda tx: _record(tx, hosting.readable(tx, did, viewer).id, path))

    async def since_commit(self, did: Did, commit: Cid) -> AsyncIterator[bytes]:
        """Return a CAR of the current commit and what the repository has gained after an earlier one of its own.

        Raises RepoNotFound and its kin; with its first chunk InvalidRequest, if `commit` was never this repository's
        head.
        """
        account = await self._db.read(lambda tx: hosting.readable(tx, did))
        return self._db.stream(lambda tx: _since_commit(tx, account.id, commit))


def _whole(tx: Tx, repo: int) -> Iterator[bytes]:
    head = _head(tx, repo)

    def stored(rows: list[NodeRow]) -> Mapping[int, StoredNode]:
        return {row.n: StoredNode(row.cid, row.block, row.kids) for row in rows}

    def fetch(numbers: Sequence[int]) -> Mapping[int, StoredNode]:
        return stored(nodes.get_many(tx, repo, numbers))

    if head.next_n <= NODES_AT_ONCE:
        every = stored(nodes.every(tx, repo))
        return preorder(parse(head.block), head.root, lambda _: every, records.blocks(tx, repo))
    return preorder(parse(head.block), head.root, fetch, records.blocks(tx, repo))


def _since(tx: Tx, repo: int, rev: Tid, *, always_commit: bool) -> Iterator[bytes]:
    commit = parse(_head(tx, repo).block)
    yield car.header(commit.cid)
    if always_commit or commit.rev > rev:
        yield car.frame(commit.cid, commit.block)
    for cid, block in nodes.since(tx, repo, rev):
        yield car.frame(cid, block)
    for cid, block in records.since(tx, repo, rev):
        yield car.frame(cid, block)


def _since_commit(tx: Tx, repo: int, commit: Cid) -> Iterator[bytes]:
    # Looked for here, beside the event loop: the repository may have had millions of commits.
    rev = heads.rev_of(tx, repo, commit)
    if rev is None:
        raise InvalidRequest(f"This repository was never at the commit {commit}")
    yield from _since(tx, repo, rev, always_commit=True)


def _blocks(tx: Tx, repo: int, cids: Sequence[Cid]) -> Iterator[bytes]:
    commit = parse(_head(tx, repo).block)
    # Where they are first, and then one after the other: all of them at once could be a gigabyte.
    at, paths = nodes.locate(tx, repo, cids), records.locate(tx, repo, cids)
    missing = [cid for cid in cids if cid != commit.cid and cid not in at and cid not in paths]
    if missing:
        raise BlockNotFound(f"Could not find cids: {','.join(map(str, missing))}")
    yield car.header(None)
    for cid in cids:
        if cid == commit.cid:
            yield car.frame(cid, commit.block)
        elif cid in at:
            (row,) = nodes.get_many(tx, repo, [at[cid]])
            yield car.frame(cid, row.block)
        else:
            found = records.block(tx, repo, paths[cid])
            assert found is not None, "it was there a moment ago, in this snapshot"
            yield car.frame(*found)


def _record(tx: Tx, repo: int, path: str) -> bytes:
    head = _head(tx, repo)
    commit, top, key = parse(head.block), Link(head.data, head.root), path.encode()
    while (way := list(mst.toward(top, key)))[-1].node is None:
        load(tx, repo, way[-1:])
    blocks = [(commit.cid, commit.block)]
    for link in way:
        assert link.cid is not None, "a loaded tree is clean"
        blocks.append((link.cid, mst.encode(mst.loaded(link))))
    found = records.block(tx, repo, path)
    if (None if found is None else found[0]) != mst.find(top, key):
        raise CorruptRepository(repo, f"the record at {path} is not the one in the tree")
    if found is not None:
        blocks.append(found)
    return car.header(commit.cid) + b"".join([car.frame(cid, block) for cid, block in blocks])


def _head(tx: Tx, repo: int) -> Head:
    head = heads.get(tx, repo)
    if head is None:
        # The account was deleted between the question and the stream.
        raise InvalidRequest("The repository is no longer here")
    return head
