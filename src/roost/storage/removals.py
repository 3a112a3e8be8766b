"""What is left of deleted accounts: rows that nothing leads to any more, removed a few at a time."""

from typing import Final

from roost.storage import doomed
from roost.storage.db import Row, Tx, Value

MAX_BYTES: Final = 2_000_000
"""Bytes of records, and of events, removed in one step: SQLite looks at each page of a large row to free it, so a step
of a thousand of the largest would stop everything else for ten seconds and more.
"""


def add(tx: Tx, account: int, *, events_below: int) -> None:
    """Note that the rows of an account are to go, its events only below that sequence number."""
    tx.run("INSERT INTO removal (account, events_below) VALUES (?, ?)", account, events_below)


def pending(tx: Tx) -> list[int]:
    """Return the accounts of which rows may be left."""
    return [row[0] for row in tx.all("SELECT account FROM removal ORDER BY account")]


def remove_some(tx: Tx, account: int, limit: int) -> bool:
    """Remove up to `limit` rows of each kind, fewer of large ones, and the note itself once nothing was left; return
    whether that is so.
    """
    row = tx.one("SELECT events_below FROM removal WHERE account = ?", account)
    if row is None:
        return True
    removed = (
        _nodes(tx, account, limit)
        + _records(tx, account, limit)
        + _past_commits(tx, account, limit)
        + _events(tx, account, row[0], limit)
        + _blobs(tx, account, limit)
        + _references(tx, account, limit)
        + _reports(tx, account, limit)
    )
    if removed == 0:
        tx.run("DELETE FROM removal WHERE account = ?", account)
    return removed == 0


def _nodes(tx: Tx, account: int, limit: int) -> int:
    return tx.run(
        "DELETE FROM node WHERE k IN (SELECT k FROM node WHERE k BETWEEN ? AND ? LIMIT ?)",
        account << 32, account << 32 | (1 << 32) - 1, limit,
    )  # fmt: skip


def _records(tx: Tx, account: int, limit: int) -> int:
    rows = tx.all("SELECT path, length(block) + length(shown) FROM record WHERE repo = ? LIMIT ?", account, limit)
    paths = _first(rows)
    tx.run_many("DELETE FROM record WHERE repo = ? AND path = ?", [(account, path) for path in paths])
    return len(paths)


def _past_commits(tx: Tx, account: int, limit: int) -> int:
    return tx.run(
        "DELETE FROM past_commit WHERE repo = ? AND rev IN (SELECT rev FROM past_commit WHERE repo = ? LIMIT ?)",
        account, account, limit,
    )  # fmt: skip


def _events(tx: Tx, account: int, below: int, limit: int) -> int:
    rows = tx.all("SELECT seq, length(frame) FROM event WHERE account = ? AND seq < ? LIMIT ?", account, below, limit)
    seqs = _first(rows)
    tx.run_many("DELETE FROM event WHERE seq = ?", [(seq,) for seq in seqs])
    return len(seqs)


def _blobs(tx: Tx, account: int, limit: int) -> int:
    """Remove blobs; their objects are due at once."""
    rows = tx.all("SELECT cid, object FROM blob WHERE account = ? LIMIT ?", account, limit)
    for _, object in rows:
        if object is not None:
            doomed.add(tx, object, due=0)
    tx.run_many("DELETE FROM blob WHERE account = ? AND cid = ?", [(account, cid) for cid, _ in rows])
    tx.run("DELETE FROM blob_usage WHERE account = ?", account)
    return len(rows)


def _references(tx: Tx, account: int, limit: int) -> int:
    """Remove what was known of the records' contents."""
    rows = tx.all("SELECT cid, path FROM record_blob WHERE account = ? LIMIT ?", account, limit)
    tx.run_many("DELETE FROM record_blob WHERE account = ? AND cid = ? AND path = ?", [(account, *row) for row in rows])
    paths = tx.all("SELECT path FROM backlink WHERE account = ? LIMIT ?", account, limit)
    tx.run_many("DELETE FROM backlink WHERE account = ? AND path = ?", [(account, *row) for row in paths])
    hidden = tx.run(
        "DELETE FROM record_takedown WHERE account = ? AND path IN"
        " (SELECT path FROM record_takedown WHERE account = ? LIMIT ?)",
        account, account, limit,
    )  # fmt: skip
    return len(rows) + len(paths) + hidden


def _reports(tx: Tx, account: int, limit: int) -> int:
    return tx.run("DELETE FROM report WHERE id IN (SELECT id FROM report WHERE account = ? LIMIT ?)", account, limit)


def _first(rows: list[Row]) -> list[Value]:
    """Return the keys of the first rows, given as (key, bytes), up to the one that brings them to MAX_BYTES."""
    keys: list[Value] = []
    room = MAX_BYTES
    for key, size in rows:
        keys.append(key)
        room -= size
        if room <= 0:
            break
    return keys
