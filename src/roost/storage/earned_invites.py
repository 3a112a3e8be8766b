"""The invite codes of one account: those that it was given, and those that it has earned by being here for a while."""

import msgspec

from roost.storage.db import Tx
from roost.syntax import Did


class AccountInvite(msgspec.Struct, frozen=True):
    """A code that was given out in an account's name; `created_by` is `admin`, or that account where it earned it.

    `uses` is how many accounts it was made for, `available` how many it may still admit.
    """

    code: str
    uses: int
    available: int
    disabled: bool
    created_by: str
    created_at: int


class InviteUse(msgspec.Struct, frozen=True):
    """An account that a code admitted; `used_at` is in milliseconds since 1970."""

    did: Did
    used_at: int


def add(tx: Tx, *, code: str, did: Did, disabled: bool, now: int) -> None:
    """Add a code for one account that the account with that DID has earned."""
    tx.run(
        "INSERT INTO invite (code, uses, available, disabled, for_account, created_at, created_by)"
        " VALUES (?, 1, 1, ?, ?, ?, ?)",
        code, int(disabled), did, now, did,
    )  # fmt: skip


def of_account(tx: Tx, did: Did, limit: int) -> list[AccountInvite]:
    """Return codes that were given out in the name of the account with that DID, the oldest first."""
    rows = tx.all(
        "SELECT code, uses, available, disabled, created_by, created_at FROM invite WHERE for_account = ?"
        " ORDER BY created_at, code LIMIT ?",
        did, limit,
    )  # fmt: skip
    return [
        AccountInvite(code, uses, available, bool(disabled), created_by, created_at)
        for code, uses, available, disabled, created_by, created_at in rows
    ]


def earned(tx: Tx, did: Did, *, after: int) -> tuple[int, int]:
    """Return how many codes the account has earned after that time, and how many earned at any time are still open."""
    row = tx.one(
        "SELECT coalesce(sum(CASE WHEN created_at > ? THEN 1 ELSE 0 END), 0),"
        " coalesce(sum(CASE WHEN available > 0 AND disabled = 0 THEN 1 ELSE 0 END), 0)"
        " FROM invite WHERE for_account = ? AND created_by = ?",
        after, did, did,
    )  # fmt: skip
    assert row is not None, "a sum always answers"
    return int(row[0]), int(row[1])


def uses_of(tx: Tx, code: str, limit: int) -> list[InviteUse]:
    """Return accounts that a code admitted, the first ones first."""
    rows = tx.all("SELECT did, used_at FROM invite_use WHERE code = ? ORDER BY used_at, did LIMIT ?", code, limit)
    return [InviteUse(Did(did), used_at) for did, used_at in rows]


def void_of(tx: Tx, did: Did) -> None:
    """Have no code in the name of the account with that DID admit anybody any more."""
    tx.run("UPDATE invite SET disabled = 1 WHERE for_account = ? AND disabled = 0", did)
