"""What the administrator and the moderators can take down: accounts, their records and their blobs.

A takedown has a reference, by which whoever made it finds its reasons again. What is taken down stays where it is, and
is not shown; it can be restored as it was.
"""

from datetime import UTC, datetime

import msgspec

from roost.services import events
from roost.services.admin import known
from roost.services.audit import Action
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest, SubjectNotFound
from roost.storage import accounts, sessions
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import Did, now_text


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether something is so, and the reference of why."""

    applied: bool
    ref: str | None = None


class Status(msgspec.Struct, frozen=True):
    """How a subject stands; `deactivated` is None for what cannot be."""

    takedown: Mark
    deactivated: Mark | None = None


class Subjects:
    """Takes down, and restores."""

    def __init__(self, db: Database, minter: Minter) -> None:
        self._db = db
        self._minter = minter

    async def account(self, did: Did) -> Status:
        """Return how an account stands. Raises SubjectNotFound."""
        account = await self._db.read(lambda tx: accounts.by_did(tx, did))
        if account is None:
            raise SubjectNotFound("Subject not found")
        return _status(account)

    async def set_account(self, did: Did, *, takedown: Mark | None, deactivated: Mark | None, action: Action) -> Status:
        """Change an account's states, and tell the network of them, also where nothing changes.

        A takedown ends all its sessions. Raises UnknownAccount, InvalidRequest.
        """
        action.about(did, did=did)
        if takedown is not None and takedown.applied and deactivated is not None and not deactivated.applied:
            raise InvalidRequest("Cannot activate and takedown an account at the same time")

        def change(tx: Tx) -> Status:
            before = known(tx, did)
            now = self._minter.milliseconds()
            if takedown is not None:
                ref = self._ref(takedown)
                accounts.set_takedown(tx, before.id, ref)
                if ref is not None:
                    sessions.revoke_all(tx, before.id)
            if deactivated is not None:
                accounts.set_deactivated(tx, before.id, now if deactivated.applied else None)
            after = accounts.by_id(tx, before.id)
            assert after is not None, "it was read above"
            events.append_account(tx, after.id, did, after.status, now=now)
            action.note(tx, status=after.status, was=before.status, ref=after.takedown_ref)
            return _status(after)

        return await self._db.write(change)

    def _ref(self, takedown: Mark) -> str | None:
        """Return what a takedown is known by: the reference that was given, or else its time."""
        if not takedown.applied:
            return None
        return takedown.ref or now_text(datetime.fromtimestamp(self._minter.milliseconds() / 1000, UTC))


def _status(account: Account) -> Status:
    return Status(
        Mark(account.takedown_ref is not None, account.takedown_ref), Mark(account.deactivated_at is not None)
    )
