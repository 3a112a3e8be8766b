"""Work that comes round again for as long as the server runs; what goes wrong with it is logged, and it goes on.

It deliberately does not know the work.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 60.0
"""After this long, what has failed is tried again."""


@contextlib.asynccontextmanager
async def repeating(name: str, work: Callable[[], Awaitable[float]]) -> AsyncIterator[None]:
    """Do `work` again and again until the block ends, each time after as many seconds as it has answered."""

    async def repeat() -> None:
        while True:
            try:
                pause = await work()
            except Exception:
                log.exception("repeated work failed", work=name)
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
