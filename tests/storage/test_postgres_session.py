"""One PostgreSQL connection: what it sends for a batch, and what it makes of the answers."""

from collections.abc import Iterator

import pytest

from roost.storage.errors import ConstraintFailed, QueryFailed
from roost.storage.postgres_session import PostgresTx, Writer
from support import postgres


@pytest.fixture
def writer() -> Iterator[Writer]:
    """A session that writes, with a table of notes."""
    writer = Writer(postgres.schema_url())
    writer.begin()
    writer.enter([], alone=True).run("CREATE TABLE note (id BIGINT PRIMARY KEY)")
    writer.leave()
    writer.commit()
    yield writer
    writer.close()


def add(tx: PostgresTx, id: int) -> None:
    """Add a note."""
    tx.run("INSERT INTO note (id) VALUES (?)", id)


def ids(writer: Writer) -> list[int]:
    """Return the ids of all notes."""
    writer.begin()
    rows = writer.enter([], alone=True).all("SELECT id FROM note ORDER BY id")
    writer.rollback()
    return [id for (id,) in rows]


def test_each_function_of_a_batch_has_a_savepoint(writer: Writer) -> None:
    """Kept, undone, kept: also where the next savepoint releases the last one."""
    writer.begin()
    for id, keep in [(1, True), (2, True), (3, False), (4, True), (5, False)]:
        add(writer.enter([], alone=False), id)
        if keep:
            writer.leave()
        else:
            writer.undo()
    writer.commit()

    assert ids(writer) == [1, 2, 4]


def test_a_lone_function_that_is_undone_leaves_a_batch_that_can_be_committed(writer: Writer) -> None:
    """There is nothing in it."""
    writer.begin()
    tx = writer.enter([], alone=True)
    add(tx, 1)
    with pytest.raises(ConstraintFailed):
        add(tx, 1)
    writer.undo()
    writer.commit()

    assert ids(writer) == []


def test_a_commit_that_the_server_turned_into_a_rollback_is_no_commit(writer: Writer) -> None:
    """It reports that as a success, of another name."""
    writer.begin()
    tx = writer.enter([], alone=True)
    add(tx, 1)
    with pytest.raises(ConstraintFailed):
        add(tx, 1)

    with pytest.raises(QueryFailed, match="ROLLBACK"):
        writer.commit()
