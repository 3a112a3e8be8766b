"""Reports, on both engines."""

import pytest

from roost.storage import Database, Tx, removals, reports
from roost.storage.reports import Report
from roost.syntax import Did

pytestmark = pytest.mark.anyio


def add(tx: Tx, account: int, now: int) -> Report:
    """Add a report of an account."""
    did = Did(f"did:web:{account}.test")
    return reports.add(tx, account, did=did, reason_type="a#b", reason=None, subject='{"did":"x"}', now=now)


async def test_reports_are_listed_newest_first(tables: Database) -> None:
    """With numbers that grow, and counted by account and time."""
    made = [await tables.write(lambda tx, n=n: add(tx, n % 2, n)) for n in range(5)]  # type: ignore[misc]

    assert list(await tables.read(lambda tx: reports.newest(tx, 3))) == made[:1:-1]
    assert await tables.read(lambda tx: reports.times_since(tx, 0, 0)) == [2, 4]
    assert made[0].about == {"did": "x"}
    assert made[4].id > made[3].id


async def test_reports_go_with_their_account(tables: Database) -> None:
    """A few at a time, as all that may be many; a number is never given again."""
    for n in range(5):
        last = await tables.write(lambda tx, n=n: add(tx, 1, n))  # type: ignore[misc]
    kept = await tables.write(lambda tx: add(tx, 2, 0))
    await tables.write(lambda tx: removals.add(tx, 1, events_below=0))

    done = [await tables.write(lambda tx: removals.remove_some(tx, 1, 4)) for _ in range(3)]

    assert done == [False, False, True]
    assert list(await tables.read(lambda tx: reports.newest(tx, 9))) == [kept]
    assert (await tables.write(lambda tx: add(tx, 2, 0))).id > last.id
