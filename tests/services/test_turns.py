"""One at a time for each account."""

import asyncio

import pytest

from roost.services import turns
from roost.services.errors import TooManyRequests
from roost.services.turns import Turns

pytestmark = pytest.mark.anyio


async def test_turns_of_one_account_do_not_overlap() -> None:
    """Of one account there is one at a time, in the order of asking; another account does not wait."""
    order: list[str] = []
    taking = Turns()
    go = asyncio.Event()

    async def take(account: int, name: str) -> None:
        async with taking.of(account):
            order.append(f"{name} begins")
            if name == "first":
                await go.wait()
            order.append(f"{name} ends")

    tasks = [asyncio.create_task(take(1, "first")), asyncio.create_task(take(1, "second"))]
    await asyncio.sleep(0)
    await take(2, "other")
    go.set()
    await asyncio.gather(*tasks)

    assert order == ["first begins", "other begins", "other ends", "first ends", "second begins", "second ends"]


async def test_a_turn_that_fails_is_over() -> None:
    """An error in a turn does not keep the next one waiting, and nothing is left of the lock."""
    taking = Turns()
    with pytest.raises(ValueError, match="x"):
        async with taking.of(1):
            raise ValueError("x")

    async with asyncio.timeout(1), taking.of(1):
        pass
    assert taking._locks == {}


async def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for one account's turn without end is refused, and who waits already is not."""
    monkeypatch.setattr(turns, "MAX_WAITING", 1)
    taking = Turns()
    async with taking.of(1):
        waiting = asyncio.create_task(_take(taking))
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests, match="under way"):
            await _take(taking)
    await waiting


async def _take(taking: Turns) -> None:
    async with taking.of(1):
        pass
