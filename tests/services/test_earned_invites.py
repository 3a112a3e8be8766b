"""Codes that accounts earn, without HTTP."""

import asyncio
from pathlib import Path

import pytest

from roost.services.earned_invites import MAX_OPEN, EarnedInvites
from roost.services.errors import AccountNotFound
from roost.storage import invites
from support.house import House, opened_house, policy_of

pytestmark = pytest.mark.anyio

DAY = 86_400


def service(house: House, **policy: object) -> EarnedInvites:
    """Return the service where an account earns a code a day."""
    rules = {"invite_required": True, "invite_interval": DAY * 1000} | policy
    return EarnedInvites(house.db, policy_of(**rules), house.minter)


async def count(earned: EarnedInvites, account: int) -> int:
    """Return how many codes an account has after it looked."""
    return len(await earned.of(account, include_used=True, create=True))


async def test_a_code_a_day(house: House) -> None:
    """To the millisecond, and five open at the most; with those used up, others come at once."""
    alice, earned = await house.account(), service(house)

    seen = [await count(earned, alice.id)]
    for seconds in (DAY - 0.001, 0.001, DAY, 10 * DAY):
        house.clock.turn(seconds=seconds)
        seen.append(await count(earned, alice.id))
    assert seen == [0, 0, 1, 2, MAX_OPEN]

    codes = [told.invite.code for told in await earned.of(alice.id, include_used=True, create=False)]
    await house.db.write(lambda tx: [invites.take(tx, code) for code in codes])
    assert await count(earned, alice.id) == 2 * MAX_OPEN
    assert len(await earned.of(alice.id, include_used=False, create=False)) == MAX_OPEN


async def test_only_what_was_earned_since_the_epoch_counts(house: House) -> None:
    """Whole intervals of the account's own life; an account that came later counts from its beginning."""
    alice = await house.account()
    house.clock.turn(seconds=10.5 * DAY)
    epoch = house.minter.milliseconds()
    bob, earned = await house.account("bob"), service(house, invite_epoch=epoch)

    assert [await count(earned, each.id) for each in (alice, bob)] == [0, 0]
    house.clock.turn(seconds=0.5 * DAY)
    assert [await count(earned, each.id) for each in (alice, bob)] == [1, 0]
    house.clock.turn(seconds=0.5 * DAY)
    assert [await count(earned, each.id) for each in (alice, bob)] == [1, 1]


async def test_a_clock_that_went_back_takes_nothing(house: House) -> None:
    """And gives nothing."""
    alice, earned = await house.account(), service(house)
    house.clock.turn(seconds=2 * DAY)
    assert await count(earned, alice.id) == 2

    house.clock.turn(seconds=-5 * DAY)

    assert await count(earned, alice.id) == 2


async def test_nothing_is_earned_where_nobody_needs_a_code(tmp_path: Path) -> None:
    """Nor where no interval is set; nor is anything made for who only looks."""
    async with opened_house(tmp_path) as house:
        alice = await house.account()
        house.clock.turn(seconds=9 * DAY)

        assert await count(service(house, invite_required=False), alice.id) == 0
        assert await count(service(house, invite_interval=None), alice.id) == 0
        assert await service(house).of(alice.id, include_used=True, create=False) == []
        with pytest.raises(AccountNotFound):
            await service(house).of(99, include_used=True, create=True)


async def test_sixteen_at_once_earn_once(house: House) -> None:
    """What is due is counted where it is given."""
    alice, earned = await house.account(), service(house)
    house.clock.turn(seconds=3 * DAY)

    seen = await asyncio.gather(*[count(earned, alice.id) for _ in range(16)])

    assert seen == [3] * 16
