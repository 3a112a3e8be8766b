"""Objects that are to go: a list that outlives the process, so that none stays for ever and none that is needed goes.

An object is listed before its first byte is written, due when the upload must long have ended. A blob claims it in the
very transaction that adds the blob; what never gets that far is removed in time, whatever happened to whom.
"""

from collections.abc import Iterable

from roost.storage.db import Tx


def add(tx: Tx, object: str, *, due: int) -> None:
    """Have an object removed from that time on, in milliseconds since 1970; an earlier time counts if it is listed."""
    tx.run(
        "INSERT INTO doomed_object (object, due) VALUES (?, ?)"
        " ON CONFLICT (object) DO UPDATE SET due = excluded.due WHERE excluded.due < doomed_object.due",
        object, due,
    )  # fmt: skip


def claim(tx: Tx, object: str, now: int) -> bool:
    """Take an object off the list, for a blob; False if it was due, so that it may be gone already."""
    return tx.run("DELETE FROM doomed_object WHERE object = ? AND due > ?", object, now) > 0


def due(tx: Tx, now: int, limit: int) -> list[str]:
    """Return the first `limit` objects that are due, the longest due first."""
    rows = tx.all("SELECT object FROM doomed_object WHERE due <= ? ORDER BY due LIMIT ?", now, limit)
    return [row[0] for row in rows]


def done(tx: Tx, objects: Iterable[str]) -> None:
    """Forget objects that have been removed."""
    tx.run_many("DELETE FROM doomed_object WHERE object = ?", [(object,) for object in objects])


def is_listed(tx: Tx, object: str) -> bool:
    """Return whether the object is on the list."""
    return tx.one("SELECT 1 FROM doomed_object WHERE object = ?", object) is not None


def postpone(tx: Tx, objects: Iterable[str], due: int) -> None:
    """Have objects on the list removed from another time on."""
    tx.run_many("UPDATE doomed_object SET due = ? WHERE object = ?", [(due, object) for object in objects])
