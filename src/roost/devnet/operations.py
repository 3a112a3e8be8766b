"""The directory's memory: one table of operations, and the transaction in which one joins its log.

Whether an operation may join is `identity.plc`'s decision; it is asked inside the write transaction, so that two
operations can never both follow the same one. Knows nothing of HTTP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from roost.data import Cid
from roost.identity import plc
from roost.storage.db import Database, Row, Tx
from roost.syntax import Did

Clock = Callable[[], dt.datetime]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Registered:
    """An operation as the directory exports it; `seq` counts all of them, over all DIDs."""

    seq: int
    did: str
    entry: plc.Entry


async def create_table(db: Database) -> None:
    """Make the table, unless it is there."""

    def create(tx: Tx) -> None:
        tx.run(
            """CREATE TABLE IF NOT EXISTS plc_operation (
                seq INTEGER PRIMARY KEY,
                did TEXT NOT NULL,
                cid BLOB NOT NULL,
                operation BLOB NOT NULL,   -- JSON
                nullified INTEGER NOT NULL DEFAULT 0,
                created_at INTEGER NOT NULL -- milliseconds since 1970, each later than the one before
            ) STRICT"""
        )
        # Every read of one DID, and that one DID never has an operation twice.
        tx.run("CREATE UNIQUE INDEX IF NOT EXISTS plc_operation_by_did ON plc_operation (did, cid)")
        # Export after a time, and the newest time of all.
        tx.run("CREATE UNIQUE INDEX IF NOT EXISTS plc_operation_by_time ON plc_operation (created_at)")

    await db.write(create)


def append(tx: Tx, did: Did, operation: plc.AnyOperation, *, now: dt.datetime) -> plc.Entry:
    """Judge an operation and let it join; nullifies what it undoes. Raises an InvalidLog and changes nothing."""
    created_at = _later_than_all(tx, now)
    nullified = plc.judge_next(did, live(tx, did), operation, now=created_at)
    tx.run_many(
        "UPDATE plc_operation SET nullified = 1 WHERE did = ? AND cid = ?",
        [(str(did), bytes(cid)) for cid in nullified],
    )
    entry = plc.Entry(operation, plc.cid_of(operation), created_at)
    tx.run(
        "INSERT INTO plc_operation (did, cid, operation, created_at) VALUES (?, ?, ?, ?)",
        str(did),
        bytes(entry.cid),
        orjson.dumps(plc.to_json(operation)),
        _millis(created_at),
    )
    return entry


def _later_than_all(tx: Tx, now: dt.datetime) -> dt.datetime:
    # Readers page by time and logs are ordered by it: no two operations share a millisecond, whatever the clock says.
    row = tx.one("SELECT created_at FROM plc_operation ORDER BY created_at DESC LIMIT 1")
    at = now - dt.timedelta(microseconds=now.microsecond % 1000)
    return at if row is None else max(at, _instant(row[0]) + _MILLISECOND)


def live(tx: Tx, did: Did) -> list[plc.Entry]:
    """Return the operations of a DID that stand, oldest first."""
    rows = tx.all(
        """SELECT seq, did, cid, operation, nullified, created_at FROM plc_operation
        WHERE did = ? AND nullified = 0 ORDER BY seq""",
        str(did),
    )
    return [_registered(row).entry for row in rows]


def every(tx: Tx, did: Did) -> list[plc.Entry]:
    """Return all operations of a DID, nullified ones too, oldest first."""
    rows = tx.all(
        "SELECT seq, did, cid, operation, nullified, created_at FROM plc_operation WHERE did = ? ORDER BY seq", str(did)
    )
    return [_registered(row).entry for row in rows]


def after_seq(tx: Tx, seq: int, *, limit: int) -> list[Registered]:
    """Return operations of all DIDs that came after a number."""
    return _exported(
        tx.all(
            """SELECT seq, did, cid, operation, nullified, created_at FROM plc_operation
            WHERE seq > ? ORDER BY seq LIMIT ?""",
            seq,
            limit,
        )
    )


def after_time(tx: Tx, time: dt.datetime, *, limit: int) -> list[Registered]:
    """Return operations of all DIDs that came after a time."""
    return _exported(
        tx.all(
            """SELECT seq, did, cid, operation, nullified, created_at FROM plc_operation
            WHERE created_at > ? ORDER BY created_at LIMIT ?""",
            _millis(time),
            limit,
        )
    )


def _exported(rows: Sequence[Row]) -> list[Registered]:
    return [_registered(row) for row in rows]


def _registered(row: Row) -> Registered:
    seq, did, cid, operation, nullified, created_at = row
    parsed = plc.parse_operation(orjson.loads(operation))
    return Registered(seq, did, plc.Entry(parsed, Cid.from_bytes(cid), _instant(created_at), bool(nullified)))


def _millis(time: dt.datetime) -> int:
    return (time - _EPOCH) // _MILLISECOND


def _instant(millis: int) -> dt.datetime:
    return _EPOCH + millis * _MILLISECOND
