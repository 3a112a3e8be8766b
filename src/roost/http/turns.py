"""How many streams one address is sent at a time: it waits for its own, and others do not wait for it.

A stream holds a snapshot of the database, of which there are few, for as long as its client takes to read. It
deliberately does not know what is streamed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from roost.http.sending import close

SHARE: Final = 8
"""Streams of an address: a quarter of those that there may be at a time (`roost.storage.stream`)."""


class Turns:
    """The streams under way, by who is sent them."""

    __slots__ = ("_share", "_sites")

    def __init__(self, share: int = SHARE) -> None:
        self._share = share
        self._sites: dict[str, _Site] = {}

    async def in_turn(self, site: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give the chunks of a stream once there is room for it; the room is there again when it ends or is closed."""
        try:
            async with self._place(site):
                async for chunk in chunks:
                    yield chunk
        finally:
            await close(chunks)

    @contextlib.asynccontextmanager
    async def _place(self, name: str) -> AsyncIterator[None]:
        site = self._sites.setdefault(name, _Site(self._share))
        site.users += 1
        try:
            async with site.places:
                yield
        finally:
            site.users -= 1
            if not site.users:
                del self._sites[name]


class _Site:
    """One address: its places, and how many have one or wait for one."""

    __slots__ = ("places", "users")

    def __init__(self, share: int) -> None:
        self.places = asyncio.Semaphore(share)
        self.users = 0
