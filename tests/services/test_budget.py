"""How much is asked of others for strangers."""

import asyncio
import contextlib

import pytest

from roost.services import budget as module
from roost.services.budget import ASKING, DIRECTORY, EACH_A_MINUTE, EACH_AT_ONCE, Budget, party_of
from roost.services.errors import TooManyRequests
from roost.syntax import Did, Handle

pytestmark = pytest.mark.anyio


class Clock:
    """Milliseconds."""

    now = 0

    def __call__(self) -> int:
        """Return them."""
        return self.now


async def spend(budget: Budget, party: str, times: int = 1, a_minute: int = 5) -> None:
    """Ask for something so often."""
    for _ in range(times):
        async with budget.spend(party, a_minute=a_minute):
            pass


async def test_a_party_is_asked_so_often_a_minute() -> None:
    """Then no more until the next minute; others are not concerned."""
    clock = Clock()
    budget = Budget(clock)
    clock.now = 45_000
    await spend(budget, "a", 5)
    with pytest.raises(TooManyRequests) as told:
        await spend(budget, "a")
    assert told.value.retry_after == 15
    await spend(budget, "b", 5)

    clock.now += 60_000

    await spend(budget, "a", 5)


async def test_nobody_has_all_of_it() -> None:
    """One caller has a part of what a party is asked in a minute, and of the places; others, and we, have theirs."""
    budget, go = Budget(Clock()), asyncio.Event()

    async def ask(caller: str | None, times: int, *, wait: bool = False) -> int:
        ASKING.set(caller)
        done = 0
        with contextlib.suppress(TooManyRequests):
            for _ in range(times):
                async with budget.spend("x" if not wait else f"{caller} {done}"):
                    if wait:
                        await go.wait()
                    done += 1
        return done

    async def alone(caller: str | None, times: int) -> int:
        return await asyncio.create_task(ask(caller, times))

    assert [await alone(caller, 500) for caller in ("a", "b", None)] == [EACH_A_MINUTE] * 3
    waiting = [asyncio.create_task(ask("c", 1, wait=True)) for _ in range(EACH_AT_ONCE + 5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await alone("c", 1) == 0
    go.set()
    assert sum(await asyncio.gather(*waiting)) == EACH_AT_ONCE
    assert budget._under_way == {}


async def test_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait for their turn, in a queue that has an end; a refused one leaves nothing behind."""
    monkeypatch.setattr(module, "AT_ONCE", 2)
    monkeypatch.setattr(module, "WAITING", 3)
    budget, go, most, under_way = Budget(Clock()), asyncio.Event(), [0], [0]

    async def ask() -> None:
        async with budget.spend("x", a_minute=99):
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            await go.wait()
            under_way[0] -= 1

    tasks = [asyncio.create_task(ask()) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await ask()
    tasks.pop().cancel()  # one that waits gives up
    go.set()
    await asyncio.gather(*tasks)

    assert most == [2]
    await spend(budget, "y", 5)


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are made up by the thousand do not fill it."""
    monkeypatch.setattr(module, "TARGETS", 10)
    budget = Budget(Clock())
    for n in range(100):
        await spend(budget, str(n))

    assert len(budget._spent) <= 10


@pytest.mark.parametrize(
    ("name", "party"),
    [
        (Did("did:plc:" + "a" * 24), DIRECTORY),
        (Did("did:web:a.b.Example.com"), "example.com"),
        (Did("did:web:localhost%3A80"), "localhost%3a80"),
        (Handle("a.b.example.com"), "example.com"),
        (Handle("example.com"), "example.com"),
    ],
)
def test_whom_a_look_up_costs(name: Did | Handle, party: str) -> None:
    """All names under one domain count together: whoever has it can make up any number of them."""
    assert party_of(name) == party
