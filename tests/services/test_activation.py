"""Deactivating and activating, without HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.services.activation import KEPT_DAYS, Activation
from roost.services.errors import AccountNotFound, InvalidRequest, UnknownAccount, UpstreamFailure
from roost.storage import accounts
from support.town import OWNER, Town, opened_town

pytestmark = pytest.mark.anyio

DAY = 86_400_000


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a directory."""
    async with opened_town(tmp_path) as town:
        yield town


def activation_of(town: Town) -> Activation:
    """Return the service in a town."""
    return Activation(town.house.db, town.check, town.house.minter)


async def test_the_network_is_told_with_each_change(town: Town) -> None:
    """Once when it is deactivated, three times when it is active again."""
    alice, activation = await town.resident(), activation_of(town)
    before = len(await town.house.events())

    await activation.deactivate(alice.id)
    assert (await town.now(alice)).deactivated_at == town.house.minter.milliseconds()
    await activation.activate(alice.id)

    told = (await town.house.events())[before:]
    assert [name for name, _ in told] == ["#account", "#identity", "#account", "#sync"]
    assert (await town.now(alice)).status is None


async def test_a_did_that_leads_elsewhere_is_not_activated(town: Town) -> None:
    """Nothing is changed and nothing is told; when nobody can say, neither."""
    alice, activation = await town.resident(recovery=(OWNER,)), activation_of(town)
    await activation.deactivate(alice.id, delete_after=town.house.minter.milliseconds() + 9 * DAY)
    await town.change(alice, OWNER, lambda state: state.with_pds("https://elsewhere.test"))
    before = await town.house.events()

    with pytest.raises(InvalidRequest, match="must be at https://pds.test"):
        await activation.activate(alice.id)

    async def broken(_verb: str, _path: str) -> Response:
        return JSONResponse({}, 500)

    town.gate.before = broken
    with pytest.raises(UpstreamFailure):
        await activation.activate(alice.id)
    now = await town.now(alice)
    assert (now.status, now.delete_after) == ("deactivated", town.house.minter.milliseconds() + 9 * DAY)
    assert await town.house.events() == before


async def test_activating_forgets_until_when_it_was_kept(town: Town) -> None:
    """An owner who is back is not deleted."""
    alice, activation = await town.resident(), activation_of(town)
    await activation.deactivate(alice.id, delete_after=1)
    assert (await town.now(alice)).delete_after == town.house.minter.milliseconds() + KEPT_DAYS * DAY

    await activation.activate(alice.id)

    assert (await town.now(alice)).delete_after is None


async def test_a_takedown_while_the_directory_is_asked_wins(town: Town) -> None:
    """The account stays as it is."""
    alice, activation = await town.resident(), activation_of(town)
    await activation.deactivate(alice.id)

    async def meanwhile(_verb: str, _path: str) -> None:
        await town.house.db.write(lambda tx: accounts.set_takedown(tx, alice.id, "spam"))

    town.gate.after = meanwhile

    for _ in range(2):
        with pytest.raises(UnknownAccount, match=r"^user not found$"):
            await activation.activate(alice.id)
    assert (await town.now(alice)).deactivated_at is not None


async def test_an_account_that_is_gone(town: Town) -> None:
    """Is neither activated nor deactivated."""
    activation = activation_of(town)

    with pytest.raises(UnknownAccount):
        await activation.activate(99)
    with pytest.raises(AccountNotFound):
        await activation.deactivate(99)
