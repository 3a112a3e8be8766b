"""Identities resolved anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.services import refresh
from roost.services.errors import TooManyRequests
from roost.storage.accounts import Account
from roost.syntax import AtIdentifier, Did, Handle
from support.house import caller_of, did_of
from support.town import OWNER, Town, opened_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town."""
    async with opened_town(tmp_path) as town:
        yield town


async def handle_of(town: Town, caller: Account, who: str) -> str:
    """Have an identity resolved anew, and return its handle."""
    return (await town.refresh.refresh(caller_of(caller), AtIdentifier.parse(who))).handle


async def test_a_change_is_seen_at_once(town: Town) -> None:
    """What is remembered would be an hour old; and a hosted account's handle is looked at."""
    alice = await town.resident(recovery=(OWNER,))
    assert (await town.identity.resolve(alice.did)).handle == "alice.test"
    await town.change(alice, OWNER, lambda state: state.with_handle(Handle("alison.test")))
    assert (await town.identity.resolve(alice.did)).handle == "alice.test"

    assert await handle_of(town, alice, alice.did) == "alison.test"

    assert (await town.now(alice)).handle == "alison.test"


async def test_once_a_minute(town: Town) -> None:
    """Whoever asks, and however often."""
    alice, bob = await town.resident(), await town.resident("bob")
    before = len(town.gate.asked)
    for _ in range(5):
        for caller in (alice, bob):
            await handle_of(town, caller, alice.did)
            await handle_of(town, caller, "alice.test")

    assert len(town.gate.asked) == before + 1
    town.house.clock.turn(seconds=60)
    await handle_of(town, bob, alice.did)
    assert len(town.gate.asked) == before + 2


async def test_so_many_for_one_account(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has us go through a list."""
    monkeypatch.setattr(refresh, "A_MINUTE", 2)
    alice, bob = await town.resident(), await town.resident("bob")
    for _ in range(2):
        await handle_of(town, alice, bob.did)

    with pytest.raises(TooManyRequests):
        await handle_of(town, alice, bob.did)
    assert await handle_of(town, bob, bob.did) == "bob.test"


async def test_memory_is_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that were asked for longest ago nothing is remembered."""
    monkeypatch.setattr(refresh, "REMEMBERED", 1)
    alice = await town.resident()
    assert town.refresh._may(alice.did)
    assert town.refresh._may(Did(did_of("other")))
    assert town.refresh._may(alice.did)
