"""The server's own secrets, sealed under the master key before they come here."""

from roost.storage.db import Tx


def get(tx: Tx, name: str) -> bytes | None:
    """Return the sealed secret, or None before it was made."""
    row = tx.one("SELECT sealed FROM secret WHERE name = ?", name)
    return None if row is None else bytes(row[0])


def add(tx: Tx, name: str, sealed: bytes) -> bool:
    """Keep a new secret; False if there is one of that name already, which stays."""
    return tx.run("INSERT INTO secret (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, sealed) > 0


def replace(tx: Tx, name: str, sealed: bytes) -> None:
    """Put another sealed secret in the place of one of that name."""
    tx.run("UPDATE secret SET sealed = ? WHERE name = ?", sealed, name)
