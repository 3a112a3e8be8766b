"""Looking after identities: handles that no longer lead to their accounts, DIDs that were changed elsewhere, and
changes that were interrupted.

Each active account is looked at once a day, a few at a time. A handle that leads elsewhere is `handle.invalid` until it
leads back; what only cannot be told is tried again every hour, and counts as lost after a day. A handle that the owner
has put into the DID with a key of their own is taken over here, if it may be had. Whatever changes is told.
"""

from enum import Enum, auto
from typing import Final

import structlog

from roost.net.errors import DidNotResolved, NetError, Unreachable
from roost.net.resolve import DidResolver, HandleResolver
from roost.services import events
from roost.services.clock import Minter
from roost.services.documents import Documents
from roost.services.errors import HandleTaken, ServiceError
from roost.services.handles import Handles
from roost.services.identity_changes import DAY, Change, IdentityChanges
from roost.services.policy import Policy
from roost.storage import accounts
from roost.storage.accounts import INVALID_HANDLE, Account
from roost.storage.db import Database, Tx
from roost.syntax import Handle

log = structlog.get_logger(__name__)

HOUR: Final = 3_600_000

UNSURE_MOST: Final = 24
"""Hours in a row in which nobody can tell whose a handle is, until it counts as nobody's."""

AT_A_TIME: Final = 20
PAUSE_SECONDS: Final = 10.0
"""Between twenty accounts and the next: two a second are 170,000 a day, and no directory minds."""

IDLE_SECONDS: Final = 60.0


class Verdict(Enum):
    """Whether a handle leads to its account."""

    VALID = auto()
    INVALID = auto()
    UNSURE = auto()  # nobody can say


class Upkeep:
    """Looks at identities, one after another."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        changes: IdentityChanges,
        naming: Handles,
        resolver: DidResolver,
        handles: HandleResolver,
        documents: Documents,
        minter: Minter,
    ) -> None:
        self._db = db
        self._policy = policy
        self._changes = changes
        self._naming = naming
        self._resolver = resolver
        self._handles = handles
        self._documents = documents
        self._minter = minter
        self._begun = False
        self._tidied = 0

    async def work(self) -> float:
        """Do a part of what is due, and return after how many seconds to go on: work that is repeated."""
        # What an earlier process left is nobody's but ours to settle; later changes may be under way just now.
        await (self._changes.settle() if self._begun else self._changes.settle(min_age=0))
        self._begun = True
        now = self._minter.milliseconds()
        if now - self._tidied >= HOUR:
            await self._documents.tidy()
            self._tidied = now
        due = await self._db.read(lambda tx: accounts.identity_due(tx, now, AT_A_TIME))
        for account, _ in due:
            await self.look(account)
        return PAUSE_SECONDS if len(due) == AT_A_TIME else IDLE_SECONDS

    async def look(self, account: int) -> Verdict | None:
        """Find out whether the account's handle leads to it, and act on it; None for one that is not active."""
        seen = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if seen is None or seen.status is not None:
            return None
        verdict, claimed = await self._judge(seen)
        if claimed is not None and await self._adopt(seen, claimed):
            return Verdict.VALID
        await self._db.write(lambda tx: self._note(tx, seen, verdict))
        return verdict

    async def leads_here(self, account: Account) -> Verdict:
        """Return whether the account's handle leads to its DID, whatever that says."""
        return await self._leads_here(account, account.handle)

    async def _judge(self, account: Account) -> tuple[Verdict, Handle | None]:
        """Return the verdict, and the handle that the DID names where that is another."""
        try:
            document = await self._resolver.resolve(account.did, fresh=True)
        except DidNotResolved:
            return Verdict.INVALID, None
        except NetError:
            return Verdict.UNSURE, None
        if document.handle != account.handle:
            return Verdict.INVALID, document.handle
        return await self._leads_here(account, account.handle), None

    async def _leads_here(self, account: Account, handle: Handle) -> Verdict:
        if self._policy.is_ours(handle):
            return Verdict.VALID
        try:
            return Verdict.VALID if await self._handles.lookup(handle) == account.did else Verdict.INVALID
        except Unreachable:
            return Verdict.UNSURE

    async def _adopt(self, account: Account, claimed: Handle) -> bool:
        """Give the account the handle that its DID names, if it may have that."""
        try:
            self._naming.check(claimed)
            if await self._leads_here(account, claimed) is not Verdict.VALID:
                return False
            await self._changes.apply(account.id, Change(claimed, instead_of=account.handle))
        except HandleTaken:
            return False
        except ServiceError as error:
            log.info("a handle that a DID names is not taken over", did=account.did, handle=claimed, error=str(error))
            return False
        log.info("a handle that was changed elsewhere is taken over", did=account.did, handle=claimed)
        return True

    def _note(self, tx: Tx, seen: Account, verdict: Verdict) -> None:
        account = accounts.by_id(tx, seen.id)
        if account is None or account.handle != seen.handle or account.status is not None:
            return  # it has changed meanwhile, and what was seen is of no use
        now = self._minter.milliseconds()
        if verdict is Verdict.UNSURE:
            failures = accounts.identity_failures(tx, account.id) + 1
            if failures < UNSURE_MOST:
                accounts.set_identity_due(tx, account.id, now + HOUR, failures=failures)
                return
            verdict = Verdict.INVALID
        invalid_at = None if verdict is Verdict.VALID else account.handle_invalid_at or now
        # Who has just lost a handle is waiting for it to come back; after a week they are not.
        soon = invalid_at is not None and now - invalid_at < 7 * DAY
        accounts.set_identity_due(tx, account.id, now + (HOUR if soon else DAY))
        if (account.handle_invalid_at is None) == (invalid_at is None):
            return
        accounts.set_handle_invalid(tx, account.id, invalid_at)
        told = account.handle if invalid_at is None else INVALID_HANDLE
        events.append_identity(tx, account.id, account.did, told, now=now)
