"""Reports to the moderators that nobody else takes."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import orjson

from roost.storage.db import Tx
from roost.syntax import Did


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """A report: who makes it, why, about what (JSON with its `$type`), and when, in milliseconds since 1970."""

    id: int
    did: Did
    reason_type: str
    reason: str | None
    subject: str
    created_at: int

    @property
    def about(self) -> dict[str, object]:
        """What it is about, as JSON has it."""
        about: dict[str, object] = orjson.loads(self.subject)
        return about

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.created_at / 1000, UTC)


def add(tx: Tx, account: int, *, did: Did, reason_type: str, reason: str | None, subject: str, now: int) -> Report:
    """Add a report."""
    row = tx.one(
        "INSERT INTO report (account, did, reason_type, reason, subject, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        account, did, reason_type, reason, subject, now,
    )  # fmt: skip
    assert row is not None, "RETURNING answers with the row it inserted"
    return Report(int(row[0]), did, reason_type, reason, subject, now)


def times_since(tx: Tx, account: int, since: int) -> Sequence[int]:
    """Return when the account has made its reports since then, the first one first."""
    rows = tx.all(
        "SELECT created_at FROM report WHERE account = ? AND created_at > ? ORDER BY created_at", account, since
    )
    return [int(row[0]) for row in rows]


def newest(tx: Tx, limit: int) -> Sequence[Report]:
    """Return the last reports, the newest first."""
    rows = tx.all(
        "SELECT id, did, reason_type, reason, subject, created_at FROM report ORDER BY id DESC LIMIT ?", limit
    )
    return [Report(id, Did(did), type, reason, subject, at) for id, did, type, reason, subject, at in rows]
