"""Tokens that were mailed to an account's owner, by their SHA-256; an account has one for each purpose."""

from roost.storage.db import Tx


def put(tx: Tx, *, account: int, purpose: str, digest: bytes, now: int) -> None:
    """Note a token, in the place of the account's earlier one for that purpose."""
    tx.run(
        "INSERT INTO mail_token (account, purpose, digest, created_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, purpose) DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at",
        account, purpose, digest, now,
    )  # fmt: skip


def find(tx: Tx, *, purpose: str, digest: bytes) -> tuple[int, int] | None:
    """Return the account that the token was mailed to, and when (milliseconds since 1970), or None."""
    row = tx.one("SELECT account, created_at FROM mail_token WHERE purpose = ? AND digest = ?", purpose, digest)
    return None if row is None else (row[0], row[1])


def use_up(tx: Tx, account: int, purpose: str) -> None:
    """Remove the account's token for that purpose."""
    tx.run("DELETE FROM mail_token WHERE account = ? AND purpose = ?", account, purpose)


def delete_of(tx: Tx, account: int) -> None:
    """Remove every token of an account."""
    tx.run("DELETE FROM mail_token WHERE account = ?", account)
