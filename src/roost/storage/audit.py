"""What was done with the administrator's rights: rows that are only ever added, and outlive the accounts they name."""

from typing import Any

import msgspec

from roost.storage.db import Row, Tx
from roost.syntax import Did

_SELECT = "SELECT id, at, method, actor, address, subject, did, changed, outcome FROM audit"


class Entry(msgspec.Struct, frozen=True):
    """One action; `at` is in milliseconds since 1970, `changed` what became of what, `did` the account it was about."""

    id: int
    at: int
    method: str
    actor: str
    address: str | None
    subject: str | None
    did: Did | None
    changed: dict[str, Any]
    outcome: str


def add(
    tx: Tx,
    *,
    at: int,
    method: str,
    actor: str,
    address: str | None,
    subject: str | None,
    did: Did | None,
    changed: dict[str, object],
    outcome: str,
) -> None:
    """Append an action; `changed` must be what JSON can hold, an identifier as its text."""
    told = msgspec.json.encode(changed, enc_hook=str).decode()
    tx.run(
        "INSERT INTO audit (at, method, actor, address, subject, did, changed, outcome)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        at, method, actor, address, subject, did, told, outcome,
    )  # fmt: skip


def page(tx: Tx, *, before: int, limit: int, did: Did | None = None) -> list[Entry]:
    """Return the last `limit` actions whose id is below `before`, the latest first; `did` chooses one account's."""
    if did is None:
        rows = tx.all(_SELECT + " WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit)
    else:
        rows = tx.all(_SELECT + " WHERE did = ? AND id < ? ORDER BY id DESC LIMIT ?", did, before, limit)
    return [_entry(row) for row in rows]


def _entry(row: Row) -> Entry:
    id, at, method, actor, address, subject, did, changed, outcome = row
    told = msgspec.json.decode(changed, type=dict[str, Any])
    return Entry(id, at, method, actor, address, subject, None if did is None else Did(did), told, outcome)
