"""Objects that are to go, on both engines."""

import pytest

from roost.storage import Database, Tx, doomed

pytestmark = pytest.mark.anyio


async def test_what_is_due_goes_in_its_order(tables: Database) -> None:
    """The longest due first, a few at a time; asking twice makes it no later."""

    def work(tx: Tx) -> list[list[str]]:
        for name, due in [("late", 9), ("first", 1), ("second", 2), ("first", 5), ("late", 3)]:
            doomed.add(tx, name, due=due)
        before = [doomed.due(tx, 0, 10), doomed.due(tx, 2, 10), doomed.due(tx, 9, 2), doomed.due(tx, 9, 10)]
        doomed.done(tx, ["first", "never"])
        doomed.postpone(tx, ["second"], 20)
        return [*before, doomed.due(tx, 9, 10), doomed.due(tx, 20, 10)]

    assert await tables.write(work) == [
        [],
        ["first", "second"],
        ["first", "second"],
        ["first", "second", "late"],
        ["late"],
        ["late", "second"],
    ]


async def test_a_claim_comes_in_time_or_not_at_all(tables: Database) -> None:
    """From the moment on that an object is due, it may be gone."""

    def work(tx: Tx) -> list[bool]:
        for name in ("a", "b"):
            doomed.add(tx, name, due=10)
        return [
            doomed.claim(tx, "a", 9),
            doomed.claim(tx, "a", 9),
            doomed.claim(tx, "b", 10),
            doomed.is_listed(tx, "a"),
            doomed.is_listed(tx, "b"),
        ]

    assert await tables.write(work) == [True, False, False, False, True]
