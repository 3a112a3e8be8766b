"""What the administrator and the moderators can take down: accounts, their records and their blobs.

A takedown has a reference, by which whoever made it finds its reasons again. What is taken down stays where it is, and
is not shown; it can be restored as it was. The network is told of accounts alone: a record stays in its repository,
which its owner has signed.
"""

from datetime import UTC, datetime

import msgspec

from roost.data.cid import Cid
from roost.services import events, hosting
from roost.services.activation import Activation
from roost.services.admin import known
from roost.services.audit import Action
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest, SubjectNotFound
from roost.storage import accounts, blobs, records, sessions
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import AtUri, Did, now_text


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether something is so, and the reference of why."""

    applied: bool
    ref: str | None = None


class Status(msgspec.Struct, frozen=True):
    """How an account stands."""

    takedown: Mark
    deactivated: Mark


class Subjects:
    """Takes down, and restores."""

    def __init__(self, db: Database, activation: Activation, minter: Minter) -> None:
        self._db = db
        self._activation = activation
        self._minter = minter

    async def account(self, did: Did) -> Status:
        """Return how an account stands. Raises SubjectNotFound."""
        account = await self._db.read(lambda tx: accounts.by_did(tx, did))
        if account is None:
            raise SubjectNotFound("Subject not found")
        return _status(account)

    async def record(self, uri: AtUri) -> tuple[Cid, Mark]:
        """Return the CID of the record that stands there, and whether it is taken down. Raises SubjectNotFound."""

        def read(tx: Tx) -> tuple[Cid, Mark]:
            account, path = _place(tx, uri)
            found = records.block(tx, account.id, path)
            if found is None:
                raise SubjectNotFound("Subject not found")
            return found[0], _mark(records.takedown(tx, account.id, path))

        return await self._db.read(read)

    async def blob(self, did: Did, cid: Cid) -> Mark:
        """Return whether an account's blob is taken down. Raises SubjectNotFound."""

        def read(tx: Tx) -> Mark:
            account = accounts.by_did(tx, did)
            found = None if account is None else blobs.get(tx, account.id, cid)
            if found is None:
                raise SubjectNotFound("Subject not found")
            return _mark(found.takedown_ref)

        return await self._db.read(read)

    async def set_account(self, did: Did, *, takedown: Mark | None, deactivated: Mark | None, action: Action) -> Status:
        """Change an account's states, and tell the network of them, also where nothing changes.

        A takedown ends all its sessions; activating takes a DID document that leads here. Raises UnknownAccount,
        InvalidRequest, UpstreamFailure.
        """
        action.about(did, did=did)
        if deactivated is None or deactivated.applied:
            return await self._db.write(lambda tx: self._mark_account(tx, did, takedown, deactivated, action))
        if takedown is not None and takedown.applied:
            raise InvalidRequest("Cannot activate and takedown an account at the same time")
        account = await self._db.read(lambda tx: known(tx, did))
        if takedown is not None:
            await self._db.write(lambda tx: self._mark_account(tx, did, takedown, None, action))
        elif account.takedown_ref is not None:
            raise InvalidRequest("The account is taken down: restore it first")
        await self._activation.activate(account.id, action=action)
        return await self.account(did)

    def _mark_account(
        self, tx: Tx, did: Did, takedown: Mark | None, deactivated: Mark | None, action: Action
    ) -> Status:
        before = known(tx, did)
        now = self._minter.milliseconds()
        if takedown is not None:
            ref = self._ref(takedown)
            accounts.set_takedown(tx, before.id, ref)
            if ref is not None:
                sessions.revoke_all(tx, before.id)
        if deactivated is not None:
            accounts.set_deactivated(tx, before.id, now)
        after = known(tx, did)
        events.append_account(tx, after.id, did, after.status, now=now)
        action.note(tx, status=after.status, was=before.status, ref=after.takedown_ref)
        return _status(after)

    async def set_record(self, uri: AtUri, takedown: Mark, *, action: Action) -> Mark:
        """Hide what stands at a record's place from readers, or show it again. Raises SubjectNotFound, InvalidRequest.

        What its owner writes there meanwhile is hidden too.
        """
        action.about(uri)

        def change(tx: Tx) -> Mark:
            account, path = _place(tx, uri)
            action.about(AtUri.at(account.did, path), did=account.did)
            was, ref = records.takedown(tx, account.id, path), self._ref(takedown)
            if was is None and records.block(tx, account.id, path) is None:
                raise SubjectNotFound("Subject not found")
            records.set_takedown(tx, account.id, path, ref)
            action.note(tx, takedown=ref, was=was)
            return _mark(ref)

        return await self._db.write(change)

    async def set_blob(self, did: Did, cid: Cid, takedown: Mark, *, action: Action) -> Mark:
        """Keep an account's blob from being served and referred to, or let it again.

        Raises SubjectNotFound, InvalidRequest.
        """
        action.about(f"{did} {cid}", did=did)

        def change(tx: Tx) -> Mark:
            account = accounts.by_did(tx, did)
            found = None if account is None else blobs.get(tx, account.id, cid)
            if account is None or found is None:
                raise SubjectNotFound("Subject not found")
            ref = self._ref(takedown)
            blobs.set_takedown(tx, account.id, cid, ref)
            action.note(tx, takedown=ref, was=found.takedown_ref)
            return _mark(ref)

        return await self._db.write(change)

    def _ref(self, takedown: Mark) -> str | None:
        """Return what a takedown is known by: the reference that was given, or else its time. Raises InvalidRequest."""
        if not takedown.applied:
            return None
        if "\0" in (takedown.ref or ""):
            raise InvalidRequest("A takedown's reference cannot hold NUL")  # not every database could keep it
        return takedown.ref or now_text(datetime.fromtimestamp(self._minter.milliseconds() / 1000, UTC))


def _place(tx: Tx, uri: AtUri) -> tuple[Account, str]:
    """Return whose record a URI means, and its path. Raises SubjectNotFound, and InvalidRequest for no record's."""
    if uri.collection is None or uri.rkey is None:
        raise InvalidRequest(f"Not the URI of a record: {uri}")
    account = hosting.find(tx, uri.authority)
    if account is None:
        raise SubjectNotFound("Subject not found")
    return account, f"{uri.collection}/{uri.rkey}"


def _status(account: Account) -> Status:
    return Status(_mark(account.takedown_ref), Mark(account.deactivated_at is not None))


def _mark(ref: str | None) -> Mark:
    return Mark(ref is not None, ref)
