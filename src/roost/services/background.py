"""Work that nobody waits for: mail on its way, clean-up. It is finished before the server stops, and its failures are
logged.
"""

import asyncio
from collections.abc import Coroutine
from typing import Final

import structlog

log = structlog.get_logger(__name__)

MAX_TASKS: Final = 1000
"""Tasks under way at a time; what comes beyond is dropped and logged, so that a flood of requests stays bounded."""

DRAIN_SECONDS: Final = 10
"""How long a stopping server waits for what is under way."""


class Background:
    """Tasks that outlive the request that started them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run `work` without anybody waiting for it."""
        if len(self._tasks) >= MAX_TASKS:
            work.close()
            log.warning("background work dropped", work=name, under_way=len(self._tasks))
            return
        task = asyncio.create_task(_logged(name, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for what is under way, and for what that starts; give up on what takes too long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_SECONDS
        while self._tasks and loop.time() < end:
            await asyncio.wait(self._tasks, timeout=end - loop.time())
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _logged(name: str, work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("background work failed", work=name)
