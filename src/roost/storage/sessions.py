"""Sessions: one row for each token that can be revoked by itself."""

import msgspec

from roost.storage.db import Tx
from roost.syntax import Did, Handle


class Session(msgspec.Struct, frozen=True):
    """A revocable token; `next_id` is the one that it was rotated into. Times are in seconds since 1970.

    `app_password` is the name of the one that it was opened with, None for the account's own password.
    """

    id: str
    account: int
    scope: str
    created_at: int
    expires_at: int
    next_id: str | None
    app_password: str | None = None


class Standing(msgspec.Struct, frozen=True):
    """What a token's account and session are now; `expires_at` is None where the session was revoked."""

    account: int
    handle: Handle
    status: str | None
    expires_at: int | None


def standing(tx: Tx, id: str, did: Did) -> Standing | None:
    """Return how the account with that DID stands, and its session of that id; None where there is no such account.

    One statement: every request that comes with a token asks for this.
    """
    row = tx.one(
        "SELECT account.id, account.handle, account.status, session.expires_at FROM account"
        " LEFT JOIN session ON session.id = ? AND session.account = account.id WHERE account.did = ?",
        id, did,
    )  # fmt: skip
    if row is None:
        return None
    account, handle, status, expires_at = row
    return Standing(account, Handle(handle), status, expires_at)


def get(tx: Tx, id: str) -> Session | None:
    """Return the session, or None where it never was or was revoked."""
    row = tx.one(
        "SELECT id, account, scope, created_at, expires_at, next_id, app_password FROM session WHERE id = ?", id
    )
    return None if row is None else Session(*row)


def add(tx: Tx, session: Session) -> None:
    """Add a session, unless it is there already."""
    tx.run(
        "INSERT INTO session (id, account, scope, created_at, expires_at, next_id, app_password)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        session.id, session.account, session.scope, session.created_at, session.expires_at, session.next_id,
        session.app_password,
    )  # fmt: skip


def rotate(tx: Tx, id: str, *, next_id: str, expires_at: int) -> bool:
    """Note what the session was rotated into and shorten its life; False if it was rotated into another before."""
    touched = tx.run(
        "UPDATE session SET next_id = ?, expires_at = ? WHERE id = ? AND (next_id IS NULL OR next_id = ?)",
        next_id, expires_at, id, next_id,
    )  # fmt: skip
    return touched > 0


def revoke(tx: Tx, id: str) -> None:
    """Remove a session with those that were rotated into it: in their grace time they would lead back to it.

    One that is not there stays away.
    """
    tx.run(
        "DELETE FROM session WHERE id IN ("
        "WITH RECURSIVE ended (id, account) AS (SELECT id, account FROM session WHERE id = ?"
        " UNION SELECT earlier.id, earlier.account FROM session AS earlier"
        " JOIN ended ON earlier.account = ended.account AND earlier.next_id = ended.id)"
        " SELECT id FROM ended)",
        id,
    )


def revoke_all(tx: Tx, account: int) -> None:
    """Remove every session of an account."""
    tx.run("DELETE FROM session WHERE account = ?", account)


def revoke_of_app_password(tx: Tx, account: int, name: str) -> None:
    """Remove every session of an account that was opened with the app password of that name."""
    tx.run("DELETE FROM session WHERE account = ? AND app_password = ?", account, name)


def drop_expired(tx: Tx, account: int, now: int) -> None:
    """Remove the account's sessions whose time is over."""
    tx.run("DELETE FROM session WHERE account = ? AND expires_at <= ?", account, now)
