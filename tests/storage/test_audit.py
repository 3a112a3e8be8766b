"""The audit log's rows, on both engines."""

import pytest

from roost.storage import Database, audit
from roost.storage.errors import StorageError
from roost.syntax import Did

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")


async def note(db: Database, method: str, did: Did | None = None, **changed: object) -> None:
    """Append an action."""
    await db.write(
        lambda tx: audit.add(
            tx,
            at=7,
            method=method,
            actor="admin",
            address="1.2.3.4",
            subject=did,
            did=did,
            changed=changed,
            outcome="done",
        )
    )


async def test_what_was_noted_is_read(tables: Database) -> None:
    """As it was, identifiers in `changed` as their text."""
    await note(tables, "a", ALICE, of=ALICE, number=1, text="é\0", nothing=None)

    (entry,) = await tables.read(lambda tx: audit.page(tx, before=2**62, limit=10))

    assert (entry.at, entry.method, entry.actor, entry.address) == (7, "a", "admin", "1.2.3.4")
    assert (entry.subject, entry.did, entry.outcome) == (ALICE, ALICE, "done")
    assert entry.changed == {"of": ALICE, "number": 1, "text": "é\0", "nothing": None}


async def test_pages_the_latest_first(tables: Database) -> None:
    """Of all, or of one account."""
    for n in range(5):
        await note(tables, str(n), ALICE if n % 2 else None)

    first = await tables.read(lambda tx: audit.page(tx, before=2**62, limit=2))
    rest = await tables.read(lambda tx: audit.page(tx, before=first[-1].id, limit=10))
    own = await tables.read(lambda tx: audit.page(tx, before=2**62, limit=10, did=ALICE))

    assert [entry.method for entry in first] == ["4", "3"]
    assert [entry.method for entry in rest] == ["2", "1", "0"]
    assert [entry.method for entry in own] == ["3", "1"]


async def test_what_was_noted_stays(tables: Database) -> None:
    """The database itself sees to it, aloud."""
    await note(tables, "a", ALICE)
    statements = ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"]
    if tables.dialect == "postgres":  # the other has no such word
        statements.append("TRUNCATE audit")

    for statement in statements:
        with pytest.raises(StorageError, match="only added to"):
            await tables.write(lambda tx, statement=statement: tx.run(statement))  # type: ignore[misc]

    (entry,) = await tables.read(lambda tx: audit.page(tx, before=2**62, limit=10))
    assert entry.actor == "admin"
