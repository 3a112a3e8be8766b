"""How much this server asks of others because a stranger asked it to: so that nobody can use it to flood somebody else.

What it asks on its own account, or for an account here, is not counted. Counts are this process's, by the minute.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from roost.services.errors import TooManyRequests
from roost.syntax import Did, Handle

AT_ONCE: Final = 32
"""Requests under way at a time: each may last for the three seconds that a stranger's server is given."""

WAITING: Final = 256
"""Requests that wait for one of those: the last of them is answered within half a minute."""

A_MINUTE: Final = 300
"""Requests in a minute to one party: five a second are no burden for a server, and more than conversations need."""

TARGETS: Final = 10_000
"""Parties counted at a time; a minute with more of them has all counts begin anew."""

DIRECTORY: Final = "plc directory"

BUSY: Final = "Too many look-ups for others are under way; try again in a minute"


class Budget:
    """Lets requests through, up to so many at a time, and in a minute to each party."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """Count by `clock`, which returns milliseconds since 1970."""
        self._clock = clock
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._minute = 0
        self._spent: dict[str, int] = {}

    @asynccontextmanager
    async def spend(self, party: str, *, a_minute: int = A_MINUTE) -> AsyncIterator[None]:
        """Ask the party for something while the block lasts. Raises TooManyRequests."""
        self.count(party, a_minute=a_minute)
        if self._waiting >= WAITING:
            raise TooManyRequests(BUSY)
        self._waiting += 1
        try:
            await self._gate.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._gate.release()

    def count(self, party: str, *, a_minute: int) -> None:
        """Count a request without taking part in how many are under way. Raises TooManyRequests."""
        now = self._clock()
        minute = now // 60_000
        if minute != self._minute or len(self._spent) >= TARGETS:
            self._minute = minute
            self._spent.clear()
        spent = self._spent.get(party, 0)
        if spent >= a_minute:
            raise TooManyRequests(BUSY, retry_after=60 - now // 1000 % 60)
        self._spent[party] = spent + 1


def party_of(name: Did | Handle) -> str:
    """Return whom it costs to resolve a DID or a handle: the directory, or the last two labels of a host name."""
    if isinstance(name, Did) and name.method == "plc":
        return DIRECTORY
    host = name.removeprefix("did:web:") if isinstance(name, Did) else name
    return ".".join(host.lower().rsplit(".", 2)[-2:])
