"""Invite codes and who used them."""

from collections.abc import Iterable
from typing import Final

import msgspec

from roost.storage.db import Row, Tx
from roost.syntax import Did

NUL: Final = "\0"
"""What no code holds, and what PostgreSQL cannot even be asked for."""


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
    if NUL in code:
        return False
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


class Invite(msgspec.Struct, frozen=True):
    """A code: how many accounts it was made for, how many it may still admit, and in whose name it was given out.

    `created_by` is `admin`, or the account of that name where it earned the code.
    """

    code: str
    uses: int
    available: int
    disabled: bool
    for_account: str
    created_at: int
    created_by: str = "admin"


class Use(msgspec.Struct, frozen=True):
    """An account that a code admitted; `used_at` is in milliseconds since 1970."""

    did: Did
    used_at: int


_SELECT = "SELECT code, uses, available, disabled, for_account, created_at, created_by FROM invite"


def newest(tx: Tx, limit: int, *, after: tuple[int, str] | None = None) -> list[Invite]:
    """Return the newest codes; `after` is the time and the code of the last one that was seen."""
    if after is None:
        return _invites(tx.all(_SELECT + " ORDER BY created_at DESC, code DESC LIMIT ?", limit))
    return _invites(
        tx.all(
            _SELECT + " WHERE (created_at, code) < (?, ?) ORDER BY created_at DESC, code DESC LIMIT ?", *after, limit
        )
    )


def most_used(tx: Tx, limit: int, *, after: tuple[int, str] | None = None) -> list[Invite]:
    """Return the codes of which the most uses were taken; `after` is that number and the code of the last one seen."""
    if after is None:
        return _invites(tx.all(_SELECT + " ORDER BY (uses - available) DESC, code DESC LIMIT ?", limit))
    return _invites(
        tx.all(
            _SELECT + " WHERE ((uses - available), code) < (?, ?) ORDER BY (uses - available) DESC, code DESC LIMIT ?",
            *after, limit,
        )
    )  # fmt: skip


def of_account(tx: Tx, did: Did, limit: int) -> list[Invite]:
    """Return codes that were given out in an account's name, the oldest first."""
    return _invites(tx.all(_SELECT + " WHERE for_account = ? ORDER BY created_at, code LIMIT ?", did, limit))


def that_admitted(tx: Tx, did: Did) -> Invite | None:
    """Return the code that admitted an account, or None."""
    found = _invites(
        tx.all(
            "SELECT invite.code, uses, available, disabled, for_account, created_at, created_by"
            " FROM invite_use JOIN invite ON invite.code = invite_use.code WHERE did = ?",
            did,
        )
    )
    return found[0] if found else None


def uses_of(tx: Tx, code: str, limit: int) -> list[Use]:
    """Return accounts that a code admitted, in the order of their DIDs."""
    rows = tx.all("SELECT did, used_at FROM invite_use WHERE code = ? ORDER BY did LIMIT ?", code, limit)
    return [Use(Did(did), used_at) for did, used_at in rows]


def disable(tx: Tx, code: str) -> bool:
    """Have a code admit nobody any more; False if there is no such code, or it did not."""
    return NUL not in code and tx.run("UPDATE invite SET disabled = 1 WHERE code = ? AND disabled = 0", code) > 0


def disable_of(tx: Tx, did: Did) -> int:
    """Do so with every code given out in an account's name, and return how many that changed."""
    return tx.run("UPDATE invite SET disabled = 1 WHERE for_account = ? AND disabled = 0", did)


def _invites(rows: list[Row]) -> list[Invite]:
    return [
        Invite(code, uses, available, bool(disabled), for_account, created_at, created_by)
        for code, uses, available, disabled, for_account, created_at, created_by in rows
    ]


def restore(
    tx: Tx,
    code: str,
    *,
    uses: int,
    left: int,
    disabled: bool,
    for_account: str,
    created_by: str,
    now: int,
    used: Iterable[tuple[str, int]],
) -> bool:
    """Add a code of another server with those who used it there, as (DID, time); False if it is here already."""
    added = tx.run(
        "INSERT INTO invite (code, uses, available, disabled, for_account, created_by, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO NOTHING",
        code, uses, left, int(disabled), for_account, created_by, now,
    )  # fmt: skip
    if added:
        tx.run_many(
            "INSERT INTO invite_use (code, did, used_at) VALUES (?, ?, ?)", [(code, did, at) for did, at in used]
        )
    return added > 0
