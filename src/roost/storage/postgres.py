"""The Database on PostgreSQL: the same shared commits, over one connection that writes and a few that read.

    event loop     only waits
    one thread     stages and COMMITs batches of writes: every statement is a trip to the server
    a few threads  run reads
    a thread each  for streams

Deliberately does not know any table.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final

from roost.storage.batch import Batch, Queue, finish, settle
from roost.storage.db import A, Dialect, K, T, Together, Tx
from roost.storage.errors import DatabaseClosed
from roost.storage.postgres_session import Reader, Writer
from roost.storage.readers import Readers
from roost.storage.stream import Make, Streams
from roost.storage.worker import Worker

READERS: Final = 8
"""Reads at once. Each mostly waits for the server, which has a process for each."""

IDLE_READERS: Final = READERS + 4
"""Connections kept for the next reads and streams."""


class PostgresDatabase:
    """See Database. Raises QueryFailed where the server cannot be reached."""

    dialect: Dialect = "postgres"

    def __init__(self, url: str) -> None:
        self._writer = Writer(url)
        self._readers = Readers(lambda: Reader(url), keep=IDLE_READERS)
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="roost-read")
        self._streams = Streams(self._readers.snapshot)
        self._worker = Worker("roost-write")
        self._queue = Queue(self._start)
        self._closed = False

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """See Database.read."""
        if self._closed:
            raise DatabaseClosed("the database was closed")
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._read, fn)

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """See Database.write."""
        return await self._queue.put(fn)

    async def write_together(self, fn: Together[K, A, T], key: K, item: A) -> T:
        """See Database.write_together."""
        return await self._queue.put_together(fn, key, item)

    def watch(self, callback: Callable[[], None]) -> None:
        """See Database.watch."""
        self._queue.watch(callback)

    def stream(self, fn: Make) -> AsyncGenerator[bytes, None]:
        """See Database.stream."""
        return self._streams.open(fn)

    async def close(self) -> None:
        """See Database.close."""
        if self._closed:
            return
        await self._queue.close()
        await self._streams.close()
        self._closed = True
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        self._worker.stop()
        self._reading.shutdown()
        self._readers.close()
        self._writer.close()

    def _start(self) -> None:
        self._worker.hand(partial(self._carry_out, asyncio.get_running_loop()))

    def _carry_out(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._queue.stage(self._writer)
        finish(batch, self._writer)
        with suppress(RuntimeError):  # the loop is closed, so nobody waits for an answer
            loop.call_soon_threadsafe(self._finished, batch)

    def _finished(self, batch: Batch) -> None:
        settle(batch)
        self._queue.tell(batch)
        self._queue.next()

    def _read(self, fn: Callable[[Tx], T]) -> T:
        with self._readers.snapshot() as tx:
            return fn(tx)
