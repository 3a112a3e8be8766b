"""Invite codes and who used them."""

from roost.storage.db import Tx
from roost.syntax import Did


def add(tx: Tx, *, code: str, uses: int, for_account: str, now: int) -> None:
    """Add a code that admits `uses` accounts; `for_account` is a DID, or `admin`."""
    tx.run(
        "INSERT INTO invite (code, uses, available, for_account, created_at) VALUES (?, ?, ?, ?, ?)",
        code, uses, uses, for_account, now,
    )  # fmt: skip


def take(tx: Tx, code: str) -> bool:
    """Take one use of a code; False if there is no such code, it is disabled, it is used up, or void: those of an
    account that was taken down admit nobody meanwhile (8.8).
    """
    touched = tx.run(
        "UPDATE invite SET available = available - 1 WHERE code = ? AND available > 0 AND disabled = 0 AND NOT EXISTS"
        " (SELECT 1 FROM account WHERE account.did = invite.for_account AND account.takedown_ref IS NOT NULL)",
        code,
    )
    return touched > 0


def usable(tx: Tx, code: str) -> bool:
    """Return whether `take` would succeed."""
    row = tx.one(
        "SELECT 1 FROM invite WHERE code = ? AND available > 0 AND disabled = 0 AND NOT EXISTS"
        " (SELECT 1 FROM account WHERE account.did = invite.for_account AND account.takedown_ref IS NOT NULL)",
        code,
    )
    return row is not None


def give_back(tx: Tx, code: str) -> None:
    """Give back one use of a code that was taken for an account that came to nothing."""
    tx.run("UPDATE invite SET available = available + 1 WHERE code = ? AND available < uses", code)


def used(tx: Tx, *, code: str, did: Did, now: int) -> None:
    """Note which account a use of the code admitted."""
    tx.run("INSERT INTO invite_use (code, did, used_at) VALUES (?, ?, ?)", code, did, now)
