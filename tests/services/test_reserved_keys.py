"""Reserving signing keys, without HTTP."""

import asyncio

import pytest

from roost.crypto.keys import PrivateKey
from roost.crypto.seal import unseal
from roost.services import reserved_keys as module
from roost.services.errors import TooManyRequests
from roost.services.reserved_keys import ReservedKeys
from roost.storage import reserved_keys as table
from support.house import MASTER, House, did_of

pytestmark = pytest.mark.anyio

ALICE, BOB = did_of("alice"), did_of("bob")


@pytest.fixture
def keys(house: House) -> ReservedKeys:
    """The service in a house."""
    return ReservedKeys(house.db, house.keyring, house.minter)


async def test_a_key_waits_for_its_account_and_is_taken_once(house: House, keys: ReservedKeys) -> None:
    """Sealed as an account's own is, so that it can be written where that stands."""
    signing_key = await keys.reserve(ALICE)
    assert await keys.reserve(ALICE) == signing_key

    taken = await house.db.write(lambda tx: [keys.take(tx, did) for did in (ALICE, ALICE, BOB)])

    assert taken[1:] == [None, None]
    assert taken[0] is not None
    opened = PrivateKey.from_bytes(unseal(MASTER, taken[0], context=ALICE.encode()))
    assert opened.public.did_key == signing_key
    assert await keys.reserve(ALICE) != signing_key


async def test_a_key_for_nobody_yet_is_sealed_for_itself(house: House, keys: ReservedKeys) -> None:
    """Whoever knows its public half can have it opened."""
    signing_key = await keys.reserve(None)

    row = await house.db.read(lambda tx: table.get(tx, signing_key))

    assert row is not None
    assert house.keyring.unseal_spare(signing_key, row.sealed).public.did_key == signing_key


async def test_of_many_at_once_all_get_the_same(keys: ReservedKeys) -> None:
    """The first has made it."""
    assert len(set(await asyncio.gather(*[keys.reserve(ALICE) for _ in range(16)]))) == 1


async def test_a_key_waits_for_a_week(house: House, keys: ReservedKeys) -> None:
    """After that it is another one."""
    first = await keys.reserve(ALICE)

    house.clock.turn(seconds=7 * 86_400)
    assert await keys.reserve(ALICE) == first
    house.clock.turn(seconds=0.001)
    assert await house.db.write(lambda tx: keys.take(tx, ALICE)) is None
    assert await keys.reserve(ALICE) != first


async def test_they_are_bounded_in_number(house: House, keys: ReservedKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour long nobody's is given up, and whoever comes then is turned away; afterwards the oldest makes room."""
    monkeypatch.setattr(module, "MAX_KEYS", 2)
    first = await keys.reserve(ALICE)
    house.clock.turn(seconds=1)
    await keys.reserve(None)

    with pytest.raises(TooManyRequests):
        await keys.reserve(None)
    assert await keys.reserve(ALICE) == first
    house.clock.turn(seconds=3600)
    await keys.reserve(BOB)

    assert await house.db.read(table.count) == 2
    assert await house.db.write(lambda tx: keys.take(tx, ALICE)) is None
