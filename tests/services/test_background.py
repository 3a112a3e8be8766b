"""Work that nobody waits for."""

import asyncio

import pytest
import structlog

from roost.services import background
from roost.services.background import Background

pytestmark = pytest.mark.anyio


async def test_work_goes_on_after_start_returns_and_drain_waits_for_it() -> None:
    """Whoever starts work goes on at once; a stopping server waits until it is done."""
    done: list[str] = []
    go = asyncio.Event()
    work = Background()

    async def job() -> None:
        await go.wait()
        done.append("job")

    work.start("job", job())
    assert done == []
    go.set()
    await work.drain()
    assert done == ["job"]


async def test_a_failure_is_logged_and_nothing_else() -> None:
    """What goes wrong in the background is told in the log, with the name of the work."""
    work = Background()

    async def job() -> None:
        raise RuntimeError("the disk is gone")

    with structlog.testing.capture_logs() as logs:
        work.start("clean-up", job())
        await work.drain()

    assert [(log["log_level"], log["work"]) for log in logs] == [("error", "clean-up")]


async def test_what_is_too_much_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of work stays bounded: what comes on top never begins."""
    monkeypatch.setattr(background, "MAX_TASKS", 2)
    begun: list[int] = []
    work = Background()

    async def job(number: int) -> None:
        begun.append(number)

    with structlog.testing.capture_logs() as logs:
        for number in range(3):
            work.start("job", job(number))
        await work.drain()

    assert begun == [0, 1]
    assert [log["event"] for log in logs] == ["background work dropped"]


async def test_drain_gives_up_on_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that hangs does not keep the server from stopping; it is cancelled."""
    monkeypatch.setattr(background, "DRAIN_SECONDS", 0.01)
    ended: list[str] = []
    work = Background()

    async def job() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    work.start("job", job())
    await work.drain()

    assert ended == ["cancelled"]


async def test_draining_nothing_returns() -> None:
    """A server without work under way stops at once."""
    await Background().drain()
