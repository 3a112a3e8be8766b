"""Taking over the accounts of a reference server from its data directory, each in one transaction, or not at all.

An account keeps everything that others know it by: its DID, handle and signing key, its commit where that key has
signed it, its blobs, its state. Sessions, mailed tokens and the grants of OAuth end with the old server. What cannot be
taken is reported, and leaves that account or that part of it out; the rest goes on, and a second run takes up where the
first one ended. Deliberately does not know how the old server keeps its rows (`roost.storage.reference`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

import msgspec
import orjson

from roost.crypto import password
from roost.crypto.errors import CryptoError
from roost.crypto.keys import PrivateKey
from roost.data.cid import Cid
from roost.repo import Commit
from roost.repo import commit as commits
from roost.repo.errors import InvalidCommit
from roost.repo.foreign import ForeignCommit, parse_foreign
from roost.services import events
from roost.services.audit import Action
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest
from roost.services.judging import Judgement, Standing
from roost.services.keyring import Keyring
from roost.services.replacing import Ready, move_all, stage
from roost.storage import accounts, app_passwords, blobs, doomed, heads, invites, records, restored, staging
from roost.storage import events as log
from roost.storage.accounts import Account
from roost.storage.app_passwords import AppPassword
from roost.storage.db import Database, Tx
from roost.storage.errors import ReferenceUnreadable
from roost.storage.heads import Head
from roost.storage.objects import Objects, new_name
from roost.storage.reference import (
    ReferenceAccount,
    ReferenceActor,
    ReferenceAppPassword,
    ReferenceBlob,
    ReferenceData,
    ReferenceInvite,
)
from roost.syntax import Did, Handle, InvalidSyntax

__all__ = ["ReferenceAccount", "ReferenceData", "Taken", "Takeover", "examine"]

ROTATION_KEY: Final = "plc-rotation-key"

UNREADABLE: Final = "its password cannot be read: it needs a reset"

STORE_MS: Final = 24 * 3600 * 1000
"""How long an account may take from its first blob to its transaction."""


class Taken(msgspec.Struct):
    """What came of one account; `problems` is what was left out of it, `already` if it was here.

    `resigned` is one whose repository begins with a commit of its own key here, in place of another key's.
    """

    who: str
    records: int = 0
    blobs: int = 0
    bytes: int = 0
    already: bool = False
    resigned: bool = False
    problems: list[str] = []
    notes: list[str] = []


class _Source(msgspec.Struct, frozen=True):
    """An account's own part of the data directory, opened; `kept` is its commit where that can stay."""

    account: ReferenceAccount
    did: Did
    handle: Handle
    actor: ReferenceActor
    key: PrivateKey
    commit: ForeignCommit
    kept: Commit | None
    app_passwords: list[ReferenceAppPassword]
    preferences: list[object]


class Takeover:
    """Takes accounts over, on a server that nobody is served by."""

    def __init__(
        self, db: Database, keyring: Keyring, objects: Objects, background: Background, minter: Minter
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._objects = objects
        self._background = background
        self._minter = minter

    async def set_rotation_key(self, secret: bytes) -> None:
        """Make the old server's PLC rotation key ours. Raises InvalidRequest if accounts here rely on another."""
        try:
            PrivateKey.from_bytes(secret)
        except CryptoError as error:
            raise InvalidRequest(f"The PLC rotation key cannot be used: {error}") from error
        if await self._keyring.secret(self._db, ROTATION_KEY) == secret:
            return
        if await self._db.read(accounts.count):
            raise InvalidRequest(
                "This server has accounts already, and a PLC rotation key of its own: take the accounts over into a"
                " new data directory"
            )
        await self._keyring.replace_secret(self._db, ROTATION_KEY, secret)

    async def take(self, data: ReferenceData, account: ReferenceAccount, action: Action) -> Taken:
        """Take one account over, or bring it the blobs that an earlier run did not find; what could not be is in the
        answer's `problems`.
        """
        taken = Taken(account.handle or account.did)
        here = await self._db.read(lambda tx: accounts.by_did(tx, Did(account.did)))
        if here is not None:
            taken.already = True
            if account.password is not None and here.password is None:
                taken.problems.append(UNREADABLE)
            await self._complete(data, here, taken, action)
            return taken

        async def take(source: _Source) -> None:
            action.about(source.did, did=source.did)
            judgement = Judgement(source.commit.data, source.actor.block, Standing({}, {}, 1))
            ready = await stage(self._db, self._background, 0, judgement, self._minter)
            found = await asyncio.to_thread(lambda: list(source.actor.blobs()))
            stored = await self._store_blobs(data, source.did, found, taken)
            taken.records = judgement.records
            await self._db.write(lambda tx: self._settle(tx, source, ready, stored, taken, action))

        await _with_source(data, account, taken, take)
        return taken

    async def begin(self, data: ReferenceData, action: Action) -> int:
        """Take over the invite codes and the log's end, but not its events, and note it; return how many codes.

        Sequence numbers go on above the old ones, and whoever has not read all of those is told OutdatedCursor.
        """
        codes = await asyncio.to_thread(lambda: list(data.invites()))
        last = await asyncio.to_thread(data.last_seq)

        def settle(tx: Tx) -> int:
            log.begin_after(tx, last)
            count = sum([_restore_invite(tx, each) for each in codes])
            action.note(tx, invites=count, after=last)
            return count

        return await self._db.write(settle)

    async def _complete(self, data: ReferenceData, here: Account, taken: Taken, action: Action) -> None:
        """Bring along the blobs that records here refer to and that are missing; what is still wrong is told again.

        No others: what its owner has deleted here meanwhile does not come back.
        """
        expected, present = await self._db.read(lambda tx: blobs.counts(tx, here.id))
        if expected == present:
            return
        try:
            with closing(await asyncio.to_thread(lambda: data.actor(here.did))) as actor:
                listed = await asyncio.to_thread(lambda: list(actor.blobs()))
        except ReferenceUnreadable as error:
            taken.problems.append(f"{expected - present} blobs are missing: {error}")
            return
        missing = await self._db.read(lambda tx: [blob for blob in listed if _is_missing(tx, here.id, blob)])
        stored = await self._store_blobs(data, here.did, missing, taken)
        if stored:
            action.about(here.did, did=here.did)
            await self._db.write(lambda tx: self._fill(tx, here.id, stored, action))

    def _fill(self, tx: Tx, account: int, stored: list[tuple[ReferenceBlob, str]], action: Action) -> None:
        for blob, object in stored:
            _add_blob(tx, account, blob, object, self._minter.milliseconds())
        action.note(tx, blobs=len(stored))

    async def _store_blobs(
        self, data: ReferenceData, did: Did, found: list[ReferenceBlob], taken: Taken
    ) -> list[tuple[ReferenceBlob, str]]:
        """Store an account's blobs, each as an object that is removed again unless the account comes to be."""
        stored = []
        for blob in found:
            if blob.temporary:
                continue
            path = await asyncio.to_thread(_file_of, data, did, blob, taken)
            if path is None:
                continue
            object = new_name()
            due = self._minter.milliseconds() + STORE_MS
            await self._db.write(partial(doomed.add, object=object, due=due))
            async with self._objects.spool.linked(path) as link:
                await self._objects.put(object, link)
            stored.append((blob, object))
            taken.blobs += 1
            taken.bytes += blob.size
        return stored

    def _settle(
        self,
        tx: Tx,
        source: _Source,
        ready: Ready,
        stored: list[tuple[ReferenceBlob, str]],
        taken: Taken,
        action: Action,
    ) -> None:
        """Make the account, whole."""
        account, now = source.account, self._minter.milliseconds()
        id = self._add(tx, source, taken)
        rev = source.commit.rev
        made = source.kept or commits.sign(
            source.did, data=source.commit.data, rev=self._minter.rev(rev), key=source.key
        )
        move_all(tx, ready.staging, id, made.rev, now=now)
        staging.end(tx, ready.staging)
        heads.put(tx, id, Head(made.cid, made.rev, made.data, made.block, ready.root, ready.next_n))
        for blob, object in stored:
            _add_blob(tx, id, blob, object, now)
        for path, ref in source.actor.taken_down():
            records.set_takedown(tx, id, path, ref)
        if source.preferences:
            restored.preferences(tx, id, orjson.dumps(source.preferences))
        if source.kept is None:
            taken.resigned = True
            if account.takedown_ref is None and account.deactivated_at is None:
                events.append_sync(tx, id, made, now=now)
        action.note(tx, records=taken.records, blobs=taken.blobs, resigned=taken.resigned)

    def _add(self, tx: Tx, source: _Source, taken: Taken) -> int:
        account = source.account
        email = None if account.email is None else account.email.lower()
        if accounts.by_handle(tx, source.handle) is not None or (email and accounts.by_email(tx, email) is not None):
            raise InvalidRequest(f"another account here has the handle {source.handle} or its email address")
        stored = None
        if account.password is not None:
            try:
                stored = password.from_reference(account.password)
            except CryptoError:
                taken.problems.append(UNREADABLE)
        id = accounts.add(
            tx,
            did=source.did,
            handle=source.handle,
            email=email,
            password=stored,
            signing_key=self._keyring.seal_key(source.did, source.key),
            now=account.created_at,
        )
        accounts.restore(
            tx, id, email_confirmed_at=account.email_confirmed_at, invites_disabled=account.invites_disabled
        )
        if account.deactivated_at is not None:
            accounts.set_deactivated(tx, id, account.deactivated_at, delete_after=account.delete_after)
        if account.takedown_ref is not None:
            accounts.set_takedown(tx, id, account.takedown_ref)
        for each in source.app_passwords:
            password_of = AppPassword(each.name, each.privileged, each.created_at)
            app_passwords.add(tx, id, password_of, digest=bytes.fromhex(each.hash))
        return id


async def examine(data: ReferenceData, account: ReferenceAccount) -> Taken:
    """Judge an account as `Takeover.take` would, and write nothing."""
    found = Taken(account.handle or account.did)

    async def judge(source: _Source) -> None:
        judgement = Judgement(source.commit.data, source.actor.block, Standing({}, {}, 1))
        found.resigned = source.kept is None
        await asyncio.to_thread(lambda: sum(1 for _ in judgement.batches()))
        found.records = judgement.records
        for blob in await asyncio.to_thread(lambda: list(source.actor.blobs())):
            if not blob.temporary and await asyncio.to_thread(_file_of, data, source.did, blob, found) is not None:
                found.blobs += 1
                found.bytes += blob.size

    await _with_source(data, account, found, judge)
    return found


async def _with_source(
    data: ReferenceData, account: ReferenceAccount, taken: Taken, work: Callable[[_Source], Awaitable[None]]
) -> None:
    """Do something with an account's own part; what is wrong with that goes into the problems."""
    try:
        actor = await asyncio.to_thread(lambda: data.actor(Did.parse(account.did)))
    except (ReferenceUnreadable, InvalidSyntax) as error:
        taken.problems.append(f"not taken over: {error}")
        return
    try:
        source = await asyncio.to_thread(_source, data, account, actor, taken)
        await work(source)
    except (ReferenceUnreadable, InvalidRequest) as error:
        taken.problems.append(f"not taken over: {error}")
    finally:
        await asyncio.to_thread(actor.close)


def _restore_invite(tx: Tx, invite: ReferenceInvite) -> bool:
    return invites.restore(
        tx,
        invite.code,
        uses=invite.available,
        left=max(0, invite.available - len(invite.used)),
        disabled=invite.disabled,
        for_account=invite.for_account,
        created_by=invite.created_by,
        now=invite.created_at,
        used=invite.used,
    )


def _source(data: ReferenceData, account: ReferenceAccount, actor: ReferenceActor, taken: Taken) -> _Source:
    """Open an account's own part. Raises InvalidRequest, ReferenceUnreadable."""
    did = Did.parse(account.did)
    try:
        handle = Handle.parse(account.handle) if account.handle else _no_handle(did)
    except InvalidSyntax as error:
        raise InvalidRequest(f"its handle cannot be one: {error}") from error
    if account.handle is None:
        taken.notes.append(f"it had no handle, and is called {handle} here until it has one")
    try:
        key = PrivateKey.from_bytes(actor.key())
    except CryptoError as error:
        raise InvalidRequest(f"its signing key cannot be used: {error}") from error
    root = actor.root()
    block = None if root is None else actor.block(root)
    if block is None:
        raise InvalidRequest("its repository has no commit")
    try:
        commit = parse_foreign(block)
    except InvalidCommit as error:
        raise InvalidRequest(f"its commit cannot be read: {error}") from error
    if commit.did != did:
        raise InvalidRequest(f"its repository is that of {commit.did}")
    return _Source(
        account, did, handle, actor, key, commit, _kept(block, key), data.app_passwords(did), _preferences(actor)
    )


def _kept(block: bytes, key: PrivateKey) -> Commit | None:
    """Return the commit if it can stay: an account that moved there may still have its former host's signature."""
    try:
        commit = commits.parse(block)
        commits.verify(commit, key.public)
    except InvalidCommit:
        return None
    return commit


def _preferences(actor: ReferenceActor) -> list[object]:
    try:
        return [orjson.loads(text) for _, text in actor.preferences()]
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"its preferences cannot be read: {error}") from error


def _no_handle(did: Did) -> Handle:
    """Return a name that nobody can have: nothing under `.invalid` resolves."""
    return Handle.parse(f"no-handle-{sha256(did.encode()).hexdigest()[:16]}.invalid")


def _file_of(data: ReferenceData, did: Did, blob: ReferenceBlob, taken: Taken) -> Path | None:
    """Return the file of a blob if it holds what it should; otherwise that is a problem."""
    path = data.blob_path(did, blob.cid)
    if path is None:
        taken.problems.append(f"blob {blob.cid} is missing")
        return None
    with path.open("rb") as file:
        if Cid.of_raw_digest(file_digest(file, "sha256").digest()) != blob.cid:
            taken.problems.append(f"blob {blob.cid} is damaged")
            return None
    return path


def _is_missing(tx: Tx, account: int, blob: ReferenceBlob) -> bool:
    found = blobs.get(tx, account, blob.cid)
    return found is not None and found.object is None


def _add_blob(tx: Tx, account: int, blob: ReferenceBlob, object: str, now: int) -> None:
    size = blob.size
    if not doomed.claim(tx, object, now):
        raise InvalidRequest("its blobs took too long to be stored; try again")
    if blobs.get(tx, account, blob.cid) is not None:
        blobs.fill(tx, account, blob.cid, mime_type=blob.mime_type, size=size, object=object)
    else:
        blobs.add(tx, account, blob.cid, mime_type=blob.mime_type, size=size, object=object, now=now)
    if blob.takedown_ref is not None:
        blobs.set_takedown(tx, account, blob.cid, blob.takedown_ref)
