"""Repositories on their way in: rows that wait beside those they will replace, and the statements that put them there.

Rows are staged a few at a time and moved a few at a time, so that nobody waits for a large repository. Until a staging
is decided on it has no effect; from then on it is carried out, whatever happens. Deliberately does not know which
repository may be replaced by which.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from roost.storage.db import Row, Tx
from roost.storage.nodes import pack
from roost.syntax import Tid

_MASK: Final = (1 << 32) - 1

NodeChange = tuple[int, bytes | None, bytes | None, tuple[int, ...] | None]
"""A node's number, CID, block and kids; None for all but the number of one that is to go."""

POINTER_WEIGHT: Final = 20
"""Bytes that a byte of pointers counts for: looking after what a record points to takes far longer than moving it."""


class RecordChange(msgspec.Struct, frozen=True):
    """A record to be put at a path; without a CID, one that is to go. `stood` if one stands there."""

    path: str
    stood: bool
    cid: bytes | None = None
    block: bytes | None = None
    shown: bytes | None = None
    pointers: bytes | None = None


class MovedRecord(msgspec.Struct, frozen=True):
    """A record that took its place, or one that went: what it points to, and whether one stood there."""

    path: str
    stood: bool
    pointers: bytes | None


class Decided(msgspec.Struct, frozen=True):
    """A staging that is being carried out: `signed` is the block of the commit that it ends with."""

    id: int
    account: int
    signed: bytes
    root: int
    next_n: int


def begin(tx: Tx, account: int, now: int) -> int:
    """Open a staging for an account's repository and return its id; `now` is in milliseconds since 1970."""
    row = tx.one("INSERT INTO staging (account, begun_at) VALUES (?, ?) RETURNING id", account, now)
    assert row is not None, "RETURNING answers with the row it inserted"
    return int(row[0])


def stands(tx: Tx, staging: int) -> bool:
    """Return whether a staging is still open."""
    return tx.one("SELECT 1 FROM staging WHERE id = ?", staging) is not None


def undecided(tx: Tx, before: int) -> list[int]:
    """Return the stagings that were begun before that time and came to no decision."""
    return [row[0] for row in tx.all("SELECT id FROM staging WHERE begun_at < ? AND signed IS NULL", before)]


def decide(tx: Tx, staging: int, *, signed: bytes, root: int, next_n: int) -> None:
    """Note the commit that a staging ends with: from now on it is carried out."""
    tx.run("UPDATE staging SET signed = ?, root = ?, next_n = ? WHERE id = ?", signed, root, next_n, staging)


def decided(tx: Tx) -> list[Decided]:
    """Return the stagings that are to be carried out."""
    rows = tx.all("SELECT id, account, signed, root, next_n FROM staging WHERE signed IS NOT NULL ORDER BY id")
    return [Decided(*row) for row in rows]


def moving(tx: Tx, account: int) -> bool:
    """Return whether an account's rows are being replaced, so that they fit no commit."""
    return tx.one("SELECT 1 FROM staging WHERE account = ? AND signed IS NOT NULL", account) is not None


def add_nodes(tx: Tx, staging: int, first: int, changes: Sequence[NodeChange]) -> None:
    """Stage nodes, of which `first` were staged before."""
    tx.run_many(
        "INSERT INTO staged_node (k, n, cid, block, kids) VALUES (?, ?, ?, ?, ?)",
        [
            (staging << 32 | k, n, cid, block, None if kids is None else pack(kids))
            for k, (n, cid, block, kids) in enumerate(changes, first)
        ],
    )


def add_records(tx: Tx, staging: int, first: int, changes: Iterable[RecordChange]) -> None:
    """Stage records, of which `first` were staged before; in the order of their paths they are moved the fastest."""
    tx.run_many(
        "INSERT INTO staged_record (k, path, stood, cid, block, shown, pointers) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (staging << 32 | k, each.path, int(each.stood), each.cid, each.block, each.shown, each.pointers)
            for k, each in enumerate(changes, first)
        ],
    )


def move_some(tx: Tx, staging: int, repo: int, rev: Tid, *, rows: int, max_bytes: int) -> list[MovedRecord] | None:
    """Put the first staged rows in their place in a repository, written at `rev`: up to `rows` of a kind, fewer of
    large ones. Return the records that point to something or stood there before; None if nothing was left.
    """
    nodes, records = _first_nodes(tx, staging, rows), _first_records(tx, staging, rows, max_bytes)
    if nodes is None and records is None:
        return None
    if nodes is not None:
        _move_nodes(tx, staging, repo, rev, nodes)
    return [] if records is None else _move_records(tx, staging, repo, rev, records)


def drop_some(tx: Tx, staging: int, *, rows: int, max_bytes: int) -> bool:
    """Remove the first staged rows, as many as `move_some` would move, and the staging once none is left; return
    whether that is so.
    """
    nodes, records = _first_nodes(tx, staging, rows), _first_records(tx, staging, rows, max_bytes)
    if nodes is not None:
        tx.run("DELETE FROM staged_node WHERE k BETWEEN ? AND ?", staging << 32, nodes)
    if records is not None:
        tx.run("DELETE FROM staged_record WHERE k BETWEEN ? AND ?", staging << 32, records)
    if nodes is None and records is None:
        end(tx, staging)
        return True
    return False


def end(tx: Tx, staging: int) -> None:
    """Close a staging of which no row is left."""
    tx.run("DELETE FROM staging WHERE id = ?", staging)


def _first_nodes(tx: Tx, staging: int, rows: int) -> int | None:
    """Return the last key of the first nodes; a node is small, so they are not weighed."""
    found = tx.all("SELECT k FROM staged_node WHERE k BETWEEN ? AND ? ORDER BY k LIMIT ?", *_within(staging), rows)
    return found[-1][0] if found else None


def _first_records(tx: Tx, staging: int, rows: int, max_bytes: int) -> int | None:
    found = tx.all(
        "SELECT k, coalesce(length(block) + length(shown), 0) + ? * coalesce(length(pointers), 0) FROM staged_record"
        " WHERE k BETWEEN ? AND ? ORDER BY k LIMIT ?",
        POINTER_WEIGHT, *_within(staging), rows,
    )  # fmt: skip
    return _last_within(found, max_bytes)


def _last_within(rows: Sequence[Row], max_bytes: int) -> int | None:
    last = None
    for key, size in rows:
        if last is not None and size > max_bytes:
            break
        last, max_bytes = int(key), max_bytes - size
    return last


def _move_nodes(tx: Tx, staging: int, repo: int, rev: Tid, last: int) -> None:
    within, base = (staging << 32, last), repo << 32
    tx.run(
        "DELETE FROM node WHERE k IN (SELECT ? + n FROM staged_node WHERE k BETWEEN ? AND ? AND cid IS NULL)",
        base, *within,
    )  # fmt: skip
    tx.run(
        "INSERT INTO node (k, cid, rev, block, kids) SELECT ? + n, cid, ?, block, kids FROM staged_node"
        " WHERE k BETWEEN ? AND ? AND cid IS NOT NULL ORDER BY k",
        base, rev, *within,
    )  # fmt: skip
    tx.run("DELETE FROM staged_node WHERE k BETWEEN ? AND ?", *within)


def _move_records(tx: Tx, staging: int, repo: int, rev: Tid, last: int) -> list[MovedRecord]:
    within = (staging << 32, last)
    noted = tx.all(
        "SELECT path, stood, pointers FROM staged_record"
        " WHERE k BETWEEN ? AND ? AND (stood = 1 OR pointers IS NOT NULL) ORDER BY k",
        *within,
    )
    tx.run(
        "DELETE FROM record WHERE repo = ? AND path IN"
        " (SELECT path FROM staged_record WHERE k BETWEEN ? AND ? AND cid IS NULL)",
        repo, *within,
    )  # fmt: skip
    tx.run(
        "INSERT INTO record (repo, path, cid, rev, block, shown)"
        " SELECT ?, path, cid, ?, block, shown FROM staged_record"
        " WHERE k BETWEEN ? AND ? AND cid IS NOT NULL ORDER BY k"
        " ON CONFLICT (repo, path) DO UPDATE SET cid = excluded.cid, rev = excluded.rev,"
        " block = excluded.block, shown = excluded.shown",
        repo, rev, *within,
    )  # fmt: skip
    tx.run("DELETE FROM staged_record WHERE k BETWEEN ? AND ?", *within)
    return [MovedRecord(path, bool(stood), pointers) for path, stood, pointers in noted]


def _within(staging: int) -> tuple[int, int]:
    return staging << 32, staging << 32 | _MASK
