"""Which record of an account is for which subject: of likes, reposts, follows and blocks, one row each."""

from collections.abc import Iterable

from roost.storage.db import Tx


def put(tx: Tx, account: int, path: str, collection: str, subject: str) -> None:
    """Note the subject of the record at `path`."""
    tx.run(
        "INSERT INTO backlink (account, path, collection, subject) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, path) DO UPDATE SET subject = excluded.subject",
        account, path, collection, subject,
    )  # fmt: skip


def find(tx: Tx, account: int, collection: str, subject: str) -> list[str]:
    """Return the paths of the account's records of that collection with that subject, in order."""
    rows = tx.all(
        "SELECT path FROM backlink WHERE account = ? AND collection = ? AND subject = ? ORDER BY path",
        account, collection, subject,
    )  # fmt: skip
    return [row[0] for row in rows]


def delete_many(tx: Tx, account: int, paths: Iterable[str]) -> None:
    """Forget the records at those paths."""
    tx.run_many("DELETE FROM backlink WHERE account = ? AND path = ?", [(account, path) for path in paths])
