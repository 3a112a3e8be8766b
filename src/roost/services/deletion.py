"""Deleting accounts on their owners' word: at once, with the password and a mailed token; or when the time that they
gave on deactivating is over (8.3). And without it those that were to move here and never did.
"""

from typing import Final

import structlog

from roost.services.accounts import Accounts
from roost.services.activation import KEPT_DAYS
from roost.services.clock import Minter
from roost.services.did_check import DidCheck
from roost.services.errors import ServiceError, Unauthenticated
from roost.services.mail_tokens import MailTokens, Purpose
from roost.services.passwords import Passwords
from roost.storage import accounts, heads
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import Did

log = structlog.get_logger(__name__)

AT_ONCE: Final = 10
"""Accounts whose time is over that are looked for at once."""

PAUSE_SECONDS: Final = 1.0
"""Between two such looks, while there is something to delete: rows of the last ones go in the background."""

EVERY_SECONDS: Final = 600.0
"""How long an account may be there beyond its time."""

_DAY: Final = 86_400_000


class Deletion:
    """Deletes accounts."""

    def __init__(
        self,
        db: Database,
        accounts: Accounts,
        passwords: Passwords,
        mail_tokens: MailTokens,
        did_check: DidCheck,
        minter: Minter,
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._passwords = passwords
        self._mail_tokens = mail_tokens
        self._did_check = did_check
        self._minter = minter

    async def request(self, account: int) -> None:
        """Mail the account the token that deleting it takes. Raises what `MailTokens.mail` does."""
        await self._mail_tokens.mail(account, Purpose.DELETE_ACCOUNT)

    async def delete(self, did: Did, password: str, token: str) -> None:
        """Delete the account with that DID, in whatever state it is.

        The password is the account's own. Raises Unauthenticated, the same, and as slowly, where there is no such
        account; with the right password InvalidToken, ExpiredToken; TooManyRequests.
        """
        refused = Unauthenticated("Invalid did or password")
        account = await self._db.read(lambda tx: accounts.by_did(tx, did))
        stored = None if account is None else account.password
        if not await self._passwords.matches(password, stored) or account is None:
            raise refused

        def delete(tx: Tx) -> None:
            now = accounts.by_id(tx, account.id)
            if now is None or now.password != stored:
                raise refused
            self._mail_tokens.use(tx, now.id, Purpose.DELETE_ACCOUNT, token)
            self._accounts.remove(tx, now)

        await self._db.write(delete)

    async def sweep(self) -> float:
        """Delete some of the accounts whose time is over, and return after how many seconds to go on."""
        due = await self._db.read(lambda tx: accounts.due(tx, self._minter.milliseconds(), AT_ONCE))
        for account in due:
            await self._sweep_one(account)
        return PAUSE_SECONDS if due else EVERY_SECONDS

    async def _sweep_one(self, account: int) -> None:
        later = await self._later(account)

        def delete(tx: Tx) -> Did | None:
            # Its owner may have come back since.
            owner = accounts.by_id(tx, account)
            if owner is None or owner.status != "deactivated" or owner.delete_after is None:
                return None
            if owner.delete_after > self._minter.milliseconds():
                return None
            if later is not None:
                accounts.set_deactivated(tx, account, owner.deactivated_at, delete_after=later)
                return None
            self._accounts.remove(tx, owner)
            return owner.did

        did = await self._db.write(delete)
        if did is not None:
            log.info("a deactivated account was deleted: its time was over", did=did)

    async def _later(self, account: int) -> int | None:
        """Return until when an account is kept that has moved here but never opened, None for any whose time is over.

        Its data may be the only copy once its DID leads here, and somebody may still be at it; where nobody can say, it
        is kept (docs/decisions/0020).
        """

        def look(tx: Tx) -> tuple[Account, int] | None:
            owner, head = accounts.by_id(tx, account), heads.get(tx, account)
            # Deactivated from the moment it was made, and never since: what its owner does to it has a time of its own.
            if owner is None or head is None or owner.deactivated_at != owner.created_at:
                return None
            return owner, head.rev.micros // 1000

        found = await self._db.read(look)
        if found is None:
            return None
        owner, arrived = found
        now = self._minter.milliseconds()
        if (until := min(arrived, now) + KEPT_DAYS * _DAY) > now:
            return until
        try:
            return now + KEPT_DAYS * _DAY if await self._did_check.leads_here(owner.did) else None
        except ServiceError:
            return now + _DAY
