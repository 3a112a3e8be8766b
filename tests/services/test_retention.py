"""How long events are kept, and that their numbers never come back."""

import shutil
from pathlib import Path

import pytest

from roost.services import events
from roost.services.retention import EVERY_SECONDS, SEQ_EPOCH, STEP_EVENTS, Retention
from roost.storage import events as log
from support.house import House, opened_house
from support.sinks import Client, firehose_of, following

pytestmark = pytest.mark.anyio


async def prune(house: House, hours: int = 72) -> int:
    """Remove what is too old; return how many steps that took."""
    retention, steps = Retention(house.db, house.minter, hours=hours), 1
    while await retention.prune() != EVERY_SECONDS:
        steps += 1
    return steps


async def test_events_go_when_their_time_is_over(house: House) -> None:
    """In steps that others write between; one event of an account stays."""
    alice = await house.account()
    for n in range(2 * STEP_EVENTS):
        await house.put(alice, f"{n:04d}")
    house.clock.turn(seconds=71 * 3600)
    await house.put(alice, "later")
    assert await prune(house) == 1
    told = await house.events()
    assert len(told) == 2 * STEP_EVENTS + 2

    house.clock.turn(seconds=2 * 3600)

    assert await prune(house) >= 3
    assert [body["seq"] for _, body in await house.events()] == [body["seq"] for _, body in told[-2:]]


async def test_a_deleted_account_leaves_its_last_event(house: House) -> None:
    """That it is gone can be read for as long as the server is there."""
    alice = await house.account()
    await house.put(alice, "a")
    await house.db.write(lambda tx: events.append_account(tx, alice.id, alice.did, "deleted", now=0))
    house.clock.turn(seconds=100 * 3600)

    for _ in range(2):
        await prune(house)

    ((name, body),) = await house.events()
    assert (name, body["status"]) == ("#account", "deleted")


async def test_numbers_go_on_above_those_that_a_restored_copy_does_not_know(tmp_path: Path) -> None:
    """Copied, written to, restored and started: the next event is above all that were ever sent, and a relay that has
    seen them is not told that it comes from the future.
    """
    first, copy = tmp_path / "first", tmp_path / "copy"
    first.mkdir()
    async with opened_house(first) as house:
        await Retention(house.db, house.minter, hours=72).begin()
        alice = await house.account()
        start = await house.db.read(log.last)
    shutil.copytree(first, copy)
    async with opened_house(first) as house:
        for n in range(500):
            house.clock.turn(seconds=0.001)
            await house.put(alice, f"{n:04d}")
        sent = await house.db.read(log.last)
        now = house.clock.micros
    assert sent > start

    async with opened_house(copy) as house:
        house.clock.micros = now + 60_000_000
        await Retention(house.db, house.minter, hours=72).begin()
        hose, relay = firehose_of(house), Client()
        async with following(hose, relay, sent):
            await house.put(alice, "next")
            (seq,) = await relay.until(await house.db.read(log.last))
        await hose.close()

    assert seq > sent


async def test_a_database_made_anew_goes_on_as_well(house: House) -> None:
    """The first number of an empty log is above every one that the same server gave out before it lost its data."""
    lived = 30 * 86_400
    await Retention(house.db, house.minter, hours=72).begin()
    first = await house.db.read(log.last)
    house.clock.turn(seconds=lived)

    await Retention(house.db, house.minter, hours=72).begin()

    assert await house.db.read(log.last) > first + lived * 5000, "at five thousand events a second, without a pause"
    assert await house.db.read(log.last) < 1 << 53


async def test_a_clock_before_the_epoch_or_going_back_lowers_nothing(house: House) -> None:
    """Numbers only grow, whatever the clock does."""
    await Retention(house.db, house.minter, hours=72).begin()
    floor = await house.db.read(log.last)

    house.clock.micros = (SEQ_EPOCH - 1000) * 1000
    await Retention(house.db, house.minter, hours=72).begin()

    assert await house.db.read(log.last) == floor
