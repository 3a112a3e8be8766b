"""Followers of the log in a test: what they were sent, and whether they take it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.services.firehose import Firehose
from support.house import House, opened


def bare(frame: bytes) -> bytes:
    """Put a frame on the wire with its length before it, so that a test can take the wire apart again."""
    return len(frame).to_bytes(4) + frame


class Client:
    """A sink that keeps everything, and is blocked when the test says so."""

    def __init__(self, peer: str = "somebody", *, most: int | None = None) -> None:
        self.peer = peer
        self.taken = b""
        self.puts = 0
        self._free = asyncio.Event()
        self._free.set()
        self._arrived = asyncio.Event()
        self._most = most

    @property
    def blocked(self) -> bool:
        """Whether it takes nothing."""
        return not self._free.is_set()

    def put(self, data: bytes) -> None:
        """Take bytes; with `most`, it is blocked whenever it has taken that many since it was last freed."""
        self.taken += data
        self.puts += 1
        self._arrived.set()
        if self._most is not None and len(self.taken) // self._most > (len(self.taken) - len(data)) // self._most:
            self.block()

    async def room(self) -> None:
        """Wait until it takes something."""
        await self._free.wait()

    def block(self) -> None:
        """Take nothing from now on."""
        self._free.clear()

    def free(self) -> None:
        """Take everything."""
        self._free.set()

    @property
    def frames(self) -> list[bytes]:
        """What it was sent."""
        found, rest = [], self.taken
        while rest:
            size = int.from_bytes(rest[:4])
            found.append(rest[4 : 4 + size])
            rest = rest[4 + size :]
        return found

    @property
    def seqs(self) -> list[int]:
        """The numbers of the events among that."""
        return [int(str(body["seq"])) for name, body in map(opened, self.frames) if name != "#info"]

    async def until(self, seq: int) -> list[int]:
        """Wait for an event, and return the numbers of all so far."""
        async with asyncio.timeout(10):
            while seq not in self.seqs:
                self._arrived.clear()
                await self._arrived.wait()
        return self.seqs


@asynccontextmanager
async def following(firehose: Firehose, client: Client, after: int | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """Follow for as long as the block lasts."""
    task = asyncio.create_task(firehose.follow(client, after=after))
    await asyncio.sleep(0.01)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def firehose_of(house: House) -> Firehose:
    """Return the firehose of a house."""
    return Firehose(house.db, house.minter, wrap=bare)
