"""Reports; what may be in one is told over HTTP."""

import pytest

from roost.services.errors import TooManyRequests
from roost.services.reports import REPORTS_A_DAY, Reports
from support.house import House, caller_of

pytestmark = pytest.mark.anyio

SUBJECT = {"$type": "com.atproto.admin.defs#repoRef", "did": "did:web:bad.test"}


async def test_a_day_is_a_day(house: House) -> None:
    """Who has made as many as are allowed may go on when the first of them is a day old."""
    mine = Reports(house.db, house.minter)
    caller = caller_of(await house.account())

    async def report() -> None:
        await mine.create(caller, reason_type="a#b", reason=None, subject=dict(SUBJECT))

    await report()
    house.clock.turn(seconds=60)
    for _ in range(REPORTS_A_DAY - 1):
        await report()
    with pytest.raises(TooManyRequests):
        await report()
    house.clock.turn(seconds=24 * 3600 - 60)
    await report()
    with pytest.raises(TooManyRequests):
        await report()

    listed = (await mine.shown()).reports
    assert len(listed) == REPORTS_A_DAY + 1
    assert listed[0].id > listed[1].id
