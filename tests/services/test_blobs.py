"""Blobs on their way in and out: what the store, the clock and other transactions may do meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from roost.data.cid import Cid
from roost.services import blobs as service
from roost.services.blobs import STORE_SECONDS, Blobs, Uploaded
from roost.services.collecting import Collecting
from roost.services.errors import (
    AccountNotFound,
    BlobNotFound,
    InvalidRequest,
    TooManyRequests,
    UpstreamFailure,
)
from roost.storage import accounts, blobs, doomed
from roost.storage.db import Tx
from roost.storage.errors import ObjectStoreFailed
from roost.storage.objects import Directory
from roost.syntax import Tid
from support.house import House

pytestmark = pytest.mark.anyio

DATA = b"some words"
CID = Cid.of_raw(DATA)


class Store(Directory):
    """A directory on which things go wrong when the test says so."""

    broken = False
    slow: asyncio.Event | None = None

    async def put(self, name: str, file: Path) -> None:
        """Fail, or wait for the test."""
        if self.broken:
            raise ObjectStoreFailed("it is broken")
        await super().put(name, file)
        if self.slow is not None:
            await self.slow.wait()

    async def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Fail."""
        if self.broken:
            raise ObjectStoreFailed("it is broken")
        async for piece in super().read(name, start, length):
            yield piece


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Where the objects are."""
    store = Store(tmp_path / "blobs")
    yield store
    await store.close()


@pytest.fixture
def made(house: House, store: Store) -> Blobs:
    """What is tested."""
    return Blobs(house.db, store, house.policy, Collecting(house.db, store, house.minter), house.minter)


async def pieces(parts: Iterable[bytes] = (DATA,)) -> AsyncIterator[bytes]:
    """Arrive."""
    for part in parts:
        yield part


async def left(store: Store) -> int:
    """Return how many objects there are; no file may be on its way any more."""
    assert list((store._root / "incoming").iterdir()) == []
    return len([each async for each in store.list()])


async def test_a_blob_arrives_in_any_pieces(house: House, made: Blobs, store: Store) -> None:
    """Its name is that of all of them together."""
    account = await house.account()
    parts = [b"", b"x" * 300_000, b"y", b"", b"z" * 700_000]

    uploaded = await made.upload(account.id, pieces(parts), "text/plain")

    assert uploaded == Uploaded(Cid.of_raw(b"".join(parts)), "text/plain", 1_000_001)
    assert await left(store) == 1


async def test_a_store_that_fails_is_somebody_elses_fault(house: House, made: Blobs, store: Store) -> None:
    """No blob is there; what may have got into the store is due in time."""
    account = await house.account()
    store.broken = True

    with pytest.raises(UpstreamFailure):
        await made.upload(account.id, pieces(), "text/plain")

    assert await house.db.read(lambda tx: blobs.get(tx, account.id, CID)) is None
    due = house.minter.milliseconds() + STORE_SECONDS * 1000
    assert len(await house.db.read(lambda tx: doomed.due(tx, due, 10))) == 1
    assert await left(store) == 0


async def test_a_store_that_takes_too_long_is_not_believed(house: House, made: Blobs, store: Store) -> None:
    """What was due meanwhile may be gone."""
    account = await house.account()
    store.slow = asyncio.Event()
    task = asyncio.create_task(made.upload(account.id, pieces(), "text/plain"))
    while await left_names(store) == []:
        await asyncio.sleep(0.01)
    house.clock.turn(seconds=STORE_SECONDS)
    store.slow.set()

    with pytest.raises(UpstreamFailure):
        await task

    assert (await Collecting(house.db, store, house.minter).collect()).removed == 1
    assert await house.db.read(lambda tx: blobs.get(tx, account.id, CID)) is None


async def left_names(store: Store) -> list[str]:
    """Return the names of the objects."""
    return [each.name async for each in store.list()]


async def test_an_account_that_goes_meanwhile_leaves_nothing(house: House, made: Blobs, store: Store) -> None:
    """Its upload is refused, and the object is removed in time."""
    account = await house.account()
    store.slow = asyncio.Event()
    task = asyncio.create_task(made.upload(account.id, pieces(), "text/plain"))
    while await left_names(store) == []:
        await asyncio.sleep(0.01)
    await house.db.write(lambda tx: accounts.delete(tx, account.id))
    store.slow.set()

    with pytest.raises(AccountNotFound):
        await task

    house.clock.turn(seconds=STORE_SECONDS)
    await Collecting(house.db, store, house.minter).collect()
    assert await left(store) == 0


async def test_a_task_that_is_cancelled_leaves_nothing(house: House, made: Blobs, store: Store) -> None:
    """A client that goes away ends the task that serves it."""
    account = await house.account()
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 500_000
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(made.upload(account.id, endless(), "text/plain"))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await left(store) == 0
    assert await made.upload(account.id, pieces(), "text/plain")


async def test_what_never_ends_does(house: House, made: Blobs, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob has its time to arrive."""
    monkeypatch.setattr(service, "RECEIVE_SECONDS", 0.05)
    account = await house.account()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    with pytest.raises(InvalidRequest, match="took longer than"):
        await made.upload(account.id, endless(), "text/plain")
    assert await left(store) == 0


@pytest.mark.parametrize("name", ["MAX_ARRIVING", "MAX_ARRIVING_EACH"])
async def test_what_arrives_at_once_is_bounded(
    house: House, made: Blobs, store: Store, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In bytes; what has arrived, or failed to, counts no longer."""
    monkeypatch.setattr(service, name, 1_000_000)
    account = await house.account()
    hold, arrived = asyncio.Event(), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        yield b"x" * 600_000
        arrived.set()
        await hold.wait()

    first = asyncio.create_task(made.upload(account.id, held(), "text/plain"))
    await arrived.wait()
    for _ in range(2):
        with pytest.raises(TooManyRequests):
            await made.upload(account.id, pieces([b"y" * 600_000]), "text/plain")
    hold.set()
    await first

    for n in range(3):
        await made.upload(account.id, pieces([b"%d" % n * 900_000]), "text/plain")


async def test_a_store_that_cannot_be_read(house: House, made: Blobs, store: Store) -> None:
    """It is told as such, and not as a blob that is not there."""
    account = await house.account()
    await made.upload(account.id, pieces(), "text/plain")
    await house.db.write(lambda tx: blobs.refer(tx, account.id, "a.b.c/1", Tid.of(1, 0), [CID]))
    served = await made.get(account.did, CID, None)
    got = [piece async for piece in served.read(2, 3)]
    store.broken = True

    with pytest.raises(UpstreamFailure):
        _ = [piece async for piece in served.read(2, 3)]
    assert (got, served.public) == ([DATA[2:5]], True)


async def test_bytes_that_are_lost(house: House, made: Blobs, store: Store) -> None:
    """They are not there for whoever asks."""
    account = await house.account()
    await made.upload(account.id, pieces(), "text/plain")

    def refer(tx: Tx) -> None:
        blobs.refer(tx, account.id, "a.b.c/1", Tid.of(1, 0), [CID])

    await house.db.write(refer)
    for name in await left_names(store):
        await store.delete(name)
    served = await made.get(account.did, CID, None)

    with pytest.raises(BlobNotFound):
        _ = [piece async for piece in served.read(0, 3)]
