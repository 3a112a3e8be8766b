"""The invite codes that accounts have earned by being here for a while."""

from roost.storage.db import Tx
from roost.syntax import Did


def add(tx: Tx, *, code: str, did: Did, disabled: bool, now: int) -> None:
    """Add a code for one account that the account with that DID has earned."""
    tx.run(
        "INSERT INTO invite (code, uses, available, disabled, for_account, created_at, created_by)"
        " VALUES (?, 1, 1, ?, ?, ?, ?)",
        code, int(disabled), did, now, did,
    )  # fmt: skip


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
