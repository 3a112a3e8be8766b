"""The one log behind the firehose: a frame for each event, under a sequence number that never goes back."""

from roost.storage.db import Tx


def next_seq(tx: Tx) -> int:
    """Take the next sequence number; it is given up again only together with the whole transaction."""
    # Not RETURNING: SQLite puts its row into a table made for it, which takes ten times as long as both of these.
    tx.run("UPDATE sequence SET last = last + 1")
    return last(tx)


def append(tx: Tx, *, seq: int, account: int, time: int, frame: bytes) -> None:
    """Append a frame as it will be sent; `time` is in milliseconds since 1970."""
    tx.run("INSERT INTO event (seq, account, time, frame) VALUES (?, ?, ?, ?)", seq, account, time, frame)


def after(tx: Tx, seq: int, limit: int) -> list[tuple[int, bytes]]:
    """Return the sequence numbers and frames of the first `limit` events after `seq`."""
    return [
        (row[0], row[1])
        for row in tx.all("SELECT seq, frame FROM event WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
    ]


def last(tx: Tx) -> int:
    """Return the last sequence number that was taken, 0 before the first."""
    row = tx.one("SELECT last FROM sequence")
    assert row is not None, "the sequence has its one row from the first migration"
    return int(row[0])
