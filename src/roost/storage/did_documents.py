"""DID documents of anybody, as JSON, with the time at which each was fetched (milliseconds since 1970)."""

from roost.storage.db import Tx
from roost.syntax import Did


def get(tx: Tx, did: Did) -> tuple[bytes, int] | None:
    """Return the document and when it was fetched, or None."""
    row = tx.one("SELECT document, fetched_at FROM did_document WHERE did = ?", did)
    return None if row is None else (bytes(row[0]), int(row[1]))


def put(tx: Tx, did: Did, document: bytes, fetched_at: int) -> None:
    """Keep a document, in the place of an older one; a newer one stays."""
    tx.run(
        "INSERT INTO did_document (did, document, fetched_at) VALUES (?, ?, ?)"
        " ON CONFLICT (did) DO UPDATE SET document = excluded.document, fetched_at = excluded.fetched_at"
        " WHERE excluded.fetched_at >= did_document.fetched_at",
        did, document, fetched_at,
    )  # fmt: skip


def drop(tx: Tx, did: Did) -> None:
    """Forget a document."""
    tx.run("DELETE FROM did_document WHERE did = ?", did)


def drop_some(tx: Tx, *, before: int, keep: int, limit: int) -> int:
    """Forget up to `limit` documents fetched before that time, and as many of the oldest beyond the newest `keep`;
    return how many went.
    """
    old = tx.run(
        "DELETE FROM did_document WHERE did IN"
        " (SELECT did FROM did_document WHERE fetched_at < ? ORDER BY fetched_at LIMIT ?)",
        before, limit,
    )  # fmt: skip
    many = tx.run(
        "DELETE FROM did_document WHERE did IN"
        " (SELECT did FROM did_document ORDER BY fetched_at DESC LIMIT ? OFFSET ?)",
        limit, keep,
    )  # fmt: skip
    return old + many
