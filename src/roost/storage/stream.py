"""Bytes made in a thread and consumed on the event loop, with a bounded distance between the two.

A stream holds a snapshot of the database, and a snapshot keeps the log (SQLite) or dead rows (PostgreSQL) from being
cleared away. So a consumer that goes away or stalls loses it. Deliberately does not know SQL, nor what the bytes are.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from typing import Final

from roost.storage.db import Tx
from roost.storage.errors import DatabaseClosed, StreamStalled

CHUNK: Final = 64 * 1024
"""Bytes that are worth a trip from one thread to the other (some 20 µs) and a send."""

AHEAD: Final = 8
"""Chunks made before the consumer asks for them: half a megabyte for each stream hides a slow moment of either side."""

STALL_SECONDS: Final = 60.0
"""How long a consumer may take nothing. A client that cannot take 64 KiB in a minute will not finish an export."""

SLOWEST: Final = 32 * 1024
"""Bytes a second that a consumer must take on the whole. Streams are few, and those who take a byte now and then would
keep all of them, and the log that their snapshots need, for as long as they please.
"""

MAX_STREAMS: Final = 32
"""Streams at once; each has a thread, a connection and half a megabyte. A further one waits for one of these to end."""

AT_WORK: Final = 2
"""Streams that are made at the same moment; the others wait for a turn after each chunk. All of them share the
interpreter with the event loop, which would get one part in as many as want it: with sixteen exports under way, others'
requests took 20 ms at the median, and 7 ms so. One that waits for its consumer is not at work."""

Make = Callable[[Tx], Iterator[bytes]]


class Streams:
    """The streams of one database; `snapshot` opens a transaction for one of them, in its thread."""

    def __init__(
        self,
        snapshot: Callable[[], AbstractContextManager[Tx]],
        *,
        stall_seconds: float = STALL_SECONDS,
        slowest: int = SLOWEST,
    ) -> None:
        self._snapshot = snapshot
        self._stall_seconds = stall_seconds
        self._slowest = slowest
        self._places = asyncio.Semaphore(MAX_STREAMS)
        self._at_work = threading.Semaphore(AT_WORK)
        self._admitting = asyncio.Event()
        self._admitting.set()
        self._live: dict[_Pipe, threading.Thread] = {}
        self._closed = False

    async def open(self, make: Make) -> AsyncGenerator[bytes, None]:
        """Yield what the iterator made by `make` yields, in larger chunks; raises what it raises, and StreamStalled."""
        async with self._places:
            await self._admitting.wait()
            if self._closed:
                raise DatabaseClosed("the database was closed")
            pipe = _Pipe(self._stall_seconds, self._slowest, self._at_work)
            thread = threading.Thread(target=self._produce, args=(make, pipe), name="roost-stream", daemon=True)
            self._live[pipe] = thread
            thread.start()
            try:
                while (chunk := await pipe.take()) is not None:
                    yield chunk
            finally:
                pipe.abandon()

    async def close(self) -> None:
        """End every stream, with DatabaseClosed for its consumer, and wait until all snapshots are given up."""
        self._closed = True
        self._admitting.set()
        live = list(self._live.items())
        for pipe, _ in live:
            # In this order: a producer that is told to stop just ends, and half an export must not look like a whole.
            pipe.end(DatabaseClosed("the database was closed"))
            pipe.abandon()
        for _, thread in live:
            await asyncio.to_thread(thread.join)

    @asynccontextmanager
    async def paused(self, seconds: float) -> AsyncIterator[bool]:
        """Let no further stream begin for as long as the block lasts.

        Waits that long for those under way, and gives whether they have ended.
        """
        self._admitting.clear()
        try:
            until = time.monotonic() + seconds
            for thread in list(self._live.values()):
                await asyncio.to_thread(thread.join, max(0.0, until - time.monotonic()))
            yield not self._live
        finally:
            self._admitting.set()

    def _produce(self, make: Make, pipe: "_Pipe") -> None:
        try:
            with self._snapshot() as tx:
                pipe.fill(make(tx))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the consumer
            pipe.end(error)
        else:
            pipe.end(None)
        # Only now, not when the consumer goes away: close() has to wait for the snapshot.
        del self._live[pipe]


class _Pipe:
    """The way from the thread to the consumer: at most AHEAD chunks and one end are on it."""

    def __init__(self, stall_seconds: float, slowest: int, at_work: threading.Semaphore) -> None:
        self._stall_seconds = stall_seconds
        self._at_work = at_work
        self._slowest = slowest
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._waited = 0.0
        self._sent = 0
        self._abandoned = False

    async def take(self) -> bytes | None:
        """Return the next chunk, or None at the end; raises what the producer raised."""
        chunk = await self._arrived.get()
        self._room.release()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def abandon(self) -> None:
        """Have the producer stop: nothing more will be taken."""
        self._abandoned = True
        self._room.release()

    def fill(self, pieces: Iterator[bytes]) -> None:
        """In the producer's thread: send `pieces` until they end or nobody wants them. Raises StreamStalled."""
        ended = False
        while not ended:
            joined: list[bytes] = []
            size = 0
            with self._at_work:
                while size < CHUNK and not ended:
                    piece = next(pieces, None)
                    ended = piece is None
                    if piece is not None:
                        joined.append(piece)
                        size += len(piece)
            if joined and not self._send(b"".join(joined)):
                return
            time.sleep(0)  # whoever waits for a turn is woken, and has to be let have it

    def end(self, error: Exception | None) -> None:
        """Send the end, and why it is one."""
        self._post(error)

    def _send(self, chunk: bytes) -> bool:
        began = time.monotonic()
        if not self._room.acquire(timeout=self._stall_seconds):
            raise StreamStalled(f"nothing was taken for {self._stall_seconds:g} s")
        if self._abandoned:
            return False
        self._waited += time.monotonic() - began
        if self._waited > self._stall_seconds + self._sent / self._slowest:
            raise StreamStalled(f"less than {self._slowest} bytes were taken in a second")
        self._sent += len(chunk)
        self._post(chunk)
        return True

    def _post(self, item: bytes | Exception | None) -> None:
        with suppress(RuntimeError):  # the event loop is closed, so nobody waits for this
            self._loop.call_soon_threadsafe(self._arrived.put_nowait, item)
