"""Collecting blobs that nobody needs, and what a crash or a broken store leaves of that."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.data.cid import Cid
from roost.services.collecting import GRACE_HOURS, LATER_SECONDS, Collected, Collecting
from roost.storage import blobs, doomed
from roost.storage.db import Tx
from roost.storage.objects import Directory, new_name, path_of
from roost.syntax import Tid
from support.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    """Where the objects are."""
    directory = Directory(tmp_path / "blobs")
    yield directory
    await directory.close()


@pytest.fixture
def collecting(house: House, directory: Directory) -> Collecting:
    """What is tested."""
    return Collecting(house.db, directory, house.minter)


async def put(directory: Directory, *names: str) -> None:
    """Make objects."""
    for name in names:
        async with directory.spool.file() as file:
            await file.write(b"0123456789")
            await directory.put(name, file.path)


async def left(directory: Directory) -> set[str]:
    """Return the objects that there are."""
    return {each.name async for each in directory.list()}


async def test_what_nobody_refers_to_in_time_is_collected(
    house: House, directory: Directory, collecting: Collecting
) -> None:
    """All of it, however much; what a record refers to, what is younger, and what was taken down stays."""
    names = [new_name() for _ in range(253)]
    await put(directory, *names)

    def add(tx: Tx) -> None:
        for n, name in enumerate(names):
            cid = Cid.of_raw(b"%d" % n)
            blobs.add(tx, n % 3, cid, mime_type="a/b", size=10, object=name, now=house.minter.milliseconds())
        blobs.refer(tx, 0, "a.b.c/1", Tid.of(1, 0), [Cid.of_raw(b"0")])
        blobs.set_takedown(tx, 1, Cid.of_raw(b"1"), "why")

    await house.db.write(add)
    early = await collecting.collect()
    house.clock.turn(seconds=GRACE_HOURS * 3600 - 1)
    still = await collecting.collect()
    await house.db.write(
        lambda tx: blobs.renew(tx, 2, Cid.of_raw(b"2"), mime_type="a/b", now=house.minter.milliseconds())
    )
    house.clock.turn(seconds=2)

    assert (early, still) == (Collected(0, 0, 0, 0), Collected(0, 0, 0, 0))
    assert await collecting.collect() == Collected(250, 2500, 250, 0)
    assert await left(directory) == set(names[:3])
    assert await house.db.read(lambda tx: [blobs.usage(tx, n) for n in range(3)]) == [10, 10, 10]


async def test_what_a_crash_interrupted_is_removed(house: House, directory: Directory, collecting: Collecting) -> None:
    """An object that was never claimed goes when it is due; one that is gone already is no error."""
    never, gone, coming = new_name(), new_name(), new_name()
    await put(directory, never, coming)
    now = house.minter.milliseconds()

    def add(tx: Tx) -> None:
        for name, due in [(never, now), (gone, now), (coming, now + 1000)]:
            doomed.add(tx, name, due=due)

    await house.db.write(add)

    assert await collecting.collect() == Collected(0, 0, 2, 0)
    assert await left(directory) == {coming}
    house.clock.turn(seconds=1)
    assert await collecting.collect() == Collected(0, 0, 1, 0)
    assert await left(directory) == set()


async def test_what_cannot_be_removed_keeps_nothing_else_back(
    house: House, directory: Directory, collecting: Collecting, tmp_path: Path
) -> None:
    """It is tried again later."""
    names = [new_name() for _ in range(20)]
    await put(directory, *names)
    stuck = tmp_path / "blobs" / path_of(names[0])
    stuck.unlink()
    stuck.mkdir()

    def add(tx: Tx) -> None:
        for n, name in enumerate(names):
            doomed.add(tx, name, due=n)

    await house.db.write(add)
    first = await collecting.collect()
    stuck.rmdir()
    second = await collecting.collect()
    house.clock.turn(seconds=LATER_SECONDS)

    assert (first, second) == (Collected(0, 0, 19, 1), Collected(0, 0, 0, 0))
    assert await collecting.collect() == Collected(0, 0, 1, 0)


async def test_it_collects_when_it_is_told(house: House, directory: Directory, collecting: Collecting) -> None:
    """And stops with the server."""
    name = new_name()
    await put(directory, name)
    async with collecting.running():
        await asyncio.sleep(0)
        await house.db.write(lambda tx: doomed.add(tx, name, due=0))
        collecting.nudge()
        while await left(directory):
            await asyncio.sleep(0.01)


async def test_what_is_nobodys_can_be_doomed(house: House, directory: Directory, collecting: Collecting) -> None:
    """However much it is."""
    names = [new_name() for _ in range(120)]
    await put(directory, *names)

    assert await collecting.doom(names[:110]) == 110
    assert (await collecting.collect()).removed == 110
    assert await left(directory) == set(names[110:])
