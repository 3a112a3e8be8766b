"""Where the bytes of blobs are: objects with names of their own, in a directory or in an object store.

    Objects
    ├── Directory      files, each durable before it is taken for written
    └── ObjectStore    S3, Google's, Azure's, or memory (`roost.storage.object_store`)

An object is written once, from a file that was received whole, and never changed. Deliberately does not know what the
bytes are, nor whose.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from hashlib import sha256
from io import FileIO
from pathlib import Path
from secrets import token_hex
from time import time
from typing import Final, Protocol, TypeVar

import msgspec

from roost.storage.errors import ObjectMissing

T = TypeVar("T")

PIECE: Final = 256 * 1024
"""Bytes read or written at a time: what a trip to another thread and back (some 60 µs) is small against."""

THREADS: Final = 8
"""Files that are read or written at a moment; a disk gains little from more."""

STALE_SECONDS: Final = 3600
"""Age at which a received file is a crash's leftover: no upload is silent for half a minute, or lasts for this long."""

SNIFFED: Final = 8192
"""Bytes at the beginning of a file by which its type is told: what the library for it looks at."""

_NAME: Final = re.compile(r"[0-9a-f]{32}")


class Stored(msgspec.Struct, frozen=True):
    """An object as a listing has it: its size in bytes, and when it was written, in seconds since 1970."""

    name: str
    size: int
    written: float


class Objects(Protocol):
    """A place for objects. Its methods are for the event loop."""

    spool: "Spool"

    async def put(self, name: str, file: Path) -> None:
        """Make the file's content an object, durably; the file may be gone afterwards.

        Raises ObjectStoreFailed; where the objects are files, OSError.
        """
        ...

    def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield a part of an object, in pieces. Raises ObjectMissing, ObjectStoreFailed."""
        ...

    async def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error. Raises ObjectStoreFailed."""
        ...

    def list(self) -> AsyncIterator[Stored]:
        """Yield every object, in no particular order. Raises ObjectStoreFailed."""
        ...

    async def close(self) -> None:
        """Give up what is held."""
        ...


def new_name() -> str:
    """Return a name that no object has ever had."""
    return token_hex(16)


def path_of(name: str) -> str:
    """Return where an object of that name is kept: in one of 256 folders, as no folder should have millions."""
    return f"{name[:2]}/{name}"


def is_name(text: str) -> bool:
    """Return whether that could be an object of ours."""
    return _NAME.fullmatch(text) is not None


class Spool:
    """Files on their way in, in a directory that has nothing else, and the threads that work on them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._threads = ThreadPoolExecutor(THREADS, "roost-blobs")
        self._clean()

    @asynccontextmanager
    async def file(self) -> AsyncIterator["Incoming"]:
        """Give a new file, which is gone at the end of the block unless it was moved away."""
        path = self._directory / new_name()
        file = await self.run(partial(FileIO, path, "x"))
        try:
            yield Incoming(path, file, self)
        finally:
            # Not in a thread: a cancelled task must clean up too, and nothing here waits for the disk.
            file.close()
            path.unlink(missing_ok=True)

    @asynccontextmanager
    async def linked(self, source: Path) -> AsyncIterator[Path]:
        """Give another name of a file that nobody writes to, or a copy of it where a file cannot have one; either is
        gone at the end of the block unless it was moved away.
        """
        path = self._directory / new_name()
        try:
            await self.run(partial(_link, source, path))
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something that waits for the disk, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End the threads when they have done what they do."""
        self._threads.shutdown()

    def _clean(self) -> None:
        """Remove what a crash has left, but not what another process may be at."""
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):  # another process's, which has finished with it
                if path.stat().st_mtime < time() - STALE_SECONDS:
                    path.unlink()


class Incoming:
    """A file that is being received, its bytes hashed and counted on the way.

    `head` is how it begins, SNIFFED bytes at the most.
    """

    def __init__(self, path: Path, file: FileIO, spool: Spool) -> None:
        self.path = path
        self.size = 0
        self.head = b""
        self._file = file
        self._spool = spool
        self._hash = sha256()

    async def write(self, data: bytes) -> None:
        """Append bytes. Raises OSError."""
        if len(self.head) < SNIFFED:
            self.head = (self.head + data)[:SNIFFED]
        self.size += len(data)
        await self._spool.run(partial(_append, self._file, self._hash.update, data))

    @property
    def digest(self) -> bytes:
        """The SHA-256 of all that was written."""
        return self._hash.digest()


class Directory:
    """Objects as files below a directory. See Objects."""

    def __init__(self, root: Path) -> None:
        self.spool = Spool(root / "incoming")
        self._root = root

    async def put(self, name: str, file: Path) -> None:
        """See Objects.put."""
        await self.spool.run(partial(_move, file, self._path(name)))

    async def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """See Objects.read."""
        file = await self.spool.run(partial(_open, self._path(name)))
        try:
            while length > 0:
                piece = await self.spool.run(partial(_read, file, start, min(length, PIECE)))
                if not piece:
                    raise ObjectMissing(name, f"it ends at byte {start}")
                yield piece
                start += len(piece)
                length -= len(piece)
        finally:
            file.close()

    async def delete(self, name: str) -> None:
        """See Objects.delete."""
        await self.spool.run(partial(self._path(name).unlink, missing_ok=True))

    async def list(self) -> AsyncIterator[Stored]:
        """See Objects.list."""
        for folder in await self.spool.run(lambda: sorted(self._root.glob("[0-9a-f][0-9a-f]"))):
            for stored in await self.spool.run(partial(_listed, folder)):
                yield stored

    async def close(self) -> None:
        """See Objects.close."""
        await asyncio.to_thread(self.spool.close)

    def _path(self, name: str) -> Path:
        return self._root / path_of(name)


def _link(source: Path, path: Path) -> None:
    try:
        path.hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, path)


def _append(file: FileIO, hash: Callable[[bytes], None], data: bytes) -> None:
    hash(data)
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _read(file: FileIO, start: int, length: int) -> bytes:
    # The descriptor is asked for here: of a file that was closed meanwhile, the number may be another's.
    return os.pread(file.fileno(), length, start)


def _open(path: Path) -> FileIO:
    try:
        return FileIO(path)
    except FileNotFoundError:
        raise ObjectMissing(path.name, "there is no such file") from None


def _move(file: Path, to: Path) -> None:
    """Give a file its name once its content is on the disk, and see that the name is too."""
    _sync(file)
    if not to.parent.is_dir():
        with suppress(FileExistsError):
            to.parent.mkdir(mode=0o700)
        _sync(to.parent.parent)
    file.replace(to)
    _sync(to.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _listed(folder: Path) -> list[Stored]:
    found = []
    for path in folder.iterdir():
        if is_name(path.name):
            with suppress(FileNotFoundError):  # it has been removed meanwhile
                about = path.stat()
                found.append(Stored(path.name, about.st_size, about.st_mtime))
    return found
