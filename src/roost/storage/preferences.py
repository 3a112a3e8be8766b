"""What accounts have set in their apps: one JSON text each."""

from roost.storage.db import Tx


def get(tx: Tx, account: int) -> bytes | None:
    """Return the account's preferences, a JSON array, or None where it has never set any."""
    row = tx.one("SELECT json FROM preference WHERE account = ?", account)
    return None if row is None else bytes(row[0])


def put(tx: Tx, account: int, json: bytes) -> None:
    """Replace the account's preferences."""
    tx.run(
        "INSERT INTO preference (account, json) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET json = excluded.json",
        account, json,
    )  # fmt: skip


def delete_of(tx: Tx, account: int) -> None:
    """Remove the preferences of an account."""
    tx.run("DELETE FROM preference WHERE account = ?", account)
