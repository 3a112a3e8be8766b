"""Time and identifiers made from it, as the services share them."""

import time
from collections.abc import Callable
from secrets import randbelow

from roost.syntax import Tid, next_tid

Clock = Callable[[], int]
"""Returns microseconds since 1970."""


def system_clock() -> int:
    """Return the wall clock's microseconds since 1970."""
    return time.time_ns() // 1000


class Minter:
    """Gives out TIDs, each greater than the one before, also while the clock stands still or goes back."""

    def __init__(self, clock: Clock = system_clock, clock_id: int | None = None) -> None:
        self.clock = clock
        # The specification's way to keep two processes apart: ten bits, drawn once per process.
        self.clock_id = randbelow(1024) if clock_id is None else clock_id
        self._last: Tid | None = None

    def mint(self) -> Tid:
        """Return a new TID of this moment, for a record key."""
        self._last = next_tid(self.clock(), self.clock_id, self._last)
        return self._last

    def rev(self, after: Tid | None) -> Tid:
        """Return a rev of this moment that comes after the repository's last one."""
        return next_tid(self.clock(), self.clock_id, after)

    def milliseconds(self) -> int:
        """Return the clock's milliseconds since 1970."""
        return self.clock() // 1000
