"""Tokens that were mailed to an account's owner, by their SHA-256; an account has one for each purpose."""

import msgspec

from roost.storage.db import Tx


class MailToken(msgspec.Struct, frozen=True):
    """A token that was mailed; `tries` counts the wrong ones presented for it. Times are in milliseconds since 1970."""

    account: int
    digest: bytes
    created_at: int
    tries: int


def put(tx: Tx, *, account: int, purpose: str, digest: bytes, now: int) -> None:
    """Note a token, in the place of the account's earlier one for that purpose."""
    tx.run(
        "INSERT INTO mail_token (account, purpose, digest, created_at, tries) VALUES (?, ?, ?, ?, 0)"
        " ON CONFLICT (account, purpose) DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at,"
        " tries = 0",
        account, purpose, digest, now,
    )  # fmt: skip


def get(tx: Tx, account: int, purpose: str) -> MailToken | None:
    """Return the account's token for that purpose, or None."""
    row = tx.one(
        "SELECT account, digest, created_at, tries FROM mail_token WHERE account = ? AND purpose = ?", account, purpose
    )
    return None if row is None else MailToken(*row)


def find(tx: Tx, *, purpose: str, digest: bytes) -> MailToken | None:
    """Return the token with that digest, whoever it was mailed to, or None."""
    row = tx.one(
        "SELECT account, digest, created_at, tries FROM mail_token WHERE purpose = ? AND digest = ?", purpose, digest
    )
    return None if row is None else MailToken(*row)


def take(tx: Tx, account: int, purpose: str, digest: bytes) -> bool:
    """Remove the account's token for that purpose if it is the one with that digest; False where it is not."""
    return (
        tx.run("DELETE FROM mail_token WHERE account = ? AND purpose = ? AND digest = ?", account, purpose, digest) > 0
    )


def count_wrong(tx: Tx, account: int, purpose: str, digest: bytes, *, most: int) -> None:
    """Count a wrong try against the token with that digest, and remove it with the try that makes `most`."""
    tx.run(
        "UPDATE mail_token SET tries = tries + 1 WHERE account = ? AND purpose = ? AND digest = ?",
        account, purpose, digest,
    )  # fmt: skip
    tx.run(
        "DELETE FROM mail_token WHERE account = ? AND purpose = ? AND digest = ? AND tries >= ?",
        account, purpose, digest, most,
    )  # fmt: skip


def use_up(tx: Tx, account: int, purpose: str) -> None:
    """Remove the account's token for that purpose."""
    tx.run("DELETE FROM mail_token WHERE account = ? AND purpose = ?", account, purpose)


def delete_of(tx: Tx, account: int) -> None:
    """Remove every token of an account."""
    tx.run("DELETE FROM mail_token WHERE account = ?", account)
