"""Invite codes."""

import pytest

from roost.services.errors import InvalidRequest
from roost.services.invites import MAX_USES, Invites
from roost.storage import invites
from support.house import House, policy_of

pytestmark = pytest.mark.anyio


async def test_a_code_is_one_word_that_begins_with_the_hostname(house: House) -> None:
    """Whoever double-clicks a code has all of it, and can tell whose it is."""
    code = await Invites(house.db, policy_of(hostname="pds.example.com"), house.minter).create(uses=1)

    host, first, second = code.rsplit("-", 2)
    assert host == "pds-example-com"
    assert all(len(part) == 5 and set(part) <= set("abcdefghijklmnopqrstuvwxyz234567") for part in (first, second))


async def test_a_code_admits_as_many_as_it_was_made_for(house: House) -> None:
    """Its uses are counted down, and then it is over."""
    code = await Invites(house.db, house.policy, house.minter).create(uses=2)

    taken = [await house.db.write(lambda tx: invites.take(tx, code)) for _ in range(3)]

    assert taken == [True, True, False]


@pytest.mark.parametrize("uses", [0, -1, MAX_USES + 1])
async def test_a_code_admits_somebody_and_not_everybody(house: House, uses: int) -> None:
    """Counts that make no sense are refused before they reach the database."""
    with pytest.raises(InvalidRequest, match=r"useCount must be from 1 to 1000000"):
        await Invites(house.db, house.policy, house.minter).create(uses=uses)
