"""Preferences where the clock matters; the rest is told over HTTP."""

from datetime import UTC, datetime

import pytest

from roost.services.preferences import AGE, PERSONAL, Preferences
from roost.storage import preferences
from support.house import House, caller_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("today", "over"), [("2026-05-16T23:59:59", False), ("2026-05-17T00:00:00", True), ("2025-12-31T00:00:00", False)]
)
async def test_an_age_begins_on_its_day(house: House, today: str, over: bool) -> None:
    """The day itself counts, by the clock of UTC."""
    account = await house.account()
    mine = Preferences(house.db, house.minter)
    await mine.put(caller_of(account), [{"$type": PERSONAL, "birthDate": "2008-05-17T00:00:00Z"}])
    house.clock.micros = int(datetime.fromisoformat(today).replace(tzinfo=UTC).timestamp()) * 1_000_000

    age = (await mine.get(caller_of(account)))[-1]

    assert (age["$type"], age["isOverAge18"]) == (AGE, over)


async def test_an_account_that_is_gone_leaves_no_row(house: House) -> None:
    """Its preferences are removed with it."""
    account = await house.account()
    await Preferences(house.db, house.minter).put(caller_of(account), [{"$type": "app.bsky.a"}])
    assert await house.db.read(lambda tx: preferences.get(tx, account.id)) is not None

    await house.db.write(lambda tx: preferences.delete_of(tx, account.id))

    assert await house.db.read(lambda tx: preferences.get(tx, account.id)) is None
