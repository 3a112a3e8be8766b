"""The audit log: what was done with the administrator's rights, by whom, to what, and what came of it.

A method of the administrator's is lent an `Action`, and notes in the transaction of its change what changed; the
registry does not serve one that takes none. Whatever a method forgets, or is refused, is noted when it ends. The log
holds what is told to `note` and nothing of the request: passwords and the texts of mails are never told.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from roost.services.clock import Minter
from roost.storage import audit
from roost.storage.audit import Entry
from roost.storage.db import Database, Tx
from roost.syntax import Did

__all__ = ["Action", "Audit", "Entry"]

DONE = "done"
BEGUN = "begun"
"""The outcome of what reaches beyond the database, noted before it does: a crash must not leave it unnoted."""

LATEST = 2**62


class Action:
    """One use of the administrator's rights, from its beginning to its end."""

    __slots__ = ("_db", "_minter", "actor", "address", "did", "ended", "method", "subject")

    def __init__(self, db: Database, minter: Minter, *, method: str, actor: str, address: str | None) -> None:
        self._db = db
        self._minter = minter
        self.method = method
        self.actor = actor
        self.address = address
        self.subject: str | None = None
        self.did: Did | None = None
        self.ended = False  # whether its outcome is durable

    def about(self, subject: str, *, did: Did | None = None) -> None:
        """Say what it is done to, as early as that is known; `did` is the account that the subject is or belongs to."""
        self.subject, self.did = subject, did

    def note(self, tx: Tx, *, outcome: str = DONE, **changed: object) -> None:
        """Note what this transaction changes, or what is BEGUN."""
        audit.add(
            tx,
            at=self._minter.milliseconds(),
            method=self.method,
            actor=self.actor,
            address=self.address,
            subject=self.subject,
            did=self.did,
            changed=changed,
            outcome=outcome,
        )
        if outcome != BEGUN:
            tx.after(self._settle)

    async def begin(self, **changed: object) -> None:
        """Note what is about to be done beyond the database; what comes of it is noted at the action's end."""
        await self._db.write(lambda tx: self.note(tx, outcome=BEGUN, **changed))

    async def end(self, **changed: object) -> None:
        """Note what came of what was begun, where the change is in no transaction of its own."""
        await self._db.write(lambda tx: self.note(tx, outcome=DONE, **changed))

    def _settle(self, durable: bool) -> None:
        self.ended = self.ended or durable


class Audit:
    """Keeps the log."""

    def __init__(self, db: Database, minter: Minter) -> None:
        self._db = db
        self._minter = minter

    @asynccontextmanager
    async def acting(self, method: str, *, actor: str, address: str | None = None) -> AsyncIterator[Action]:
        """Lend an action for the block; what that does not note itself is noted at its end, by the error's name."""
        action = Action(self._db, self._minter, method=method, actor=actor, address=address)
        try:
            yield action
        except Exception as error:
            # The name alone: a message may quote what was sent.
            name = type(error).__name__
            await self._db.write(lambda tx: action.note(tx, outcome=name))
            raise
        if not action.ended:
            await self._db.write(action.note)

    async def page(self, *, before: int = LATEST, limit: int, did: Did | None = None) -> Sequence[Entry]:
        """Return the last `limit` actions below the id `before`, the latest first; `did` chooses one account's."""
        return await self._db.read(lambda tx: audit.page(tx, before=before, limit=limit, did=did))
