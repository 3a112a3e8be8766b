"""What an account brings along that only its own methods write otherwise."""

from roost.storage.db import Tx


def preferences(tx: Tx, account: int, json: bytes) -> None:
    """Give a new account its preferences, a JSON array of objects each with its `$type`."""
    tx.run("INSERT INTO preference (account, json) VALUES (?, ?)", account, json)
