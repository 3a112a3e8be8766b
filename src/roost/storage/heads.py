"""Where each repository stands: its current commit, and the commits it had before."""

import msgspec

from roost.data.cid import Cid
from roost.storage.db import Tx
from roost.syntax import Did, Tid


class Head(msgspec.Struct, frozen=True):
    """A repository's current commit; `root` is the number of its tree's root node, `next_n` the next number to give
    out.
    """

    cid: Cid
    rev: Tid
    data: Cid
    block: bytes
    root: int
    next_n: int


def get(tx: Tx, repo: int) -> Head | None:
    """Return the repository's head, or None where no such repository is kept."""
    row = tx.one("SELECT cid, rev, data, block, root, next_n FROM head WHERE repo = ?", repo)
    if row is None:
        return None
    cid, rev, data, block, root, next_n = row
    return Head(Cid(cid), Tid(rev), Cid(data), block, root, next_n)


class Hosted(msgspec.Struct, frozen=True):
    """Whose repository stands where, and the account's status, None while it is active."""

    account: int
    did: Did
    cid: Cid
    rev: Tid
    status: str | None


def page(tx: Tx, after: int, limit: int) -> list[Hosted]:
    """Return the first `limit` repositories of accounts whose number is above `after`, oldest account first."""
    rows = tx.all(
        "SELECT account.id, account.did, head.cid, head.rev, account.status FROM account"
        " JOIN head ON head.repo = account.id WHERE account.id > ? ORDER BY account.id LIMIT ?",
        after, limit,
    )  # fmt: skip
    return [Hosted(account, Did(did), Cid(cid), Tid(rev), status) for account, did, cid, rev, status in rows]


def put(tx: Tx, repo: int, head: Head) -> None:
    """Move the repository to `head`, and remember that it has been there."""
    tx.run(
        "INSERT INTO head (repo, cid, rev, data, block, root, next_n) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (repo) DO UPDATE SET cid = excluded.cid, rev = excluded.rev, data = excluded.data,"
        " block = excluded.block, root = excluded.root, next_n = excluded.next_n",
        repo, head.cid, head.rev, head.data, head.block, head.root, head.next_n,
    )  # fmt: skip
    tx.run("INSERT INTO past_commit (repo, rev, cid) VALUES (?, ?, ?)", repo, head.rev, head.cid)


def rev_of(tx: Tx, repo: int, cid: Cid) -> Tid | None:
    """Return the rev that the repository had at that commit, or None if it never was there.

    Reads the repository's commits one after another: they are kept in the order of writing, which costs a write little.
    """
    row = tx.one("SELECT rev FROM past_commit WHERE repo = ? AND cid = ?", repo, cid)
    return None if row is None else Tid(row[0])


def delete(tx: Tx, repo: int) -> None:
    """Forget the repository's head, without which it is not there."""
    tx.run("DELETE FROM head WHERE repo = ?", repo)
