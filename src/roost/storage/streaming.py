"""A blocking iterator of bytes, run in a thread of its own, as an asynchronous one that its reader paces.

A reader that goes away, or takes nothing for too long, stops the thread: a snapshot held open keeps the database from
cleaning up behind itself.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Final

CHUNK: Final = 64 * 1024
"""Bytes collected before a chunk is handed over: a thread hop costs as much as copying some of them."""

AHEAD: Final = 4
"""Chunks made before they are taken."""

STALL_SECONDS: Final = 60.0
"""A reader that takes nothing for this long is given up on."""

_END: Final = None


class Stalled(Exception):
    """The reader took nothing for too long; the stream is cut."""


async def pump(make: Callable[[], Iterator[bytes]], *, stall: float = STALL_SECONDS) -> AsyncIterator[bytes]:
    """Yield what the iterator that `make` returns yields, in larger chunks; `make` is called in the thread."""
    loop = asyncio.get_running_loop()
    queue: Queue[bytes | BaseException | None] = Queue(AHEAD)
    ready = asyncio.Event()
    gone = threading.Event()

    def announce() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is waiting any more
            loop.call_soon_threadsafe(ready.set)

    def put(item: bytes | BaseException | None) -> bool:
        waited = 0.0
        while not gone.is_set():
            try:
                queue.put(item, timeout=0.25)
            except Full:
                waited += 0.25
                if waited >= stall:
                    gone.set()
            else:
                announce()
                return True
        return False

    def work() -> None:
        try:
            chunks = _chunks(make())
            try:
                for chunk in chunks:
                    if not put(chunk):
                        return
            finally:
                chunks.close()
            put(_END)
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever reads the stream
            put(error)
        finally:
            announce()

    thread = threading.Thread(target=work, name="stream", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = queue.get_nowait()
            except Empty:
                if gone.is_set():
                    raise Stalled("nothing of the stream was taken for too long") from None
                ready.clear()
                if queue.empty():
                    await ready.wait()
                continue
            if item is _END:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        gone.set()
        # The thread notices within a quarter of a second; it holds a connection that must be closed before the database is.
        await asyncio.to_thread(thread.join)


def _chunks(pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
