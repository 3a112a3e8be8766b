"""Accounts, the names that are being taken, and the names that are kept back."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from roost.storage.db import Row, Tx
from roost.syntax import Did, Handle, now_text

_SELECT = (
    "SELECT id, did, handle, email, password, status, created_at, email_confirmed_at, takedown_ref, deactivated_at,"
    " delete_after, invites_disabled, handle_invalid_at,"
    " signing_key_at FROM account"
)

INVALID_HANDLE: Final = Handle("handle.invalid")
"""What the protocol has in the place of a handle that does not lead to its account (handle specification)."""

NEW_IDENTITY: Final = 86_400_000
"""Milliseconds until the identity of a new account is looked at for the first time: it has just been made."""

HANDLES_HELD: Final = 3
"""Handles that are kept for who gave them up: enough to undo a change or two, too few to hoard names."""


class Account(msgspec.Struct, frozen=True):
    """A hosted account; `status` is None while it is active, times are in milliseconds since 1970.

    `takedown_ref` is what the administrator gave as the reason of a takedown; `delete_after` is until when the owner of
    a deactivated account wants it kept, or one that was to move here is waited for; `handle_invalid_at` since when the
    handle is known not to lead to the account.
    """

    id: int
    did: Did
    handle: Handle
    email: str | None
    password: str | None
    status: str | None
    created_at: int
    email_confirmed_at: int | None = None
    takedown_ref: str | None = None
    deactivated_at: int | None = None
    delete_after: int | None = None
    invites_disabled: bool = False
    handle_invalid_at: int | None = None
    signing_key_at: int | None = None

    @property
    def public_handle(self) -> Handle:
        """The handle as sessions and events tell it: `handle.invalid` while it does not lead to the account."""
        return self.handle if self.handle_invalid_at is None else INVALID_HANDLE

    @property
    def created_text(self) -> str:
        """When it was made, as the protocol writes a datetime."""
        return now_text(datetime.fromtimestamp(self.created_at / 1000, UTC))


class Reservation(msgspec.Struct, frozen=True):
    """A handle and email that a coming account will have; `invite` is the code whose use it took, if any."""

    handle: Handle
    email: str | None
    did: Did
    invite: str | None
    created_at: int


def by_id(tx: Tx, account: int) -> Account | None:
    """Return the account, or None."""
    return _account(tx.one(_SELECT + " WHERE id = ?", account))


def by_did(tx: Tx, did: Did) -> Account | None:
    """Return the account with that DID, or None."""
    return _account(tx.one(_SELECT + " WHERE did = ?", did))


def by_handle(tx: Tx, handle: Handle) -> Account | None:
    """Return the account with that handle, or None."""
    return _account(tx.one(_SELECT + " WHERE handle = ?", handle))


def by_email(tx: Tx, email: str) -> Account | None:
    """Return the account with that email address, given in lower case, or None."""
    if "\0" in email:  # nobody's, and PostgreSQL cannot even be asked for it
        return None
    return _account(tx.one(_SELECT + " WHERE email = ?", email))


def _account(row: Row | None) -> Account | None:
    if row is None:
        return None
    (
        id,
        did,
        handle,
        email,
        password,
        status,
        created_at,
        confirmed_at,
        ref,
        deactivated_at,
        delete_after,
        off,
        invalid_at,
        key_at,
    ) = row
    return Account(
        id, Did(did), Handle(handle), email, password, status, created_at,
        confirmed_at, ref, deactivated_at, delete_after, bool(off), invalid_at, key_at,
    )  # fmt: skip


def add(
    tx: Tx, *, did: Did, handle: Handle, email: str | None, password: str | None, signing_key: bytes, now: int
) -> int:
    """Add an account and return its id; `signing_key` is sealed. The caller has made sure that its names are free."""
    row = tx.one(
        "INSERT INTO account (did, handle, email, password, signing_key, created_at, signing_key_at, identity_due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        did, handle, email, password, signing_key, now, now, now + NEW_IDENTITY,
    )  # fmt: skip
    assert row is not None, "RETURNING answers with the row it inserted"
    return int(row[0])


def restore(tx: Tx, account: int, *, email_confirmed_at: int | None, invites_disabled: bool) -> None:
    """Give an account that was taken over from another server what it was there."""
    tx.run(
        "UPDATE account SET email_confirmed_at = ?, invites_disabled = ? WHERE id = ?",
        email_confirmed_at, int(invites_disabled), account,
    )  # fmt: skip


def signing_key(tx: Tx, account: int) -> bytes:
    """Return the account's sealed signing key."""
    row = tx.one("SELECT signing_key FROM account WHERE id = ?", account)
    assert row is not None, "the account was read in this transaction"
    return bytes(row[0])


def signing_key_at(tx: Tx, account: int) -> int:
    """Return when the account's signing key was made, in milliseconds since 1970: no two keys of it share that."""
    row = tx.one("SELECT signing_key_at FROM account WHERE id = ?", account)
    assert row is not None, "the account was read in this transaction"
    return int(row[0])


def set_signing_key(tx: Tx, account: int, sealed: bytes, *, now: int) -> None:
    """Replace the account's signing key."""
    tx.run(
        "UPDATE account SET signing_key = ?, signing_key_at = CASE WHEN signing_key_at < ? THEN ?"
        " ELSE signing_key_at + 1 END WHERE id = ?",
        sealed, now, now, account,
    )  # fmt: skip


def set_handle(tx: Tx, account: int, handle: Handle) -> None:
    """Give the account another handle, one that leads to it. The caller has made sure that it is free."""
    tx.run("UPDATE account SET handle = ?, handle_invalid_at = NULL WHERE id = ?", handle, account)


def set_handle_invalid(tx: Tx, account: int, at: int | None) -> None:
    """Note since when the account's handle does not lead to it; None if it does."""
    tx.run("UPDATE account SET handle_invalid_at = ? WHERE id = ?", at, account)


def set_identity_due(tx: Tx, account: int, at: int, *, failures: int = 0) -> None:
    """Note when the account's identity is to be looked at next, and how often in a row nobody could tell."""
    tx.run("UPDATE account SET identity_due_at = ?, identity_failures = ? WHERE id = ?", at, failures, account)


def identity_failures(tx: Tx, account: int) -> int:
    """Return how often in a row nobody could tell of the account's identity."""
    row = tx.one("SELECT identity_failures FROM account WHERE id = ?", account)
    assert row is not None, "the account was read in this transaction"
    return int(row[0])


def identity_due(tx: Tx, now: int, limit: int) -> list[tuple[int, int]]:
    """Return up to `limit` active accounts whose identity is to be looked at, the longest due first, each with how
    often in a row nobody could tell.
    """
    rows = tx.all(
        "SELECT id, identity_failures FROM account WHERE identity_due_at <= ? AND status IS NULL"
        " ORDER BY identity_due_at LIMIT ?",
        now, limit,
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


def set_password(tx: Tx, account: int, password: str) -> None:
    """Replace the password's hash."""
    tx.run("UPDATE account SET password = ? WHERE id = ?", password, account)


def set_email(tx: Tx, account: int, email: str) -> None:
    """Replace the email address, given in lower case; that it is the owner's has to be confirmed anew."""
    tx.run("UPDATE account SET email = ?, email_confirmed_at = NULL WHERE id = ?", email, account)


def set_invites_disabled(tx: Tx, account: int, disabled: int) -> None:
    """Say with 1 that the account is to be given no more invite codes, with 0 that it is."""
    tx.run("UPDATE account SET invites_disabled = ? WHERE id = ?", disabled, account)


def set_takedown(tx: Tx, account: int, ref: str | None) -> None:
    """Take the account down for the reason `ref`, or restore it where that is None; `status` follows."""
    tx.run("UPDATE account SET takedown_ref = ? WHERE id = ?", ref, account)
    _settle_status(tx, account)


def set_deactivated(tx: Tx, account: int, at: int | None, *, delete_after: int | None = None) -> None:
    """Deactivate the account at that time, or activate it where that is None; `status` follows."""
    tx.run("UPDATE account SET deactivated_at = ?, delete_after = ? WHERE id = ?", at, delete_after, account)
    _settle_status(tx, account)


def confirm_email(tx: Tx, account: int, at: int) -> None:
    """Note that the email address was shown to be the owner's at that time."""
    tx.run("UPDATE account SET email_confirmed_at = ? WHERE id = ?", at, account)


def due(tx: Tx, now: int, limit: int) -> list[int]:
    """Return accounts that are deactivated and were to be kept until now at the most; those taken down are kept."""
    rows = tx.all(
        "SELECT id FROM account WHERE delete_after <= ? AND status = 'deactivated' ORDER BY delete_after LIMIT ?",
        now, limit,
    )  # fmt: skip
    return [row[0] for row in rows]


def _settle_status(tx: Tx, account: int) -> None:
    tx.run(
        "UPDATE account SET status = CASE WHEN takedown_ref IS NOT NULL THEN 'takendown'"
        " WHEN deactivated_at IS NOT NULL THEN 'deactivated' END WHERE id = ?",
        account,
    )


def delete(tx: Tx, account: int) -> None:
    """Remove the account's row."""
    tx.run("DELETE FROM account WHERE id = ?", account)


def page(tx: Tx, after: int, limit: int) -> list[Account]:
    """Return the first `limit` accounts whose id is above `after`, oldest first."""
    rows = tx.all(_SELECT + " WHERE id > ? ORDER BY id LIMIT ?", after, limit)
    return [account for row in rows if (account := _account(row)) is not None]


def last_id(tx: Tx) -> int:
    """Return the id of the youngest account, 0 where there is none."""
    row = tx.one("SELECT max(id) FROM account")
    return 0 if row is None or row[0] is None else int(row[0])


def matching(tx: Tx, *, text: str, after: int, through: int, limit: int) -> list[Account]:
    """Return the first `limit` accounts with an id above `after` and up to `through` whose email address or handle
    contains `text`, in any case, or whose DID it is.
    """
    lower = text.lower()
    pattern = "%" + lower.replace("~", "~~").replace("%", "~%").replace("_", "~_") + "%"
    rows = tx.all(
        _SELECT + " WHERE id > ? AND id <= ? AND"
        " (email LIKE ? ESCAPE '~' OR handle LIKE ? ESCAPE '~' OR did = ?) ORDER BY id LIMIT ?",
        after, through, pattern, pattern, text, limit,
    )  # fmt: skip
    return [account for row in rows if (account := _account(row)) is not None]


def count(tx: Tx) -> int:
    """Return how many accounts there are."""
    row = tx.one("SELECT count(*) FROM account")
    assert row is not None, "count always answers"
    return int(row[0])


def reserve(tx: Tx, reservation: Reservation) -> None:
    """Take names for a coming account. The caller has made sure that they are free."""
    tx.run(
        "INSERT INTO reservation (handle, email, did, invite, created_at) VALUES (?, ?, ?, ?, ?)",
        reservation.handle, reservation.email, reservation.did, reservation.invite, reservation.created_at,
    )  # fmt: skip


def release(tx: Tx, did: Did) -> bool:
    """Give up the names taken for a coming account; False if they were given up already."""
    return tx.run("DELETE FROM reservation WHERE did = ?", did) > 0


def did_reserved(tx: Tx, did: Did) -> bool:
    """Return whether an account with that DID is about to be made."""
    return tx.one("SELECT 1 FROM reservation WHERE did = ?", did) is not None


def reservations(tx: Tx) -> list[Reservation]:
    """Return every reservation that stands."""
    rows = tx.all("SELECT handle, email, did, invite, created_at FROM reservation")
    return [Reservation(Handle(handle), email, Did(did), invite, at) for handle, email, did, invite, at in rows]


def handle_taken(tx: Tx, handle: Handle, now: int, *, did: Did | None = None, held_too: bool = True) -> bool:
    """Return whether an account has the handle, is about to have it, or, if `held_too`, had it until lately.

    What `did` has itself, or gave up, does not count: it may take that back.
    """
    owner = did or ""
    row = tx.one(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM account WHERE handle = ? AND did <> ?)"
        " OR EXISTS (SELECT 1 FROM reservation WHERE handle = ?)"
        " OR EXISTS (SELECT 1 FROM identity_change WHERE handle = ?"
        " AND account NOT IN (SELECT id FROM account WHERE did = ?))"
        " OR EXISTS (SELECT 1 FROM held_handle WHERE handle = ? AND until > ? AND (did IS NULL OR did <> ?))",
        handle, owner, handle, handle, owner, handle if held_too else "", now, owner,
    )  # fmt: skip
    return row is not None


def email_taken(tx: Tx, email: str) -> bool:
    """Return whether an account has the email address, given in lower case, or is about to have it."""
    row = tx.one(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM account WHERE email = ?)"
        " OR EXISTS (SELECT 1 FROM reservation WHERE email = ?)",
        email, email,
    )  # fmt: skip
    return row is not None


def hold_handle(tx: Tx, handle: Handle, *, until: int, did: Did | None = None) -> None:
    """Keep a handle back until that time, but for `did`; of the handles kept for one DID the oldest become free."""
    tx.run(
        "INSERT INTO held_handle (handle, until, did) VALUES (?, ?, ?)"
        " ON CONFLICT (handle) DO UPDATE SET until = excluded.until, did = excluded.did",
        handle, until, did,
    )  # fmt: skip
    tx.run(
        "DELETE FROM held_handle WHERE handle IN"
        " (SELECT handle FROM held_handle WHERE did = ? ORDER BY until DESC LIMIT 1000 OFFSET ?)",
        did, HANDLES_HELD,
    )  # fmt: skip


def release_handle(tx: Tx, handle: Handle) -> None:
    """Keep a handle back no longer."""
    tx.run("DELETE FROM held_handle WHERE handle = ?", handle)


def drop_held_handles(tx: Tx, now: int) -> None:
    """Forget the handles whose time is over."""
    tx.run("DELETE FROM held_handle WHERE until <= ?", now)
