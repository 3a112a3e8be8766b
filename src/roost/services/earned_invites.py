"""The invite codes of an account: given to it by the operator, or earned by having been here for a while (1.1, 8.8).

Where the operator has set an interval, an account earns a code for each that goes by, and is given it when it looks. So
nobody's codes pile up: only a few are open at a time.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from roost.services.clock import Minter
from roost.services.errors import AccountNotFound
from roost.services.invites import new_code
from roost.services.policy import Policy
from roost.storage import accounts, earned_invites
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.earned_invites import AccountInvite, InviteUse

__all__ = ["AccountInvite", "EarnedInvites", "InviteUse", "OwnInvite"]

MAX_OPEN: Final = 5
"""Earned codes of an account that are open at a time, as in the reference server."""

SHOWN: Final = 1_000
"""Codes of an account, and uses of a code, that are told of: there may be a million."""


class OwnInvite(msgspec.Struct, frozen=True):
    """A code of an account, and whom it admitted."""

    invite: AccountInvite
    uses: list[InviteUse]


class EarnedInvites:
    """Tells accounts their codes, and gives them what they have earned."""

    def __init__(self, db: Database, policy: Policy, minter: Minter) -> None:
        self._db = db
        self._policy = policy
        self._minter = minter

    async def of(self, account: int, *, include_used: bool, create: bool) -> Sequence[OwnInvite]:
        """Return the account's codes that are not disabled, the oldest first; `create` gives it first what it has
        earned, and without `include_used` those that admit nobody any more are left out. Raises AccountNotFound.
        """
        if create and await self._db.read(lambda tx: self._due(tx, _known(tx, account))) > 0:
            await self._db.write(lambda tx: self._give(tx, account))

        def read(tx: Tx) -> list[OwnInvite]:
            found = earned_invites.of_account(tx, _known(tx, account).did, SHOWN)
            shown = [each for each in found if not each.disabled and (include_used or each.available > 0)]
            return [OwnInvite(each, earned_invites.uses_of(tx, each.code, SHOWN)) for each in shown]

        return await self._db.read(read)

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
