"""Signing keys that were made for coming accounts, sealed before they come here.

A key is for a DID, and sealed for it as an account's own is; or for nobody yet, and then sealed for its did:key.
"""

import msgspec

from roost.storage.db import Row, Tx
from roost.syntax import Did


class ReservedKey(msgspec.Struct, frozen=True):
    """A key; `signing_key` is its did:key, `created_at` in milliseconds since 1970."""

    signing_key: str
    did: Did | None
    sealed: bytes
    created_at: int


_SELECT = "SELECT signing_key, did, sealed, created_at FROM reserved_key"


def add(tx: Tx, key: ReservedKey) -> bool:
    """Keep a key; False if there is one for that DID already, which stays."""
    touched = tx.run(
        "INSERT INTO reserved_key (signing_key, did, sealed, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        key.signing_key, key.did, key.sealed, key.created_at,
    )  # fmt: skip
    return touched > 0


def by_did(tx: Tx, did: Did) -> ReservedKey | None:
    """Return the key that was made for that DID, or None."""
    return _key(tx.one(_SELECT + " WHERE did = ?", did))


def get(tx: Tx, signing_key: str) -> ReservedKey | None:
    """Return the key with that did:key, or None."""
    return _key(tx.one(_SELECT + " WHERE signing_key = ?", signing_key))


def oldest(tx: Tx) -> ReservedKey | None:
    """Return the key that was made first, or None where there is none."""
    return _key(tx.one(_SELECT + " ORDER BY created_at LIMIT 1"))


def count(tx: Tx) -> int:
    """Return how many keys are kept."""
    row = tx.one("SELECT count(*) FROM reserved_key")
    assert row is not None, "count always answers"
    return int(row[0])


def delete(tx: Tx, signing_key: str) -> bool:
    """Remove a key; False if it was not there."""
    return tx.run("DELETE FROM reserved_key WHERE signing_key = ?", signing_key) > 0


def delete_for(tx: Tx, did: Did) -> None:
    """Remove the key that was made for that DID, if there is one."""
    tx.run("DELETE FROM reserved_key WHERE did = ?", did)


def drop_older(tx: Tx, before: int) -> int:
    """Remove the keys that were made before that time, and return how many those were."""
    return tx.run("DELETE FROM reserved_key WHERE created_at < ?", before)


def _key(row: Row | None) -> ReservedKey | None:
    if row is None:
        return None
    signing_key, did, sealed, created_at = row
    return ReservedKey(signing_key, None if did is None else Did(did), bytes(sealed), created_at)
