"""The event log, on both engines."""

import pytest

from roost.storage import Database, Tx, events

pytestmark = pytest.mark.anyio


def append(tx: Tx, account: int = 1) -> int:
    """Append an event and return its sequence number."""
    seq = events.next_seq(tx)
    events.append(tx, seq=seq, account=account, time=seq, frame=b"frame %d" % seq)
    return seq


async def test_sequence_numbers_follow_one_another(tables: Database) -> None:
    """Events are numbered from 1 in the order of their transactions, and read after a number."""
    numbers = [await tables.write(append) for _ in range(3)]

    assert numbers == [1, 2, 3]
    assert await tables.read(lambda tx: events.after(tx, 1, 10)) == [(2, b"frame 2"), (3, b"frame 3")]
    assert await tables.read(lambda tx: events.after(tx, 0, 1)) == [(1, b"frame 1")]


async def test_a_failed_transaction_leaves_no_gap(tables: Database) -> None:
    """A number that was taken in a transaction that failed is taken again."""

    def fail(tx: Tx) -> None:
        append(tx)
        raise ValueError("on purpose")

    await tables.write(append)
    with pytest.raises(ValueError, match="on purpose"):
        await tables.write(fail)

    assert await tables.write(append) == 2
