"""The invite codes of an account: given to it by the operator, or earned by having been here for a while (1.1, 8.8).

Where the operator has set an interval, an account earns a code for each that goes by, and is given it when it looks. So
nobody's codes pile up: only a few are open at a time.
"""

from collections.abc import Sequence
from typing import Final

from roost.services.clock import Minter
from roost.services.errors import AccountNotFound
from roost.services.invites import Told, new_code, told_of
from roost.services.policy import Policy
from roost.storage import accounts, earned_invites
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx

MAX_OPEN: Final = 5
"""Earned codes of an account that are open at a time, as in the reference server."""


class EarnedInvites:
    """Tells accounts their codes, and gives them what they have earned."""

    def __init__(self, db: Database, policy: Policy, minter: Minter) -> None:
        self._db = db
        self._policy = policy
        self._minter = minter

    async def of(self, account: int, *, include_used: bool, create: bool) -> Sequence[Told]:
        """Return the account's codes that are not disabled, the oldest first; `create` gives it first what it has
        earned, and without `include_used` those that admit nobody any more are left out. Raises AccountNotFound.
        """
        if create and await self._db.read(lambda tx: self._due(tx, _known(tx, account))) > 0:
            await self._db.write(lambda tx: self._give(tx, account))

        _, told = await self._db.read(lambda tx: told_of(tx, _known(tx, account).did))
        return [each for each in told if not each.invite.disabled and (include_used or each.invite.available > 0)]

    def _give(self, tx: Tx, account: int) -> None:
        """Add the codes that are due, which this transaction counts for itself: others may have been faster."""
        owner = _known(tx, account)
        for _ in range(self._due(tx, owner)):
            code, now = new_code(self._policy.hostname), self._minter.milliseconds()
            # Whoever is to be given no more invites is told of none, and has none coming later for this time.
            earned_invites.add(tx, code=code, did=owner.did, disabled=owner.invites_disabled, now=now)

    def _due(self, tx: Tx, owner: Account) -> int:
        """Return how many codes the account has earned and not been given yet."""
        interval, epoch = self._policy.invite_interval, self._policy.invite_epoch
        if interval is None or not self._policy.invite_required:
            return 0
        could = (self._minter.milliseconds() - owner.created_at) // interval
        # Intervals are counted from the account's beginning; those that ended before the epoch count for nothing.
        could -= max(0, epoch - owner.created_at) // interval
        given, still_open = earned_invites.earned(tx, owner.did, after=epoch)
        return max(0, min(could - given, MAX_OPEN - still_open))


def _known(tx: Tx, account: int) -> Account:
    owner = accounts.by_id(tx, account)
    if owner is None:
        raise AccountNotFound("Account not found")
    return owner
