"""The one log behind the firehose: a frame for each event, under a sequence number that never goes back.

Numbers may be missing; what is between two that follow one another never comes later.
"""

from roost.storage.db import Tx

_LAST = "CASE WHEN last < floor THEN floor ELSE last END"


def next_seq(tx: Tx) -> int:
    """Take the next sequence number; it is given up again only together with the whole transaction."""
    # Not RETURNING: SQLite puts its row into a table made for it, which takes ten times as long as both of these.
    tx.run(f"UPDATE sequence SET last = {_LAST} + 1")  # noqa: S608 - a constant
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


def page(tx: Tx, seq: int, limit: int, max_bytes: int) -> list[tuple[int, bytes]]:
    """Return what `after` does, up to the event that brings the frames to `max_bytes`."""
    # Sizes first, which are had without the frames: a thousand of the largest frames have two gigabytes.
    sizes = tx.all("SELECT seq, length(frame) FROM event WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
    end = seq
    for end, size in sizes:  # noqa: B007 - where the page ends is what is wanted
        max_bytes -= size
        if max_bytes <= 0:
            break
    if end == seq:
        return []
    rows = tx.all("SELECT seq, frame FROM event WHERE seq > ? AND seq <= ? ORDER BY seq", seq, end)
    return [(row[0], row[1]) for row in rows]


def last(tx: Tx) -> int:
    """Return the highest sequence number that was taken, or may have been before this database was restored."""
    row = tx.one(f"SELECT {_LAST} FROM sequence")  # noqa: S608 - a constant
    assert row is not None, "the sequence has its one row from the first migration"
    return int(row[0])


def last_told(tx: Tx) -> int:
    """Return the number of the last event that this database knows, 0 before the first."""
    row = tx.one("SELECT last FROM sequence")
    assert row is not None, "the sequence has its one row from the first migration"
    return int(row[0])


def count_after(tx: Tx, seq: int, most: int) -> int:
    """Return how many events there are after `seq`, or `most` if there are more."""
    row = tx.one("SELECT count(*) FROM (SELECT 1 FROM event WHERE seq > ? LIMIT ?) AS later", seq, most)
    assert row is not None, "count always answers"
    return int(row[0])


def raise_floor(tx: Tx, floor: int) -> None:
    """Have every number from now on lie above `floor`."""
    tx.run("UPDATE sequence SET floor = ? WHERE floor < ?", floor, floor)


def begin_after(tx: Tx, seq: int) -> None:
    """Go on from another server's log that ended with `seq`: numbers lie above it, and its events are not kept here."""
    raise_floor(tx, seq)
    tx.run("UPDATE sequence SET pruned = ? WHERE pruned < ?", seq, seq)


def pruned(tx: Tx) -> int:
    """Return the number up to which old events were removed, 0 before the first; what is after it is complete."""
    row = tx.one("SELECT pruned FROM sequence")
    assert row is not None, "the sequence has its one row from the first migration"
    return int(row[0])


def prune(tx: Tx, *, before: int, limit: int, max_bytes: int) -> bool:
    """Remove the first events whose time is `before` that, but for each account's last of them; return whether more
    may be left.

    It looks at up to `limit` events, and at fewer large ones: the one that brings them to `max_bytes` is the last.
    """
    rows = tx.all(
        "SELECT seq, account, time, length(frame) FROM event WHERE seq > ? ORDER BY seq LIMIT ?", pruned(tx), limit
    )
    old: dict[int, int] = {}
    end = 0
    for seq, account, time, size in rows:
        # The first that is to be kept ends it, so that the log after `pruned` stays whole, whatever the clock has done.
        if time >= before or max_bytes <= 0:
            break
        old[account] = end = seq
        max_bytes -= size
    if not old:
        return False
    # So an account has one event at most before `pruned`, and at least one in all.
    tx.run_many("DELETE FROM event WHERE account = ? AND seq < ?", old.items())
    tx.run("UPDATE sequence SET pruned = ?", end)
    return max_bytes <= 0 or (len(rows) == limit and end == rows[-1][0])
