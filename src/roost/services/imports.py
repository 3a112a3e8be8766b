"""Commits made elsewhere: an account whose owner holds the signing key moves its repository here by sending it, signed.

Nothing of what was sent is kept before all of it has been judged. The tree that arrives is not stored at all: what
differs becomes operations on our own tree, and since a set of records has exactly one tree, ours must end at the root
that was signed.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from roost.data import car
from roost.data.car import Car
from roost.data.cid import Cid
from roost.data.errors import DataError
from roost.data.json import dumps
from roost.identity.errors import IdentityError
from roost.net.errors import NetError
from roost.net.resolve import DidResolver
from roost.repo import Commit, Create, Delete, RepoError, RepoOp, Update, draft, mst, parse_path
from roost.repo import commit as commits
from roost.repo.errors import InvalidCommit, InvalidNode, MissingBlock
from roost.repo.mst import Change, Link, Node
from roost.services import hosting
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest, InvalidSwap, TooManyRequests, UpstreamFailure
from roost.services.judging import MAX_NODE_BYTES, record_of
from roost.services.reading import head_of
from roost.services.references import NOTHING, Pointers, pointers
from roost.services.repos import Repos
from roost.services.trees import load
from roost.storage import heads, nodes, records
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.heads import Head
from roost.syntax import Did, Tid

MAX_CAR_BYTES: Final = 16 * 1024 * 1024
"""The largest update: some 40,000 records. It is judged in memory, and more can be sent in several commits."""

MAX_CAR_BLOCKS: Final = 200_000
"""Blocks in it: a block has 40 bytes of framing and name before its own first."""

MAX_CHANGES: Final = 5_000
"""Records that one update may change: applying them takes a fifth of a second, for which others wait."""

MAX_LOOKED_FOR: Final = 100
"""Nodes that were not sent and are looked for among ours, each by reading all there are. A tree that shares subtrees
with ours meets them at their place and needs none of this, but for a few beside what has changed."""

MAX_HELD_BYTES: Final = 64 * 1024 * 1024
"""Bytes of all updates that are under way. Anybody may send one, and no signature is known before its last byte."""

RECEIVE_SECONDS: Final = 120
"""How long an update may take to arrive, lest a few that never end keep all others out."""

FUTURE_SECONDS: Final = 5 * 60
"""How far a rev may lie ahead of our clock: consumers of the firehose refuse more."""


class Imports:
    """Takes in commits that the account's own key has signed."""

    def __init__(self, db: Database, repos: Repos, resolver: DidResolver, minter: Minter) -> None:
        self._db = db
        self._repos = repos
        self._resolver = resolver
        self._minter = minter
        self._held = 0

    async def receive(self, did: Did, pieces: AsyncIterator[bytes]) -> None:
        """Do as `update` does with a CAR that is still on its way. Raises what that does, and TooManyRequests."""
        await self._db.read(lambda tx: _standing(tx, did))
        body: list[bytes] = []
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                async for piece in pieces:
                    body.append(piece)
                    self._held += len(piece)
                    if self._held > MAX_HELD_BYTES:
                        raise TooManyRequests("Too many repositories arrive at once; try again in a minute")
        except TimeoutError:
            raise InvalidRequest(f"The CAR took longer than {RECEIVE_SECONDS} seconds to arrive") from None
        else:
            await self.update(did, b"".join(body))
        finally:
            self._held -= sum(map(len, body))

    async def update(self, did: Did, body: bytes) -> None:
        """Move the repository to the commit in a CAR; sending the present one again changes nothing.

        Raises RepoNotFound and its kin, InvalidRequest for whatever does not hold, UpstreamFailure where the DID's
        document cannot be had.
        """
        account, head = await self._db.read(lambda tx: _standing(tx, did))
        sent = await asyncio.to_thread(_read, body)
        commit = _commit(sent)
        if commit.cid == head.cid:
            return
        self._check_place(commit, did, head)
        await self._check_signature(commit)
        try:
            changes, blocks = await self._db.read(lambda tx: _changes(tx, account, head, commit, sent.blocks))
            ops, new = await asyncio.to_thread(_ops, changes, blocks)
            await self._db.write(lambda tx: self._apply(tx, account, head, commit, ops, new))
        except InvalidSwap:
            # The same commit may have come in meanwhile, from a client that repeats itself: then all is as it asks.
            _, current = await self._db.read(lambda tx: _standing(tx, did))
            if current.cid != commit.cid:
                raise

    def _check_place(self, commit: Commit, did: Did, head: Head) -> None:
        """Refuse a commit for another repository, one that is not after ours, and one from the future."""
        if commit.did != did:
            raise InvalidRequest(f"The commit is for {commit.did}, not {did}")
        if commit.rev <= head.rev:
            raise InvalidRequest(f"The commit's rev {commit.rev} is stale: the repository is at {head.rev}")
        if commit.rev > Tid.of(self._minter.clock() + FUTURE_SECONDS * 1_000_000, 0):
            raise InvalidRequest(f"The commit's rev {commit.rev} is in the future: check the clock it was made with")
        if commit.prev is not None and commit.prev != head.cid:
            raise InvalidRequest(f"The commit's prev is {commit.prev}, but the repository is at {head.cid}")

    async def _check_signature(self, commit: Commit) -> None:
        try:
            document = await self._resolver.resolve(commit.did, fresh=True)
        except NetError as error:
            raise UpstreamFailure(f"Could not resolve DID: {commit.did}") from error
        try:
            key = document.signing_key
        except IdentityError as error:
            raise InvalidRequest(f"The key in the DID document cannot be used: {error}") from error
        if key is None:
            raise InvalidRequest("The DID document names no #atproto key")
        try:
            commits.verify(commit, key)
        except InvalidCommit as error:
            raise InvalidRequest(f"The signature does not hold: {error}") from error

    def _apply(
        self, tx: Tx, account: Account, head: Head, commit: Commit, ops: Sequence[RepoOp], new: "_Records"
    ) -> None:
        _check_still(tx, account, head)

        def sign(data: Cid) -> Commit:
            if data != commit.data:
                raise InvalidCommit(f"the signed tree {commit.data} is not the one that its records make, {data}")
            return commit

        base = self._repos.base(tx, account.id, head, [op.path.encode() for op in ops])
        try:
            made = draft(base, ops, sign)
        except RepoError as error:
            raise InvalidRequest(f"The repository is not valid: {error}") from error
        self._repos.store(tx, account.id, made, new.json, new.pointers)


def _standing(tx: Tx, did: Did) -> tuple[Account, Head]:
    account = hosting.readable(tx, did)
    return account, head_of(tx, account)


def _check_still(tx: Tx, account: Account, head: Head) -> None:
    """Refuse to go on when the repository has left the head that the commit was judged by: its nodes are others now."""
    current = heads.get(tx, account.id)
    if current is None or current.cid != head.cid:
        raise InvalidSwap("The repository was written to meanwhile: fetch it and make the commit again")


def _read(body: bytes) -> Car:
    try:
        sent = car.read(body, max_blocks=MAX_CAR_BLOCKS, max_bytes=MAX_CAR_BYTES)
    except DataError as error:
        raise InvalidRequest(f"The body is not a CAR that can be used: {error}") from error
    if len(sent.roots) != 1:
        raise InvalidRequest(f"The CAR must have one root, not {len(sent.roots)}")
    return sent


def _commit(sent: Car) -> Commit:
    (root,) = sent.roots
    block = sent.blocks.get(root)
    if block is None:
        raise InvalidRequest(f"The CAR does not hold its root {root}")
    try:
        return commits.parse(block)
    except InvalidCommit as error:
        raise InvalidRequest(f"The CAR's root is not a commit: {error}") from error


def _changes(
    tx: Tx, account: Account, head: Head, commit: Commit, blocks: Mapping[Cid, bytes]
) -> tuple[list[Change], Mapping[Cid, bytes]]:
    """Return what the commit's tree changes, and blocks for it all: one that was not sent may be one that we have."""
    _check_still(tx, account, head)
    repo, looked_for = account.id, list[Cid]()

    def ours(link: Link) -> Node:
        if link.node is None:
            load(tx, repo, [link])
        assert link.node is not None, "it was loaded"
        return link.node

    def theirs(link: Link) -> Node:
        assert link.cid is not None, "a parsed link is clean"
        block = blocks.get(link.cid)
        if block is not None:
            if len(block) > MAX_NODE_BYTES:
                raise InvalidNode(f"node {link.cid} is larger than any can be")
            return mst.decode(block)
        looked_for.append(link.cid)
        row = nodes.find(tx, repo, link.cid) if len(looked_for) <= MAX_LOOKED_FOR else None
        if row is None:
            raise MissingBlock(link.cid)
        return mst.decode(row.block)

    try:
        found = mst.diff(Link(head.data, head.root), Link(commit.data), ours, theirs)
        changes = list(islice(found, MAX_CHANGES + 1))
    except RepoError as error:
        raise InvalidRequest(f"The repository is not valid: {error}") from error
    if len(changes) > MAX_CHANGES:
        raise InvalidRequest(f"Too many changes. Max: {MAX_CHANGES}; send them as several commits")
    return changes, {**_held(tx, repo, changes, blocks), **blocks}


def _held(tx: Tx, repo: int, changes: Sequence[Change], blocks: Mapping[Cid, bytes]) -> dict[Cid, bytes]:
    """Return the records that were not sent because they stand at another path already."""
    missing = {change.after for change in changes if change.after is not None} - blocks.keys()
    if not missing:
        return {}
    return {cid: block for cid, block in records.blocks(tx, repo) if cid in missing}


class _Records(msgspec.Struct, frozen=True):
    """Records that come with a commit, by path: their JSON, and what those point to that point to anything."""

    json: dict[str, bytes] = {}
    pointers: dict[str, Pointers] = {}

    def add(self, path: str, block: bytes) -> None:
        """Read a record. Raises InvalidRequest."""
        record = record_of(path, block)
        self.json[path] = dumps(record)
        points = pointers(path, record, block)
        if points is not NOTHING:
            self.pointers[path] = points


def _ops(changes: Sequence[Change], blocks: Mapping[Cid, bytes]) -> tuple[list[RepoOp], _Records]:
    """Return the operations that make the changes, and the records that they bring."""
    ops: list[RepoOp] = []
    new = _Records()
    for change in changes:
        try:
            path = change.key.decode("ascii")
            parse_path(path)
        except (UnicodeDecodeError, RepoError) as error:
            raise InvalidRequest(f"A record's path is not valid: {error}") from error
        if change.after is None:
            ops.append(Delete(path))
            continue
        block = blocks.get(change.after)
        if block is None:
            raise InvalidRequest(f"{path}: the CAR does not hold its record {change.after}")
        new.add(path, block)
        ops.append(Create(path, block) if change.before is None else Update(path, block))
    return ops, new
