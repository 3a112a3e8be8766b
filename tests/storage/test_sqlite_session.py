"""One SQLite connection: how it is set up, and when its log is due to be copied back."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from roost.storage import sqlite_session
from roost.storage.errors import QueryFailed
from roost.storage.sqlite_session import Reader, Writer, connect

LIMIT = 20 * (4096 + 24)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "roost.sqlite"


@pytest.fixture
def writer(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """A session that writes, on a database whose log is due after 20 pages."""
    monkeypatch.setattr(sqlite_session, "LOG_BYTES", LIMIT)
    writer = Writer(connect(path, cache_mib=1, read_only=False), path)
    write(writer, "CREATE TABLE note (text TEXT)")
    yield writer
    writer.close()


def write(writer: Writer, sql: str) -> None:
    """Run one statement in a transaction of its own."""
    writer.begin()
    writer.enter([], alone=True).run(sql)
    writer.leave()
    writer.commit()


def fill(writer: Writer) -> None:
    """Write until the log is due."""
    while not writer.checkpoint_due():
        write(writer, f"INSERT INTO note (text) VALUES ('{'x' * 4000}')")


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("mmap_size", 0)]
)
def test_every_connection_is_set_up_for_durable_writes(path: Path, pragma: str, value: object) -> None:
    """Also one that only reads: it may be the last to close, and then copies the log back."""
    for read_only in (False, True):
        connection = connect(path, cache_mib=1, read_only=read_only)

        assert (value,) == connection.execute(f"PRAGMA {pragma}").fetchone()
        connection.close()


def test_a_log_that_was_copied_back_starts_over(writer: Writer) -> None:
    """It is not due again until it has become as long again."""
    fill(writer)

    writer.checkpoint()

    write(writer, "INSERT INTO note (text) VALUES ('short')")
    assert not writer.checkpoint_due()


def test_a_log_that_is_being_read_is_not_asked_for_again_and_again(writer: Writer, path: Path) -> None:
    """A long export holds its snapshot, so copying back must wait; each try in between would be for nothing."""
    reader = Reader(connect(path, cache_mib=1, read_only=True))
    reader.enter().all("SELECT count(*) FROM note")
    fill(writer)

    writer.checkpoint()

    write(writer, "INSERT INTO note (text) VALUES ('short')")
    assert not writer.checkpoint_due()
    reader.leave()
    fill(writer)
    writer.checkpoint()
    write(writer, "INSERT INTO note (text) VALUES ('short')")
    assert Path(f"{path}-wal").stat().st_size <= LIMIT
    reader.close()


def test_a_commit_of_nothing_says_nothing_of_the_disk(writer: Writer) -> None:
    """Or the next real one would be taken for fast."""
    before = writer.commit_seconds

    write(writer, "DELETE FROM note WHERE text = 'absent'")

    assert before == writer.commit_seconds


def test_a_half_read_statement_does_not_outlive_the_commit(writer: Writer, path: Path) -> None:
    """It would hold its snapshot, and the log could never start over."""
    fill(writer)
    writer.begin()
    writer.enter([], alone=True).one("SELECT text FROM note")  # there are more rows
    writer.leave()
    writer.commit()

    writer.checkpoint()

    write(writer, "INSERT INTO note (text) VALUES ('short')")
    assert Path(f"{path}-wal").stat().st_size <= LIMIT


def test_a_database_without_a_log_has_none_to_copy_back(path: Path) -> None:
    """As before the first write, or when that failed."""
    writer = Writer(connect(path, cache_mib=1, read_only=False), path)
    Path(f"{path}-wal").unlink(missing_ok=True)

    assert not writer.checkpoint_due()
    writer.close()


def test_a_snapshot_that_cannot_be_closed_is_given_up(path: Path) -> None:
    """Whoever reads next gets one of its own."""
    connection = connect(path, cache_mib=1, read_only=True)
    reader = Reader(connection)
    reader.enter().all("SELECT 1 FROM sqlite_schema")
    deny = (sqlite3.SQLITE_TRANSACTION, "COMMIT")
    connection.set_authorizer(lambda *asked: sqlite3.SQLITE_DENY if asked[:2] == deny else sqlite3.SQLITE_OK)

    with pytest.raises(QueryFailed):
        reader.leave()

    connection.set_authorizer(None)
    assert reader.enter().all("SELECT 1") == [(1,)]
    reader.leave()
    reader.close()
