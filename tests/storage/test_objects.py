"""Objects in a directory and in memory: whole, readable in parts, gone when removed."""

import os
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from roost.storage.errors import ObjectMissing, ObjectStoreFailed
from roost.storage.objects import (
    PIECE,
    SNIFFED,
    STALE_SECONDS,
    Directory,
    Objects,
    Spool,
    is_name,
    new_name,
    path_of,
)
from roost.storage.opening import open_objects

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["directory", "file", "memory"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Objects]:
    """Objects that nobody else has."""
    urls = {"directory": None, "file": f"file://{tmp_path}/else%20where", "memory": "memory:///"}
    made = open_objects(urls[request.param], tmp_path)
    yield made
    await made.close()


async def put(objects: Objects, data: bytes) -> str:
    """Make an object of bytes."""
    name = new_name()
    async with objects.spool.file() as file:
        await file.write(data)
        await objects.put(name, file.path)
    return name


async def read(objects: Objects, name: str, start: int, length: int) -> bytes:
    """Read a part of an object."""
    return b"".join([piece async for piece in objects.read(name, start, length)])


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 9_000_000])
async def test_an_object_is_what_was_put(objects: Objects, size: int) -> None:
    """All of it, and any part."""
    data = os.urandom(size)
    name = await put(objects, data)

    assert await read(objects, name, 0, size) == data
    assert await read(objects, name, size // 3, size // 2) == data[size // 3 : size // 3 + size // 2]


async def test_an_object_that_is_removed_is_gone(objects: Objects) -> None:
    """Reading it says so; removing it again does nothing, and others stay."""
    gone, kept = await put(objects, b"gone"), await put(objects, b"kept")
    for _ in range(2):
        await objects.delete(gone)

    with pytest.raises(ObjectMissing):
        await read(objects, gone, 0, 4)
    assert await read(objects, kept, 0, 4) == b"kept"
    assert [each.name async for each in objects.list()] == [kept]


async def test_a_list_has_size_and_time(objects: Objects) -> None:
    """Every object is listed once."""
    names = {await put(objects, b"x" * n): n for n in range(5)}

    found = [each async for each in objects.list()]

    assert {each.name: each.size for each in found} == names
    assert all(abs(each.written - time.time()) < 60 for each in found)


async def test_what_goes_while_it_is_listed_is_left_out(tmp_path: Path) -> None:
    """An entry of a folder that is no file any more when it is looked at: as a link to nowhere is."""
    objects = Directory(tmp_path)
    name = await put(objects, b"x")
    gone = tmp_path / path_of(name)
    gone = gone.with_name(gone.name[:2] + new_name()[2:])
    gone.symlink_to("nowhere")

    assert [each.name async for each in objects.list()] == [name]
    await objects.close()


async def test_an_object_that_is_too_short_is_told(objects: Objects) -> None:
    """What is there is given, and then it is said that the rest is missing."""
    pieces = objects.read(await put(objects, b"short"), 0, 6)

    assert await anext(pieces) == b"short"
    with pytest.raises(ObjectMissing):
        await anext(pieces)


async def test_a_file_that_arrives_is_hashed_and_counted(tmp_path: Path) -> None:
    """Its hash, its size and how it begins are those of all pieces together."""
    spool = Spool(tmp_path)
    pieces = [b"a" * 5000, b"b" * 5000, b"c" * 5000]
    async with spool.file() as file:
        for piece in pieces:
            await file.write(piece)
        assert file.path.read_bytes() == b"".join(pieces)

    assert (file.size, file.digest) == (15000, sha256(b"".join(pieces)).digest())
    assert file.head == b"".join(pieces)[:SNIFFED]
    spool.close()


async def test_nothing_is_left_of_what_did_not_arrive(tmp_path: Path) -> None:
    """Whatever ends the block, the file is gone."""
    spool = Spool(tmp_path)

    async def receive() -> None:
        async with spool.file() as file:
            await file.write(b"half")
            raise RuntimeError("the client is gone")

    with pytest.raises(RuntimeError, match="client"):
        await receive()

    assert list(tmp_path.iterdir()) == []
    spool.close()


async def test_what_a_crash_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    """But not what another process may be receiving."""
    old, new = tmp_path / new_name(), tmp_path / new_name()
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    past = time.time() - STALE_SECONDS - 10
    os.utime(old, (past, past))

    Spool(tmp_path).close()

    assert list(tmp_path.iterdir()) == [new]


async def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Nobody else on the machine may read what somebody may have uploaded by mistake."""
    directory = Directory(tmp_path / "blobs")
    name = await put(directory, b"x")

    assert (tmp_path / "blobs" / path_of(name)).parent.stat().st_mode & 0o077 == 0
    await directory.close()


async def test_what_cannot_be_put_leaves_nothing(tmp_path: Path) -> None:
    """A file that went away meanwhile is an error."""
    directory = Directory(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        await directory.put(new_name(), tmp_path / "not there")

    assert [each async for each in directory.list()] == []
    await directory.close()


def test_names_are_all_different() -> None:
    """And are told from other files."""
    assert len({new_name() for _ in range(1000)}) == 1000
    assert is_name(new_name())
    assert not is_name("README")
    assert not is_name(new_name() + ".part")


def test_a_url_that_makes_no_sense(tmp_path: Path) -> None:
    """It is refused when the server starts, without the library's own data structures."""
    with pytest.raises(ObjectStoreFailed) as refused:
        open_objects("s3://", tmp_path)
    assert "\n" not in str(refused.value)


async def test_a_file_may_be_put_without_being_given_away(tmp_path: Path) -> None:
    """It stays where it is, under its own name, whatever becomes of the object; a copy will do where links do not."""
    objects = open_objects(None, tmp_path)
    source = tmp_path / "somebody-elses"
    source.write_bytes(b"precious")
    name = new_name()

    async with objects.spool.linked(source) as link:
        await objects.put(name, link)
    assert await read(objects, name, 0, 8) == b"precious"
    await objects.delete(name)
    async with objects.spool.linked(source) as link:
        assert link.read_bytes() == b"precious"

    assert source.read_bytes() == b"precious"
    assert not link.exists()
    await objects.close()
