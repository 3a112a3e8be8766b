"""Work that comes round again."""

import asyncio

import pytest

from roost.services import repeating as module
from roost.services.repeating import repeating

pytestmark = pytest.mark.anyio


async def test_it_comes_round_until_the_block_ends() -> None:
    """Each time after the pause it asked for."""
    done: list[int] = []

    async def work() -> float:
        done.append(len(done))
        return 0.001

    async with repeating("work", work):
        async with asyncio.timeout(5):
            while len(done) < 5:
                await asyncio.sleep(0.001)
    count = len(done)
    await asyncio.sleep(0.02)

    assert len(done) == count


async def test_a_failure_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong is logged and tried again later."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    done: list[int] = []

    async def work() -> float:
        done.append(len(done))
        if len(done) < 3:
            raise RuntimeError("on purpose")
        return 0.001

    async with repeating("work", work), asyncio.timeout(5):
        while len(done) < 5:
            await asyncio.sleep(0.001)


async def test_work_under_way_is_given_up_at_the_end() -> None:
    """A stop waits for nothing."""

    async def work() -> float:
        await asyncio.Event().wait()
        return 0

    async with asyncio.timeout(5), repeating("work", work):
        await asyncio.sleep(0)
