"""What came of asking each relay to subscribe to us, so that a restart asks none too often."""

import msgspec

from roost.storage.db import Tx


class Crawl(msgspec.Struct, frozen=True):
    """The last time that a relay was asked, and when it may be again, in milliseconds since 1970.

    `error` says why it did not agree, and `failures` how often it has not since it last did; `seq` was the last event
    when it did, 0 if it never has.
    """

    asked_at: int
    next_at: int
    failures: int
    error: str | None
    seq: int


def get(tx: Tx, relay: str) -> Crawl | None:
    """Return what came of asking a relay, or None before it was asked."""
    row = tx.one("SELECT asked_at, next_at, failures, error, seq FROM crawl WHERE relay = ?", relay)
    return None if row is None else Crawl(*row)


def put(tx: Tx, relay: str, crawl: Crawl) -> None:
    """Keep what came of asking a relay."""
    tx.run(
        "INSERT INTO crawl (relay, asked_at, next_at, failures, error, seq) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (relay) DO UPDATE SET asked_at = excluded.asked_at, next_at = excluded.next_at,"
        " failures = excluded.failures, error = excluded.error, seq = excluded.seq",
        relay, crawl.asked_at, crawl.next_at, crawl.failures, crawl.error, crawl.seq,
    )  # fmt: skip
