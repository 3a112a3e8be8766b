"""The accounts whose signing keys are still to be replaced, of those for which that was asked all at once."""

from roost.storage.db import Tx


def begin(tx: Tx) -> None:
    """Note every account with a did:plc, unless an earlier list is not done yet: then that is gone on with."""
    tx.run(
        "INSERT INTO key_rotation (account) SELECT id FROM account"
        " WHERE did LIKE 'did:plc:%' AND NOT EXISTS (SELECT 1 FROM key_rotation)"
    )


def left(tx: Tx) -> list[int]:
    """Return the accounts that are still to be done, oldest first."""
    return [row[0] for row in tx.all("SELECT account FROM key_rotation ORDER BY account")]


def done(tx: Tx, account: int) -> None:
    """Take the account off the list, if it is on it."""
    tx.run("DELETE FROM key_rotation WHERE account = ?", account)
