"""Resolving an identity anew because somebody asks for it: at most once a minute each, whoever and however many ask."""

from collections import OrderedDict
from typing import Final

from roost.services.budget import Budget
from roost.services.caller import Caller
from roost.services.clock import Minter
from roost.services.identity import Identity, Resolved
from roost.services.upkeep import Upkeep
from roost.storage import accounts
from roost.storage.db import Database
from roost.syntax import AtIdentifier, Did

INTERVAL: Final = 60_000
"""Milliseconds in which an identity is not resolved anew a second time: who asks again is told what was found."""

A_MINUTE: Final = 30
"""Identities that one account may have resolved anew in a minute."""

REMEMBERED: Final = 10_000
"""Identities of which it is known when they were last resolved anew."""


class Refresh:
    """Resolves anew, within bounds."""

    def __init__(self, db: Database, identity: Identity, upkeep: Upkeep, budget: Budget, minter: Minter) -> None:
        self._db = db
        self._identity = identity
        self._upkeep = upkeep
        self._budget = budget
        self._minter = minter
        self._done: OrderedDict[Did, int] = OrderedDict()

    async def refresh(self, caller: Caller, who: AtIdentifier) -> Resolved:
        """Return the identity as its sources have it now; for an account here, its handle is looked at as well.

        Raises what `Identity.resolve` does, and TooManyRequests.
        """
        self._budget.count(f"for {caller.did}", a_minute=A_MINUTE)
        did = who if isinstance(who, Did) else (await self._identity.resolve(who)).did
        if not self._may(did):
            return await self._identity.resolve(did)
        account = await self._db.read(lambda tx: accounts.by_did(tx, did))
        if account is None or await self._upkeep.look(account.id) is None:
            return await self._identity.resolve(did, fresh=True)
        return await self._identity.resolve(did)

    def _may(self, did: Did) -> bool:
        now = self._minter.milliseconds()
        if now - self._done.get(did, -INTERVAL) < INTERVAL:
            return False
        self._done[did] = now
        self._done.move_to_end(did)
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        return True
