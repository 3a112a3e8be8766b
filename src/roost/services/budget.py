"""How much this server asks of others because a stranger asked it to: so that nobody can use it to flood somebody else.

What it asks on its own account, or for an account here, is not counted. Counts are this process's, by the minute; one
caller has a part of what there is, so that others are left theirs.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
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

EACH_A_MINUTE: Final = A_MINUTE // 3
"""Of those, what one caller may cause: its limit for requests alone would let it use up the directory for everybody."""

EACH_AT_ONCE: Final = AT_ONCE // 2
"""Requests of one caller that are under way or wait: slow servers of its own choosing are not to fill every place."""

ASKING: Final[ContextVar[str | None]] = ContextVar("ASKING", default=None)
"""Who has this request made, by address; None where nobody did. The edge sets it. It is no parameter, because it
would be one of everything between a method and a resolver, which have no use for it.
"""

DIRECTORY: Final = "plc directory"

ENOUGH: Final = "Too many look-ups for you are under way; try again in a minute"

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
        self._under_way: Counter[str] = Counter()

    @asynccontextmanager
    async def spend(self, party: str, *, a_minute: int = A_MINUTE) -> AsyncIterator[None]:
        """Ask the party for something while the block lasts. Raises TooManyRequests."""
        asking = ASKING.get()
        if asking is None:
            async with self._place(party, a_minute):
                yield
            return
        if self._under_way[asking] >= EACH_AT_ONCE:
            raise TooManyRequests(ENOUGH)
        self.count(f"{party} for {asking}", a_minute=EACH_A_MINUTE, told=ENOUGH)
        self._under_way[asking] += 1
        try:
            async with self._place(party, a_minute):
                yield
        finally:
            self._under_way[asking] -= 1
            if not self._under_way[asking]:
                del self._under_way[asking]

    @asynccontextmanager
    async def _place(self, party: str, a_minute: int) -> AsyncIterator[None]:
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

    def count(self, party: str, *, a_minute: int, told: str = BUSY) -> None:
        """Count a request without taking part in how many are under way. Raises TooManyRequests."""
        now = self._clock()
        minute = now // 60_000
        if minute != self._minute or len(self._spent) >= TARGETS:
            self._minute = minute
            self._spent.clear()
        spent = self._spent.get(party, 0)
        if spent >= a_minute:
            raise TooManyRequests(told, retry_after=60 - now // 1000 % 60)
        self._spent[party] = spent + 1


def party_of(name: Did | Handle) -> str:
    """Return whom it costs to resolve a DID or a handle: the directory, or the last two labels of a host name."""
    if isinstance(name, Did) and name.method == "plc":
        return DIRECTORY
    host = name.removeprefix("did:web:") if isinstance(name, Did) else name
    return ".".join(host.lower().rsplit(".", 2)[-2:])
