"""One at a time for each account: what asks another server in the middle cannot be one transaction.

Within this process alone; what must hold between processes, a row in the database sees to. It deliberately does not
know what is done in a turn.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from roost.services.errors import TooManyRequests

MAX_WAITING: Final = 32
"""Turns of one account that are waited for: each may take as long as a directory is given to answer."""


class Turns:
    """Locks that are there while somebody has or wants them."""

    def __init__(self) -> None:
        self._locks: dict[int, tuple[asyncio.Lock, list[None]]] = {}

    @asynccontextmanager
    async def of(self, account: int) -> AsyncIterator[None]:
        """Wait for the account's turn, and have it while the block lasts. Raises TooManyRequests."""
        lock, wanted = self._locks.setdefault(account, (asyncio.Lock(), []))
        if len(wanted) > MAX_WAITING:
            raise TooManyRequests("Too many changes of this account are under way; try again later")
        wanted.append(None)
        try:
            async with lock:
                yield
        finally:
            wanted.pop()
            if not wanted:
                del self._locks[account]
