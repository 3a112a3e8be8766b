"""What an account has uploaded, and which of its records refers to it.

A blob is a row by `(account, cid)`. It is temporary until a record refers to it, and gone with the last one that does;
it is missing when records refer to it and nobody has uploaded it yet. Its bytes are an object with a name of its own
(`roost.storage.objects`): a removal that is still under way can never hit what has been uploaded again.
"""

from collections.abc import Iterable, Sequence

import msgspec

from roost.data.cid import Cid
from roost.storage import doomed
from roost.storage.db import Row, Tx
from roost.syntax import Tid

_SELECT = "SELECT cid, mime_type, size, object, temporary_since, takedown_ref FROM blob"


class Blob(msgspec.Struct, frozen=True):
    """A blob of an account; `size` is in bytes, `temporary_since` in milliseconds since 1970.

    `object` is None while nobody has uploaded it, `temporary_since` once a record refers to it.
    """

    cid: Cid
    mime_type: str
    size: int
    object: str | None
    temporary_since: int | None
    takedown_ref: str | None = None


def get(tx: Tx, account: int, cid: Cid) -> Blob | None:
    """Return the account's blob with that CID, or None."""
    row = tx.one(_SELECT + " WHERE account = ? AND cid = ?", account, cid)
    return None if row is None else _blob(row)


def add(tx: Tx, account: int, cid: Cid, *, mime_type: str, size: int, object: str, now: int) -> None:
    """Add a blob that was uploaded and that no record refers to."""
    tx.run(
        "INSERT INTO blob (account, cid, mime_type, size, object, temporary_since) VALUES (?, ?, ?, ?, ?, ?)",
        account, cid, mime_type, size, object, now,
    )  # fmt: skip
    _use(tx, account, size)


def fill(tx: Tx, account: int, cid: Cid, *, mime_type: str, size: int, object: str) -> None:
    """Give a missing blob what was uploaded for it."""
    tx.run(
        "UPDATE blob SET mime_type = ?, size = ?, object = ? WHERE account = ? AND cid = ?",
        mime_type, size, object, account, cid,
    )  # fmt: skip
    _use(tx, account, size)


def renew(tx: Tx, account: int, cid: Cid, *, mime_type: str, now: int) -> None:
    """Take a temporary blob for uploaded now and as that type: it was uploaded again. Any other is left as it is."""
    tx.run(
        "UPDATE blob SET mime_type = ?, temporary_since = ?"
        " WHERE account = ? AND cid = ? AND temporary_since IS NOT NULL",
        mime_type, now, account, cid,
    )  # fmt: skip


def refer(tx: Tx, account: int, path: str, rev: Tid, cids: Iterable[Cid]) -> None:
    """Note that the record at `path`, of the commit `rev`, refers to those blobs, which are here."""
    listed = set(cids)
    tx.run_many(
        "INSERT INTO record_blob (account, cid, path, rev) VALUES (?, ?, ?, ?)",
        [(account, cid, path, rev) for cid in listed],
    )
    tx.run_many(
        "UPDATE blob SET temporary_since = NULL WHERE account = ? AND cid = ? AND temporary_since IS NOT NULL",
        [(account, cid) for cid in listed],
    )


def expect(tx: Tx, account: int, path: str, rev: Tid, cids: Iterable[Cid]) -> None:
    """Note the same of blobs of which any may not be here: those are missing from now on."""
    listed = set(cids)
    tx.run_many(
        "INSERT INTO blob (account, cid, mime_type, size) VALUES (?, ?, '', 0) ON CONFLICT (account, cid) DO NOTHING",
        [(account, cid) for cid in listed],
    )
    refer(tx, account, path, rev, listed)


def unrefer(tx: Tx, account: int, paths: Sequence[str]) -> set[Cid]:
    """Forget what the records at those paths refer to, and return which blobs that were."""
    found: set[Cid] = set()
    for path in paths:
        rows = tx.all("SELECT cid FROM record_blob WHERE account = ? AND path = ?", account, path)
        if rows:
            found.update(Cid(row[0]) for row in rows)
            tx.run("DELETE FROM record_blob WHERE account = ? AND path = ?", account, path)
    return found


def drop_unreferenced(tx: Tx, account: int, cids: Iterable[Cid], now: int) -> int:
    """Remove those of the blobs that no record refers to any more; return how many objects are to go for it."""
    doomed_objects = 0
    for cid in cids:
        if tx.one("SELECT 1 FROM record_blob WHERE account = ? AND cid = ? LIMIT 1", account, cid):
            continue
        blob = get(tx, account, cid)
        assert blob is not None, "what a record refers to is here or missing, and either is a row"
        if blob.takedown_ref is not None:
            # The administrator's word outlives the record: without this row the blob could be uploaded again.
            tx.run("UPDATE blob SET temporary_since = ? WHERE account = ? AND cid = ?", now, account, cid)
            continue
        doomed_objects += blob.object is not None
        remove(tx, account, blob, now)
    return doomed_objects


def let_go(tx: Tx, account: int, cids: Iterable[Cid], now: int) -> None:
    """Make those of the blobs temporary that no record refers to any more; forget those of them that are missing."""
    for cid in cids:
        if tx.one("SELECT 1 FROM record_blob WHERE account = ? AND cid = ? LIMIT 1", account, cid):
            continue
        tx.run(
            "DELETE FROM blob WHERE account = ? AND cid = ? AND object IS NULL AND takedown_ref IS NULL", account, cid
        )
        tx.run("UPDATE blob SET temporary_since = ? WHERE account = ? AND cid = ?", now, account, cid)


def remove(tx: Tx, account: int, blob: Blob, now: int) -> None:
    """Remove a blob; its object is due at once."""
    tx.run("DELETE FROM blob WHERE account = ? AND cid = ?", account, blob.cid)
    if blob.object is not None:
        doomed.add(tx, blob.object, due=now)
        _use(tx, account, -blob.size)


def forgotten(tx: Tx, before: int, limit: int) -> list[tuple[int, Blob]]:
    """Return accounts and their blobs that are temporary since before that time; none that was taken down."""
    rows = tx.all(
        "SELECT account, cid, mime_type, size, object, temporary_since, takedown_ref FROM blob"
        " WHERE temporary_since IS NOT NULL AND temporary_since < ? AND takedown_ref IS NULL"
        " ORDER BY temporary_since LIMIT ?",
        before, limit,
    )  # fmt: skip
    return [(row[0], _blob(row[1:])) for row in rows]


def referenced(tx: Tx, account: int, after: Cid | None, since: Tid | None, limit: int) -> list[Cid]:
    """Return the first `limit` blobs after `after` that records refer to, those of commits after `since`; by CID."""
    low = after or b""
    if since is None:
        rows = tx.all(
            "SELECT cid FROM blob WHERE account = ? AND cid > ? AND temporary_since IS NULL ORDER BY cid LIMIT ?",
            account, low, limit,
        )  # fmt: skip
    else:
        rows = tx.all(
            "SELECT DISTINCT cid FROM record_blob WHERE account = ? AND cid > ? AND rev > ? ORDER BY cid LIMIT ?",
            account, low, since, limit,
        )  # fmt: skip
    return [Cid(row[0]) for row in rows]


def missing(tx: Tx, account: int, after: Cid | None, limit: int) -> list[tuple[Cid, str]]:
    """Return the first `limit` missing blobs after `after`, by CID, each with the path of a record that refers to
    it.
    """
    rows = tx.all(
        "SELECT cid, (SELECT min(path) FROM record_blob WHERE record_blob.account = blob.account"
        " AND record_blob.cid = blob.cid) FROM blob WHERE account = ? AND cid > ? AND object IS NULL"
        " ORDER BY cid LIMIT ?",
        account, after or b"", limit,
    )  # fmt: skip
    return [(Cid(row[0]), row[1]) for row in rows]


def counts(tx: Tx, account: int) -> tuple[int, int]:
    """Return how many blobs the account's records refer to, and how many of those are here."""
    row = tx.one("SELECT count(*), count(object) FROM blob WHERE account = ? AND temporary_since IS NULL", account)
    assert row is not None, "count always answers"
    return int(row[0]), int(row[1])


def usage(tx: Tx, account: int) -> int:
    """Return how many bytes the account's blobs have together."""
    row = tx.one("SELECT bytes FROM blob_usage WHERE account = ?", account)
    return 0 if row is None else int(row[0])


def set_takedown(tx: Tx, account: int, cid: Cid, ref: str | None) -> bool:
    """Take a blob down for the reason `ref`, or restore it where that is None; return whether there is such a blob.

    It is then neither served, nor may it be referred to or uploaded.
    """
    return tx.run("UPDATE blob SET takedown_ref = ? WHERE account = ? AND cid = ?", ref, account, cid) > 0


def page(tx: Tx, account: int | None, after: tuple[int, bytes], limit: int) -> list[tuple[int, Blob]]:
    """Return the first `limit` accounts and blobs after one given as (account, CID), of one account or of all."""
    low, high = (0, (1 << 62)) if account is None else (account, account)
    rows = tx.all(
        "SELECT account, cid, mime_type, size, object, temporary_since, takedown_ref FROM blob"
        " WHERE account BETWEEN ? AND ? AND (account, cid) > (?, ?) ORDER BY account, cid LIMIT ?",
        low, high, *after, limit,
    )  # fmt: skip
    return [(row[0], _blob(row[1:])) for row in rows]


def total(tx: Tx, account: int | None) -> int:
    """Return how many bytes the blobs of an account, or of all, have together."""
    if account is not None:
        return usage(tx, account)
    row = tx.one("SELECT sum(bytes) FROM blob_usage")
    return 0 if row is None or row[0] is None else int(row[0])


def has_object(tx: Tx, object: str) -> bool:
    """Return whether the object is a blob's, or about to become one or to be removed."""
    return doomed.is_listed(tx, object) or tx.one("SELECT 1 FROM blob WHERE object = ?", object) is not None


def _use(tx: Tx, account: int, size: int) -> None:
    tx.run(
        "INSERT INTO blob_usage (account, bytes) VALUES (?, ?)"
        " ON CONFLICT (account) DO UPDATE SET bytes = blob_usage.bytes + excluded.bytes",
        account, size,
    )  # fmt: skip


def _blob(row: Row) -> Blob:
    cid, mime_type, size, object, temporary_since, takedown_ref = row
    return Blob(Cid(cid), mime_type, size, object, temporary_since, takedown_ref)
