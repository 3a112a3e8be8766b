"""What is SQLite's alone: one owner, a log that is kept short, a disk that is full."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roost import storage
from roost.storage import sqlite, sqlite_session
from roost.storage.db import Database, Tx
from roost.storage.errors import CommitFailed, QueryFailed
from support import writing

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "roost.sqlite"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    """A database with a table of notes."""
    db = storage.open(path)
    await db.write(lambda tx: tx.run("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"))
    yield db
    await db.close()


def add(tx: Tx, size: int = 1) -> None:
    """Add a note of that size."""
    tx.run("INSERT INTO note (text) VALUES (?)", "x" * size)


async def count(db: Database) -> int:
    """Count the notes."""
    (n,) = await db.read(lambda tx: tx.one("SELECT count(*) FROM note")) or (0,)
    return int(n)


async def test_a_second_process_is_refused(db: Database, path: Path) -> None:
    """It says who is there, and touches nothing."""
    refused = subprocess.run(
        [sys.executable, writing.__file__, f"sqlite:///{path}", "1"], capture_output=True, text=True, check=False
    )

    assert refused.returncode != 0
    assert f"DatabaseInUse: process {os.getpid()} is using this data directory" in refused.stderr
    assert await count(db) == 0


async def test_a_database_that_could_not_be_opened_is_owned_by_nobody(path: Path) -> None:
    """After mending the file one can try again."""
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(QueryFailed, match="not a database"):
        storage.open(path)
    path.unlink()

    await storage.open(path).close()


async def test_only_its_owner_may_read_the_database(db: Database, path: Path) -> None:
    """There are sealed keys, password hashes and email addresses in it; in its log, too."""
    await db.write(add)

    assert {0o600} == {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}


async def test_a_closed_database_is_one_file(db: Database, path: Path) -> None:
    """The log has been copied back: the file is a backup by itself."""
    await db.write(add)

    await db.close()

    assert {"roost.sqlite", "roost.lock"} == {file.name for file in path.parent.iterdir()}


@contextmanager
def disk_full(at: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("writers", [1, 3])
async def test_a_full_disk_fails_the_commit_and_nothing_else(db: Database, path: Path, writers: int) -> None:
    """Every writer of the batch is told; reading goes on; with room again, so does writing."""
    await db.write(add)
    heard: list[bool] = []

    def write(tx: Tx) -> None:
        tx.after(heard.append)
        add(tx, 100_000)

    with disk_full(at=Path(f"{path}-wal").stat().st_size + 4096):
        results = await asyncio.gather(*(db.write(write) for _ in range(writers)), return_exceptions=True)
        assert await count(db) == 1

    assert [CommitFailed] * writers == [type(result) for result in results]
    assert [False] * writers == heard
    await db.write(write)
    assert await count(db) == 2


async def test_a_database_that_may_not_grow_fails_the_writer_that_needs_more(db: Database) -> None:
    """Its statement is what fails, before any commit; a neighbour that needs no more is committed."""
    await db.write(lambda tx: tx.all("PRAGMA max_page_count = 10"))

    results = await asyncio.gather(
        db.write(add), db.write(lambda tx: add(tx, 100_000)), db.write(add), return_exceptions=True
    )

    assert isinstance(results[1], QueryFailed | CommitFailed)
    assert await count(db) == sum(result is None for result in results)


@pytest.mark.parametrize("inline", [0.0, 60.0])
async def test_it_is_all_the_same_where_the_commit_is_made(
    db: Database, inline: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the event loop or in the thread."""
    monkeypatch.setattr(sqlite, "INLINE_SECONDS", inline)

    for _ in range(5):
        await db.write(add)

    assert await count(db) == 5


async def test_the_log_is_copied_back_when_it_is_long(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two batches; then it starts over."""
    limit = 50 * (4096 + 24)
    monkeypatch.setattr(sqlite_session, "LOG_BYTES", limit)
    await db.write(lambda tx: tx.all(f"PRAGMA journal_size_limit = {limit}"))

    for _ in range(200):
        await db.write(lambda tx: add(tx, 4000))

    assert Path(f"{path}-wal").stat().st_size < 2 * limit
    assert path.stat().st_size > 2 * limit
    assert await count(db) == 200


@pytest.mark.parametrize("slow", [False, True])
async def test_the_log_starts_over_although_exports_overlap(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, slow: bool
) -> None:
    """Streams follow one another so that there is always a snapshot; further ones wait for a moment without any.

    One that takes too long is not waited for, and nobody for it: the log starts over when it has ended.
    """
    limit = 50 * (4096 + 24)
    for module in (sqlite, sqlite_session):
        monkeypatch.setattr(module, "LOG_BYTES", limit)
    monkeypatch.setattr(sqlite, "LONGEST_LOG", 2 * limit)
    monkeypatch.setattr(sqlite, "PAUSE_SECONDS", 0.2 if slow else 5.0)
    db = storage.open(path)
    await db.write(lambda tx: tx.run("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"))
    await db.write(lambda tx: tx.all(f"PRAGMA journal_size_limit = {limit}"))
    for _ in range(100):
        await db.write(lambda tx: add(tx, 4000))
    ending, streamed = asyncio.Event(), 0

    def notes(tx: Tx) -> Iterator[bytes]:
        return (text.encode() for (text,) in tx.iterate("SELECT text FROM note WHERE id <= 100"))

    async def export_all_the_time() -> None:
        nonlocal streamed
        while not ending.is_set():
            streamed += len([chunk async for chunk in db.stream(notes)]) > 0
            await asyncio.sleep(0)

    async def export_slowly() -> None:
        chunks = db.stream(notes)
        await anext(chunks)
        await ending.wait()
        await chunks.aclose()

    exports = [asyncio.create_task(export_all_the_time()) for _ in range(4)]
    exports += [asyncio.create_task(export_slowly())] if slow else []
    longest = 0
    for _ in range(1000):
        await db.write(lambda tx: add(tx, 4000))
        longest = max(longest, Path(f"{path}-wal").stat().st_size)
    ending.set()
    await asyncio.gather(*exports)
    assert streamed > 10
    if not slow:
        assert longest < 8 * limit
    async with asyncio.timeout(10):
        while Path(f"{path}-wal").stat().st_size > limit:
            await db.write(lambda tx: add(tx, 4000))
            await asyncio.sleep(0.001)
    await db.close()
