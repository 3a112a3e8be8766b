"""Changes of identities that are under way: what the PLC directory is asked for, and what follows from it here."""

import msgspec

from roost.storage.db import Row, Tx
from roost.syntax import Handle


class IdentityChange(msgspec.Struct, frozen=True):
    """A change of an account's identity; `operation` is the signed PLC operation as JSON.

    `handle` and `signing_key` (sealed) are what the account is to have, each None where that stays as it is.
    """

    account: int
    operation: bytes
    handle: Handle | None
    signing_key: bytes | None
    created_at: int


_SELECT = "SELECT account, operation, handle, signing_key, created_at FROM identity_change"


def add(tx: Tx, change: IdentityChange) -> None:
    """Note a change. The caller has made sure that the account has no other under way, and that the handle is free."""
    tx.run(
        "INSERT INTO identity_change (account, operation, handle, signing_key, created_at) VALUES (?, ?, ?, ?, ?)",
        change.account, change.operation, change.handle, change.signing_key, change.created_at,
    )  # fmt: skip


def get(tx: Tx, account: int) -> IdentityChange | None:
    """Return the account's change, or None where none is under way."""
    row = tx.one(_SELECT + " WHERE account = ?", account)
    return None if row is None else _change(row)


def pending(tx: Tx, before: int) -> list[IdentityChange]:
    """Return the changes that were begun before that time, oldest first."""
    return [_change(row) for row in tx.all(_SELECT + " WHERE created_at < ? ORDER BY created_at", before)]


def remove(tx: Tx, account: int) -> bool:
    """Forget the account's change; False if there was none."""
    return tx.run("DELETE FROM identity_change WHERE account = ?", account) > 0


def _change(row: Row) -> IdentityChange:
    account, operation, handle, signing_key, created_at = row
    return IdentityChange(
        account,
        bytes(operation),
        None if handle is None else Handle(handle),
        None if signing_key is None else bytes(signing_key),
        created_at,
    )
