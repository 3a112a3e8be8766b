"""Removing what deleted accounts leave behind, a little in each transaction.

Deleting an account makes all of it unreachable at once. The rows themselves may be millions, and other requests must
not wait for them; what a stop interrupts is gone on with at the next start.
"""

from typing import Final

from roost.services.background import Background
from roost.storage import removals
from roost.storage.db import Database, Tx

ROWS: Final = 1000
"""Rows of a kind removed in one transaction: some 10 ms, which is what a batch of writes may take."""


class Removals:
    """Removes rows in the background."""

    def __init__(self, db: Database, background: Background) -> None:
        self._db = db
        self._background = background

    def begin(self, tx: Tx, account: int, *, events_below: int) -> None:
        """Remove the first rows of an account that this transaction deletes, and see to the rest once it is durable."""
        removals.add(tx, account, events_below=events_below)
        if removals.remove_some(tx, account, ROWS):
            return

        def settle(durable: bool) -> None:
            if durable:
                self._background.start("removal of an account", self._remove(account))

        tx.after(settle)

    async def resume(self) -> None:
        """Go on with what an earlier process did not finish."""
        for account in await self._db.read(removals.pending):
            self._background.start("removal of an account", self._remove(account))

    async def _remove(self, account: int) -> None:
        while not await self._db.write(lambda tx: removals.remove_some(tx, account, ROWS)):
            pass
