"""Deactivating an account and activating it again: the states that are its owner's to change (8.2).

A takedown is not the owner's, and is stronger. An account is activated only while its DID leads the network here:
otherwise it would be hosted in two places, or nowhere.
"""

from typing import Final

from roost.repo import commit as commits
from roost.services import events
from roost.services.audit import Action
from roost.services.clock import Minter
from roost.services.did_check import DidCheck
from roost.services.errors import AccountNotFound, InvalidRequest, UnknownAccount
from roost.storage import accounts, heads, staging
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx

KEPT_DAYS: Final = 3
"""For how long a deactivated account is kept at the least, whatever its owner says: deleting one at once takes its
password and a mailed token, which whoever has merely got hold of a session must not get around.
"""

_DAY: Final = 86_400_000


class Activation:
    """Deactivates and activates accounts, and tells the network in the same transaction."""

    def __init__(self, db: Database, did_check: DidCheck, minter: Minter) -> None:
        self._db = db
        self._did_check = did_check
        self._minter = minter

    async def deactivate(self, account: int, *, delete_after: int | None = None) -> None:
        """Stop serving the account's repository; its sessions go on. Doing it again replaces the times.

        `delete_after`, in milliseconds since 1970, is until when it is to be kept. Raises AccountNotFound.
        """

        def deactivate(tx: Tx) -> None:
            now = self._minter.milliseconds()
            until = None if delete_after is None else max(delete_after, now + KEPT_DAYS * _DAY)
            accounts.set_deactivated(tx, account, now, delete_after=until)
            owner = accounts.by_id(tx, account)
            if owner is None:
                raise AccountNotFound("Account not found")
            events.append_account(tx, account, owner.did, owner.status, now=now)

        await self._db.write(deactivate)

    async def activate(self, account: int, *, action: Action | None = None) -> None:
        """Serve the account's repository again, and state all of it anew; so it does for one that is active.

        Raises UnknownAccount for one that was taken down, InvalidRequest while its repository is being replaced, and
        what `DidCheck.check` does.
        """
        await self._did_check.check(await self._db.read(lambda tx: _standing(tx, account)))

        def activate(tx: Tx) -> None:
            owner = _standing(tx, account)
            if staging.moving(tx, account):
                raise InvalidRequest("Its repository is being imported: activate the account in a moment")
            head = heads.get(tx, account)
            assert head is not None, "an account has a repository from its first transaction on"
            now = self._minter.milliseconds()
            accounts.set_deactivated(tx, account, None)
            # In this order: a relay looks at the DID again, takes the account for active, and then takes its state.
            events.append_identity(tx, account, owner.did, owner.public_handle, now=now)
            events.append_account(tx, account, owner.did, None, now=now)
            events.append_sync(tx, account, commits.parse(head.block), now=now)
            if action is not None:
                action.note(tx, status=None, was=owner.status)

        await self._db.write(activate)


def _standing(tx: Tx, account: int) -> Account:
    owner = accounts.by_id(tx, account)
    if owner is None or owner.takedown_ref is not None:
        raise UnknownAccount("user not found")
    return owner
