"""A whole repository put in the place of another: judged, staged, decided on, moved.

    judged and staged    a batch at a time, with no effect; a refusal or a crash leaves the repository as it was
    decided              in one transaction: the new commit is signed, and if little has changed all is done at once
    moved                the rest a little at a time; nobody may read meanwhile, and a restart goes on with it

So other writers wait for one batch at the most, however large the repository is, and no mixture of the two is ever
seen. Deliberately does not know where a repository comes from, and whether it may.
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import msgspec
import structlog

from roost.data.cid import SIZE, Cid
from roost.repo import Commit
from roost.repo import commit as commits
from roost.services import events, indexes
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, InvalidRequest, InvalidSwap
from roost.services.judging import Batch, Fetch, Judgement, Standing
from roost.services.keyring import Keyring
from roost.services.references import unpacked
from roost.storage import accounts, heads, nodes, records, staging
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.heads import Head
from roost.syntax import Tid

log = structlog.get_logger(__name__)

AT_ONCE_ROWS: Final = 20_000
AT_ONCE_BYTES: Final = 32_000_000
"""What may be moved in the transaction that decides: a tenth of a second or two, for which others wait."""

STEP_ROWS: Final = 500
STEP_BYTES: Final = 1_000_000
"""What is moved in one transaction otherwise: some 5 ms."""

TRIES: Final = 3
"""How often a replacement is made ready for a repository that others write to meanwhile."""

May = Callable[[Account, Head], None]
"""Raises what keeps a repository from taking the place of the one at that head, in the state that its account is in."""

Sign = Callable[[Tx, Account, Head], Commit]
"""Returns the commit to end with, given what stands before; its tree is the judged one."""


class Ready(msgspec.Struct):
    """A repository that has been judged and staged."""

    staging: int
    root: int = 0
    next_n: int = 0
    nodes: int = 0
    records: int = 0
    bytes: int = 0

    @property
    def small(self) -> bool:
        """Whether all of it may be moved at once."""
        return self.nodes + self.records <= AT_ONCE_ROWS and self.bytes <= AT_ONCE_BYTES


class Replacing:
    """Replaces repositories."""

    def __init__(self, db: Database, keyring: Keyring, background: Background, minter: Minter) -> None:
        self._db = db
        self._keyring = keyring
        self._background = background
        self._minter = minter

    async def resume(self) -> None:
        """Finish what an earlier process decided on, before anybody is served, and drop what it did not."""
        for found in await self._db.read(staging.decided):
            log.info("a repository's import is finished", account=found.account)
            await self._move(found)
        before = self._minter.milliseconds() + 1
        for dead in await self._db.read(lambda tx: staging.undecided(tx, before)):
            self._background.start("clean-up after an import", self._drop(dead))

    async def replace(
        self,
        account: int,
        data: Cid,
        fetch: Fetch,
        *,
        after: Tid | None,
        may: May = lambda _owner, _head: None,
        judged: Callable[[], None] = lambda: None,
    ) -> bool:
        """Put the repository whose tree is at `data` in the place of the account's, signed anew with its own key.

        Its rev comes after `after` too. `judged` is called in a thread once every block of it has been fetched, and
        `may` in the transaction that decides. Returns whether that changed anything: the same tree again does not.
        Raises InvalidRequest for whatever does not hold, InvalidSwap while others keep writing, AccountNotFound, and
        what those two do.
        """

        def sign(tx: Tx, owner: Account, head: Head) -> Commit:
            key = self._keyring.signing_key(tx, owner.id, owner.did)
            rev = self._minter.rev(max(head.rev, after) if after is not None else head.rev)
            return commits.sign(owner.did, data=data, rev=rev, key=key)

        for _ in range(TRIES):
            head = await self._db.read(lambda tx: _head(tx, account))
            if head.data == data and (after is None or head.rev > after):
                return False
            ready = await self._stage(account, head, data, fetch)
            try:
                await asyncio.to_thread(judged)
                decided = await self._db.write(
                    partial(self._decide, account=account, before=head, ready=ready, may=may, sign=sign)
                )
            except InvalidSwap:
                self._background.start("clean-up after an import", self._drop(ready.staging))
                continue
            except BaseException:
                self._background.start("clean-up after an import", self._drop(ready.staging))
                raise
            if decided is not None:
                await self._move(decided)
            return True
        raise InvalidSwap("The repository is being written to; try again when nothing else writes to it")

    async def _stage(self, account: int, head: Head, data: Cid, fetch: Fetch) -> Ready:
        before = await self._standing(account, head)
        return await stage(self._db, self._background, account, Judgement(data, fetch, before), self._minter)

    async def _standing(self, account: int, head: Head) -> Standing:
        """Return what stands there now, read in a thread: it may be a million rows."""
        found = Standing({}, {}, head.next_n)
        rest = b""
        async for chunk in self._db.stream(lambda tx: _packed(tx, account)):
            rest = _unpack(rest + chunk, found)
        assert not rest, "what was packed is whole"
        return found

    def _decide(self, tx: Tx, account: int, before: Head, ready: Ready, may: May, sign: Sign) -> staging.Decided | None:
        """Sign the new commit; with it the repository is there, or on its way in bounded steps. Raises InvalidSwap."""
        owner, head = accounts.by_id(tx, account), heads.get(tx, account)
        if owner is None or head is None:
            raise AccountNotFound("Account not found")
        if head.cid != before.cid or staging.moving(tx, account):
            raise InvalidSwap("The repository was written to meanwhile")
        may(owner, head)
        if not ready.small and owner.status is None:
            raise InvalidRequest(
                f"A repository of more than {AT_ONCE_ROWS} changes can only be imported into a deactivated account:"
                " deactivate it, import, and activate it again"
            )
        made = sign(tx, owner, head)
        decided = staging.Decided(ready.staging, account, made.block, ready.root, ready.next_n)
        if not ready.small:
            staging.decide(tx, ready.staging, signed=made.block, root=ready.root, next_n=ready.next_n)
            return decided
        move_all(tx, ready.staging, account, made.rev, now=self._minter.milliseconds())
        self._finish(tx, decided, owner, made)
        return None

    async def _move(self, found: staging.Decided) -> None:
        """Carry out what was decided, a step at a time."""
        made = commits.parse(found.signed)

        def step(tx: Tx) -> bool | None:
            owner = accounts.by_id(tx, found.account)
            if owner is None:
                return None
            done = _move_some(
                tx, found.id, found.account, made.rev, STEP_ROWS, STEP_BYTES, now=self._minter.milliseconds()
            )
            if done:
                self._finish(tx, found, owner, made)
            return done

        while (done := await self._db.write(step)) is False:
            pass
        if done is None:  # the account was deleted meanwhile
            await self._drop(found.id)

    def _finish(self, tx: Tx, found: staging.Decided, owner: Account, made: Commit) -> None:
        heads.put(tx, owner.id, Head(made.cid, made.rev, made.data, made.block, found.root, found.next_n))
        staging.end(tx, found.id)
        if owner.status is None:
            events.append_sync(tx, owner.id, made, now=self._minter.milliseconds())

    async def _drop(self, id: int) -> None:
        await drop(self._db, id)


async def stage(db: Database, background: Background, account: int, judgement: Judgement, minter: Minter) -> Ready:
    """Stage what a repository changes in an account's, a batch at a time. What is refused on the way is dropped again.

    Raises what `Judgement.batches` does.
    """
    now = minter.milliseconds()
    ready = Ready(await db.write(lambda tx: staging.begin(tx, account, now)))
    batches = judgement.batches()
    try:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await db.write(partial(_stage, ready=ready, batch=batch))
            ready.nodes += len(batch.nodes)
            ready.records += len(batch.records)
            ready.bytes += batch.bytes
    except BaseException:
        background.start("clean-up after an import", drop(db, ready.staging))
        raise
    ready.root, ready.next_n = judgement.root, judgement.next_n
    return ready


def move_all(tx: Tx, id: int, account: int, rev: Tid, *, now: int) -> None:
    """Put all that is staged in its place; `now` is in milliseconds since 1970."""
    while not _move_some(tx, id, account, rev, AT_ONCE_ROWS, AT_ONCE_BYTES, now=now):
        pass


async def drop(db: Database, id: int) -> None:
    """Remove a staging that came to nothing."""

    def some(tx: Tx) -> bool:
        return staging.drop_some(tx, id, rows=STEP_ROWS, max_bytes=STEP_BYTES)

    while not await db.write(some):
        pass


def _move_some(tx: Tx, id: int, account: int, rev: Tid, rows: int, max_bytes: int, *, now: int) -> bool:
    """Move a few rows, with what is kept beside records; return whether none was left."""
    moved = staging.move_some(tx, id, account, rev, rows=rows, max_bytes=max_bytes)
    if moved:
        stood = [record.path for record in moved if record.stood]
        points = {record.path: unpacked(record.pointers) for record in moved if record.pointers is not None}
        indexes.keep_arriving(tx, account, rev, stood, points, now=now)
    return moved is None


def _head(tx: Tx, account: int) -> Head:
    head = heads.get(tx, account)
    if head is None:
        raise AccountNotFound("Account not found")
    return head


def _stage(tx: Tx, ready: Ready, batch: Batch) -> None:
    if not staging.stands(tx, ready.staging):
        raise InvalidRequest("The import took too long; try again")
    staging.add_nodes(tx, ready.staging, ready.nodes, batch.nodes)
    staging.add_records(tx, ready.staging, ready.records, batch.records)


def _packed(tx: Tx, repo: int) -> Iterator[bytes]:
    """Yield what stands in a repository: each node as 0, its number and CID, each record as its path's length, CID and
    path.
    """
    for n, cid in nodes.names(tx, repo):
        yield b"\0\0" + n.to_bytes(4) + cid
    for path, cid in records.names(tx, repo):
        text = path.encode()
        yield len(text).to_bytes(2) + cid + text


def _unpack(data: bytes, into: Standing) -> bytes:
    """Read what is whole, and return the rest."""
    at = 0
    while len(data) - at >= 2 + 4 + SIZE:
        length = int.from_bytes(data[at : at + 2])
        if length == 0:
            into.nodes[Cid(data[at + 6 : at + 6 + SIZE])] = int.from_bytes(data[at + 2 : at + 6])
            at += 6 + SIZE
            continue
        end = at + 2 + SIZE + length
        if end > len(data):
            break
        into.records[data[at + 2 + SIZE : end].decode()] = Cid(data[at + 2 : at + 2 + SIZE])
        at = end
    return data[at:]
