"""Other handles for accounts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.services.errors import AccountNotFound, HandleNotAvailable, HandleTaken, InvalidHandle, InvalidRequest
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.syntax import Handle
from support.town import Town, document, opened_town

pytestmark = pytest.mark.anyio

DAYS = 30
OWN = "alice.example.com"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with two domains to give handles under."""
    async with opened_town(tmp_path, domains=("test", "people.example.net")) as town:
        yield town


async def rename(town: Town, account: Account, handle: str, *, administrator: bool = False) -> str:
    """Change a handle, and return the one that the account has then."""
    await town.renaming.update(account.id, Handle.parse(handle), administrator=administrator)
    return (await town.now(account)).handle


@pytest.mark.parametrize("handle", ["alison.test", "alice.people.example.net"])
async def test_a_handle_under_any_domain_of_ours(town: Town, handle: str) -> None:
    """It is given to whoever asks first, in the DID document too."""
    alice = await town.resident()

    assert await rename(town, alice, handle) == handle
    assert (await town.state(alice)).also_known_as == (f"at://{handle}",)


@pytest.mark.parametrize(
    ("handle", "error", "message"),
    [
        ("a.test", InvalidHandle, "^Handle too short$"),
        ("a" * 19 + ".test", InvalidHandle, "^Handle too long$"),
        ("a.b.test", InvalidHandle, "^Invalid characters in handle$"),
        ("a.b.people.example.net", InvalidHandle, "^Invalid characters in handle$"),
        ("alice.local", InvalidHandle, "^Handle TLD is invalid or disallowed$"),
        ("handle.invalid", InvalidHandle, "^Handle TLD is invalid or disallowed$"),
        ("about.test", HandleNotAvailable, "^Reserved handle$"),
        ("bob.test", HandleTaken, "^Handle already taken: bob.test$"),
        ("people.example.net", InvalidRequest, "^External handle did not resolve to DID$"),
        (OWN, InvalidRequest, "^External handle did not resolve to DID$"),
    ],
)
async def test_handles_that_are_refused(town: Town, handle: str, error: type[Exception], message: str) -> None:
    """Each says why, and nothing has changed."""
    alice = await town.resident()
    await town.resident("bob")
    posted = town.gate.posted()

    with pytest.raises(error, match=message):
        await rename(town, alice, handle)

    assert (await town.now(alice)).handle == "alice.test"
    assert town.gate.posted() == posted


async def test_a_handle_of_ones_own(town: Town) -> None:
    """A domain that leads to the DID is proof enough; one that leads to somebody else is none."""
    alice, bob = await town.resident(), await town.resident("bob")
    town.txt[OWN] = [f"did={bob.did}"]
    with pytest.raises(InvalidRequest, match="did not resolve to DID"):
        await rename(town, alice, OWN)

    town.txt[OWN] = [f"did={alice.did}"]

    assert await rename(town, alice, OWN) == OWN


async def test_a_handle_of_a_did_web(town: Town) -> None:
    """Its document is its owner's: it must name the handle before the account has it."""
    webster = await town.web_resident()
    with pytest.raises(InvalidRequest, match="must name at://weaver.test first"):
        await rename(town, webster, "weaver.test")
    assert (await town.now(webster)).handle == "webster.test"

    key = await town.house.repos.signing_key(webster)
    town.web.update(document(webster.did, "weaver.test", key, "https://pds.test"))
    assert await rename(town, webster, "weaver.test") == "weaver.test"

    town.web.clear()
    with pytest.raises(InvalidRequest, match="Could not resolve DID"):
        await rename(town, webster, "walker.test")


async def test_an_old_handle_is_kept_for_its_former_owner(town: Town) -> None:
    """Nobody can be taken for them the day after; they may go back; a month later it is free."""
    alice, bob = await town.resident(), await town.resident("bob")
    await rename(town, alice, "alison.test")
    with pytest.raises(HandleTaken):
        await rename(town, bob, "alice.test")

    assert await rename(town, alice, "alice.test") == "alice.test"
    with pytest.raises(HandleTaken):
        await rename(town, bob, "alison.test")

    town.house.clock.turn(seconds=DAYS * 86_400)
    assert await rename(town, bob, "alison.test") == "alison.test"


async def test_nobody_hoards_handles(town: Town) -> None:
    """Of those that one account gives up, the three latest are kept."""
    alice, bob = await town.resident(), await town.resident("bob")
    for n in range(4):
        await rename(town, alice, f"alice{n}.test")
        town.house.clock.turn(seconds=1)

    assert await rename(town, bob, "alice.test") == "alice.test"
    for kept in ("alice0.test", "alice1.test", "alice2.test"):
        with pytest.raises(HandleTaken):
            await rename(town, bob, kept)


async def test_a_domain_of_ones_own_is_not_kept(town: Town) -> None:
    """Whom it leads to next, it belongs to."""
    alice, bob = await town.resident(), await town.resident("bob")
    town.txt[OWN] = [f"did={alice.did}"]
    await rename(town, alice, OWN)
    await rename(town, alice, "alice.test")
    town.txt[OWN] = [f"did={bob.did}"]

    assert await rename(town, bob, OWN) == OWN


async def test_the_administrator_may_give_out_more(town: Town) -> None:
    """Reserved words, and what is kept for somebody; but not what somebody has, nor what would lead elsewhere."""
    alice, bob = await town.resident(), await town.resident("bob")
    assert await rename(town, alice, "about.test", administrator=True) == "about.test"
    assert await rename(town, bob, "alice.test", administrator=True) == "alice.test"

    with pytest.raises(HandleTaken):
        await rename(town, alice, "alice.test", administrator=True)
    with pytest.raises(InvalidRequest, match="did not resolve to DID"):
        await rename(town, alice, OWN, administrator=True)
    with pytest.raises(InvalidHandle, match="too short"):
        await rename(town, alice, "a.test", administrator=True)


async def test_an_invalid_handle_is_valid_again_when_it_is_set(town: Town) -> None:
    """Setting a handle proves it."""
    alice = await town.resident()
    await town.house.db.write(lambda tx: accounts.set_handle_invalid(tx, alice.id, 5))
    assert (await town.now(alice)).public_handle == "handle.invalid"

    await rename(town, alice, "alice.test")

    assert (await town.now(alice)).public_handle == "alice.test"


async def test_nobody(town: Town) -> None:
    """An account that is gone cannot be renamed."""
    with pytest.raises(AccountNotFound):
        await town.renaming.update(77, Handle.parse("alison.test"))
