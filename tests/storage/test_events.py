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


async def test_a_page_ends_with_its_bytes(tables: Database) -> None:
    """A page has as many events as it may, and fewer when they are large; one at least, however large it is."""
    for size in (10, 10, 500, 10, 2000, 10):
        await tables.write(
            lambda tx, size=size: events.append(  # type: ignore[misc]  # mypy knows no default of a lambda
                tx, seq=events.next_seq(tx), account=1, time=0, frame=bytes(size)
            )
        )

    async def page(after: int, limit: int, max_bytes: int) -> list[int]:
        return [seq for seq, _ in await tables.read(lambda tx: events.page(tx, after, limit, max_bytes))]

    assert await page(0, 2, 10_000) == [1, 2]
    assert await page(0, 10, 10_000) == [1, 2, 3, 4, 5, 6]
    assert await page(0, 10, 500) == [1, 2, 3]
    assert await page(4, 10, 1) == [5]
    assert await page(6, 10, 1) == []
    assert (await tables.read(lambda tx: events.page(tx, 2, 1, 1000)))[0] == (3, bytes(500))


async def test_a_raised_floor_is_passed_once(tables: Database) -> None:
    """The next number lies above the floor, later ones follow it; a lower floor changes nothing."""
    await tables.write(append)
    await tables.write(lambda tx: events.raise_floor(tx, 1000))

    assert await tables.read(events.last) == 1000
    assert await tables.read(events.last_told) == 1
    assert [await tables.write(append) for _ in range(2)] == [1001, 1002]
    await tables.write(lambda tx: events.raise_floor(tx, 500))
    assert await tables.write(append) == 1003
    assert await tables.read(events.last) == await tables.read(events.last_told) == 1003


async def test_another_log_is_gone_on_from(tables: Database) -> None:
    """Numbers lie above its end, and nothing up to there is claimed to be here; a second time changes nothing."""
    for seq in (1000, 1000, 10):
        await tables.write(lambda tx, seq=seq: events.begin_after(tx, seq))  # type: ignore[misc]

    assert await tables.read(events.last) == await tables.read(events.pruned) == 1000
    assert await tables.write(append) == 1001
    assert await tables.read(events.pruned) == 1000


async def test_events_are_counted_up_to_a_number(tables: Database) -> None:
    """How far somebody is behind, or that it is too far to count."""
    for _ in range(5):
        await tables.write(append)

    counts = [
        await tables.read(lambda tx, seq=seq, most=most: events.count_after(tx, seq, most))  # type: ignore[misc]
        for seq, most in ((0, 10), (3, 10), (5, 10), (99, 10), (0, 3))
    ]

    assert counts == [5, 2, 0, 0, 3]


async def kept(tables: Database) -> tuple[list[int], int]:
    """Return the events that are there, and up to where old ones were removed."""
    return [seq for seq, _ in await tables.read(lambda tx: events.after(tx, 0, 1000))], await tables.read(events.pruned)


async def prune(tables: Database, before: int, limit: int = 100, max_bytes: int = 10_000) -> bool:
    """Remove old events; an event's time is its number here."""
    return await tables.write(lambda tx: events.prune(tx, before=before, limit=limit, max_bytes=max_bytes))


async def test_what_is_old_goes_but_for_one_event_of_each_account(tables: Database) -> None:
    """An account that has been silent for long still has its last event; what is not old is whole."""
    for account in (1, 2, 1, 3, 1, 1, 2, 1):
        await tables.write(lambda tx, account=account: append(tx, account))  # type: ignore[misc]

    assert not await prune(tables, 7)

    assert await kept(tables) == ([2, 4, 6, 7, 8], 6)
    assert not await prune(tables, 9)
    assert await kept(tables) == ([4, 7, 8], 8)


async def test_old_events_go_a_few_at_a_time(tables: Database) -> None:
    """Others write between two steps; each says whether there is more to do."""
    for _ in range(10):
        await tables.write(append)

    steps = [await prune(tables, 8, limit=3) for _ in range(4)]

    assert steps == [True, True, False, False]
    assert await kept(tables) == ([7, 8, 9, 10], 7)


async def test_large_events_go_fewer_at_a_time(tables: Database) -> None:
    """Removing a large row takes its time too."""
    for _ in range(4):
        await tables.write(append)

    steps = [await prune(tables, 100, max_bytes=10) for _ in range(5)]

    assert steps == [True, True, False, False, False]
    assert await kept(tables) == ([4], 4)


async def test_a_clock_that_went_back_makes_no_gap(tables: Database) -> None:
    """An event that is not old ends the removal, though one after it says it is older."""
    for time in (1, 1, 50, 2, 2):
        await tables.write(
            lambda tx, time=time: events.append(  # type: ignore[misc]
                tx, seq=events.next_seq(tx), account=1, time=time, frame=b"x"
            )
        )

    await prune(tables, 10)

    assert await kept(tables) == ([2, 3, 4, 5], 2)
