"""Objects in a store that speaks S3, and a store that does not answer."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from roost.storage.errors import ObjectMissing, ObjectStoreFailed
from roost.storage.object_store import PART, WINDOW, ObjectStore
from roost.storage.objects import Spool, new_name
from support import s3

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """A server that speaks S3."""
    with s3.serving() as url:
        yield url


@pytest.fixture
async def store(s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ObjectStore]:
    """Objects of this test's own in its bucket."""
    for name, value in s3.environment(s3_url).items():
        monkeypatch.setenv(name, value)
    store = ObjectStore(f"s3://{s3.BUCKET}/{tmp_path.name}/deeper", Spool(tmp_path))
    yield store
    await store.close()


async def put(store: ObjectStore, data: bytes) -> str:
    """Make an object of bytes."""
    name = new_name()
    async with store.spool.file() as file:
        await file.write(data)
        await store.put(name, file.path)
    return name


async def read(store: ObjectStore, name: str, start: int, length: int) -> bytes:
    """Read a part of an object."""
    return b"".join([piece async for piece in store.read(name, start, length)])


@pytest.mark.parametrize("size", [0, 5, WINDOW, WINDOW + 1, 2 * PART + 1])
async def test_an_object_is_what_was_put(store: ObjectStore, size: int) -> None:
    """All of it, and any part, also of what is sent in several."""
    data = os.urandom(size)
    name = await put(store, data)

    assert await read(store, name, 0, size) == data
    assert await read(store, name, size // 3, size // 2) == data[size // 3 : size // 3 + size // 2]
    assert [(each.name, each.size) async for each in store.list()] == [(name, size)]


async def test_an_object_that_is_removed_is_gone(store: ObjectStore) -> None:
    """Removing it again is no error."""
    name = await put(store, b"x")
    for _ in range(2):
        await store.delete(name)

    with pytest.raises(ObjectMissing):
        await read(store, name, 0, 1)
    assert [each async for each in store.list()] == []


async def test_an_object_that_is_too_short_is_told(store: ObjectStore) -> None:
    """The rest of it is missing."""
    name = await put(store, b"short")

    with pytest.raises(ObjectMissing):
        await read(store, name, 0, 6)


async def test_a_store_that_refuses_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of it fails with an error of ours, in one line."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for name, value in s3.environment(f"http://127.0.0.1:{closed.getsockname()[1]}").items():
            monkeypatch.setenv(name, value)
        store = ObjectStore("s3://bucket", Spool(tmp_path))

        with pytest.raises(ObjectStoreFailed) as refused:
            await put(store, b"x")
        with pytest.raises(ObjectStoreFailed):
            await read(store, new_name(), 0, 1)
        with pytest.raises(ObjectStoreFailed):
            await store.delete(new_name())

    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    await store.close()
