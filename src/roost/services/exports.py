"""Writing repositories out as CARs, streamed from one snapshot of the database."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from roost.data import car
from roost.data.cid import Cid
from roost.repo import Commit
from roost.repo.commit import parse
from roost.repo.export import StoredNode, preorder
from roost.services import hosting
from roost.services.errors import InvalidRequest
from roost.storage import heads, nodes, records
from roost.storage.db import Database, Tx
from roost.syntax import AtIdentifier, Did, Tid


class Exports:
    """Streams repositories; each stream reads one state, whatever is written meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def whole(self, repo: AtIdentifier) -> AsyncIterator[bytes]:
        """Return the repository as a CAR, in the order of `roost.repo.export`. Raises RepoNotFound and its kin."""
        account = await self._db.read(lambda tx: hosting.readable(tx, repo))
        return self._db.stream(lambda tx: _whole(tx, account.id))

    async def since(self, repo: AtIdentifier, rev: Tid) -> AsyncIterator[bytes]:
        """Return a CAR of what the repository has gained after `rev`, without a block if that is nothing.

        Raises RepoNotFound and its kin.
        """
        account = await self._db.read(lambda tx: hosting.readable(tx, repo))
        return self._db.stream(lambda tx: _since(tx, account.id, rev, always_commit=False))

    async def since_commit(self, did: Did, commit: Cid) -> AsyncIterator[bytes]:
        """Return a CAR of the current commit and what the repository has gained after an earlier one of its own.

        Raises RepoNotFound and its kin; with its first chunk InvalidRequest, if `commit` was never this repository's
        head.
        """
        account = await self._db.read(lambda tx: hosting.readable(tx, did))
        return self._db.stream(lambda tx: _since_commit(tx, account.id, commit))


def _whole(tx: Tx, repo: int) -> Iterator[bytes]:
    commit, root = _commit(tx, repo)

    def fetch(numbers: Sequence[int]) -> Mapping[int, StoredNode]:
        rows = nodes.get_many(tx, repo, numbers)
        return {row.n: StoredNode(row.cid, row.block, row.kids) for row in rows}

    return preorder(commit, root, fetch, records.blocks(tx, repo))


def _since(tx: Tx, repo: int, rev: Tid, *, always_commit: bool) -> Iterator[bytes]:
    commit, _ = _commit(tx, repo)
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


def _commit(tx: Tx, repo: int) -> tuple[Commit, int]:
    head = heads.get(tx, repo)
    if head is None:
        # The account was deleted between the question and the stream.
        raise InvalidRequest("The repository is no longer here")
    return parse(head.block), head.root
