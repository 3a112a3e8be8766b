"""The age of the log of events: what is older than is kept goes, a little at a time, and numbers never come back.

The last event of each account stays. A subscriber that was away for longer is told so and is sent what there is from
its cursor on: such last events first (`roost.services.firehose`).
"""

from typing import Final

from roost.services.clock import Minter
from roost.storage import events
from roost.storage.db import Database, Tx

STEP_EVENTS: Final = 100
"""Events removed in one transaction, which others wait for: some 3 ms, as each lies on a few pages of its own."""

STEP_BYTES: Final = 2_000_000
"""The same in bytes of frames: SQLite looks at each page of a large row to free it."""

PAUSE_SECONDS: Final = 0.02
"""Between two steps: 5,000 events a second can go, which is as many as can come, and most of the time is others'."""

EVERY_SECONDS: Final = 600.0
"""How long an event may be there beyond its time."""

SEQ_EPOCH: Final = 1_767_225_600_000
"""The beginning of 2026, in milliseconds since 1970, from which sequence numbers are counted."""

SEQS_A_MILLISECOND: Final = 10
"""How fast the lowest number goes up: twice as fast as a server can write, so that by the clock alone it is above every
number that was ever given out; and slowly enough for 28,000 years of numbers that JavaScript can hold."""


class Retention:
    """Keeps the log as long as it is to be, `hours`, and its numbers going up."""

    def __init__(self, db: Database, minter: Minter, *, hours: int) -> None:
        self._db = db
        self._minter = minter
        self._hours = hours

    async def begin(self) -> None:
        """Have sequence numbers go on above all that this server can ever have sent, whatever the database says.

        A database that was restored, or made anew, does not know the last numbers. A relay that has seen them asks for
        what comes after, is told FutureCursor, and drops the host for good.
        """
        floor = (self._minter.milliseconds() - SEQ_EPOCH) * SEQS_A_MILLISECOND
        await self._db.write(lambda tx: events.raise_floor(tx, floor))

    async def prune(self) -> float:
        """Remove some of what is too old, and return after how many seconds to go on."""
        return PAUSE_SECONDS if await self._db.write(self._step) else EVERY_SECONDS

    def _step(self, tx: Tx) -> bool:
        before = self._minter.milliseconds() - self._hours * 3_600_000
        return events.prune(tx, before=before, limit=STEP_EVENTS, max_bytes=STEP_BYTES)
