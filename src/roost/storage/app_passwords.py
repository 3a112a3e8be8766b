"""Passwords that accounts give to programs, by their keyed digest."""

import msgspec

from roost.storage.db import Row, Tx


class AppPassword(msgspec.Struct, frozen=True):
    """A password by its name; `created_at` is in milliseconds since 1970. The password itself is kept nowhere."""

    name: str
    privileged: bool
    created_at: int


_SELECT = "SELECT name, privileged, created_at FROM app_password WHERE account = ?"


def add(tx: Tx, account: int, password: AppPassword, *, digest: bytes) -> None:
    """Add a password. The caller has made sure that the account has none of that name."""
    tx.run(
        "INSERT INTO app_password (account, name, digest, privileged, created_at) VALUES (?, ?, ?, ?, ?)",
        account, password.name, digest, int(password.privileged), password.created_at,
    )  # fmt: skip


def get(tx: Tx, account: int, name: str) -> AppPassword | None:
    """Return the account's password of that name, or None."""
    return _app_password(tx.one(_SELECT + " AND name = ?", account, name))


def find(tx: Tx, account: int, digest: bytes) -> AppPassword | None:
    """Return the account's password with that digest, or None. Looks through the account's, which are few."""
    return _app_password(tx.one(_SELECT + " AND digest = ?", account, digest))


def has_imported(tx: Tx, account: int) -> bool:
    """Return whether the account has passwords that were made elsewhere: their digest is a slow hash of 64 bytes."""
    return tx.one("SELECT 1 FROM app_password WHERE account = ? AND length(digest) = 64 LIMIT 1", account) is not None


def set_digest(tx: Tx, account: int, name: str, digest: bytes) -> None:
    """Replace a password's digest."""
    tx.run("UPDATE app_password SET digest = ? WHERE account = ? AND name = ?", digest, account, name)


def of_account(tx: Tx, account: int) -> list[AppPassword]:
    """Return the account's passwords, the newest first."""
    rows = tx.all(_SELECT + " ORDER BY created_at DESC, name", account)
    return [AppPassword(name, bool(privileged), created_at) for name, privileged, created_at in rows]


def count(tx: Tx, account: int) -> int:
    """Return how many passwords the account has given out."""
    row = tx.one("SELECT count(*) FROM app_password WHERE account = ?", account)
    assert row is not None, "count always answers"
    return int(row[0])


def delete(tx: Tx, account: int, name: str) -> bool:
    """Remove the account's password of that name; False if there is none."""
    return tx.run("DELETE FROM app_password WHERE account = ? AND name = ?", account, name) > 0


def delete_of(tx: Tx, account: int) -> None:
    """Remove every password of an account."""
    tx.run("DELETE FROM app_password WHERE account = ?", account)


def _app_password(row: Row | None) -> AppPassword | None:
    if row is None:
        return None
    name, privileged, created_at = row
    return AppPassword(name, bool(privileged), created_at)
