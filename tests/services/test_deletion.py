"""Deleting accounts on their owners' word, without HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.responses import Response

from roost.services.accounts import Accounts
from roost.services.background import Background
from roost.services.deletion import AT_ONCE, EVERY_SECONDS, PAUSE_SECONDS, Deletion
from roost.services.errors import ExpiredToken, InvalidToken, Unauthenticated
from roost.services.mail_tokens import MailTokens
from roost.services.removals import Removals
from roost.storage import accounts
from roost.storage.accounts import Account
from support.house import House, did_of
from support.outbox import Outbox
from support.town import ROTATION, Town, opened_town

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class Desk:
    """The service, and what it mailed."""

    house: House
    outbox: Outbox
    deletion: Deletion

    async def there(self, *accounts_: Account) -> list[bool]:
        """Return which accounts are there."""
        return await self.house.db.read(lambda tx: [accounts.by_id(tx, each.id) is not None for each in accounts_])

    async def deactivated(self, name: str, *, days: float | None) -> Account:
        """Make an account that is deactivated, and to be deleted after so many days."""
        account = await self.house.account(name)
        until = None if days is None else self.house.minter.milliseconds() + round(days * 86_400_000)
        await self.house.db.write(lambda tx: accounts.set_deactivated(tx, account.id, 1, delete_after=until))
        return account


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A house in a network."""
    async with opened_town(tmp_path) as town:
        yield town


@pytest.fixture
def house(town: Town) -> House:
    """That house."""
    return town.house


@pytest.fixture
def desk(house: House, town: Town) -> Desk:
    """The service in it."""
    outbox, background = Outbox(), Background()
    tokens = MailTokens(house.db, house.policy, outbox, background, house.minter)
    served = Accounts(
        house.db,
        house.policy,
        house.passwords,
        house.repos,
        Removals(house.db, background),
        tokens,
        background,
        house.minter,
    )
    return Desk(house, outbox, Deletion(house.db, served, house.passwords, tokens, town.check, house.minter))


async def test_it_takes_password_and_token(house: House, desk: Desk) -> None:
    """Both of the account's own; what it had is gone, with its app passwords and its reserved key."""
    alice = await house.account(password=PASSWORD)
    made = await house.app_passwords.create(alice.id, "phone", privileged=True)
    await desk.deletion.request(alice.id)
    token = desk.outbox.token()

    for did, password in ((alice.did, "wrong horse"), (alice.did, made.text), (did_of("bob"), PASSWORD)):
        with pytest.raises(Unauthenticated, match=r"^Invalid did or password$"):
            await desk.deletion.delete(did, password, token)
    with pytest.raises(InvalidToken):
        await desk.deletion.delete(alice.did, PASSWORD, "AAAAA-AAAAA")
    await desk.deletion.delete(alice.did, PASSWORD, token)

    assert await desk.there(alice) == [False]
    assert await house.app_passwords.of(alice.id) == []


async def test_a_token_that_has_expired_deletes_nothing(house: House, desk: Desk) -> None:
    """Another has to be mailed."""
    alice = await house.account(password=PASSWORD)
    await desk.deletion.request(alice.id)
    house.clock.turn(seconds=901)

    with pytest.raises(ExpiredToken):
        await desk.deletion.delete(alice.did, PASSWORD, desk.outbox.token())
    assert await desk.there(alice) == [True]


async def test_a_password_that_is_changed_meanwhile_deletes_nothing(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one was right when it was looked at, and no longer."""
    alice = await house.account(password=PASSWORD)
    await desk.deletion.request(alice.id)

    async def matches(_text: str, _stored: str | None) -> bool:
        await house.db.write(lambda tx: accounts.set_password(tx, alice.id, "another hash"))
        return True

    monkeypatch.setattr(house.passwords, "matches", matches)

    with pytest.raises(Unauthenticated, match=r"^Invalid did or password$"):
        await desk.deletion.delete(alice.did, PASSWORD, desk.outbox.token())
    assert await desk.there(alice) == [True]


async def test_accounts_whose_time_is_over_go(house: House, desk: Desk) -> None:
    """Not those that have time left, have none set, are active again or were taken down."""
    over, later, never = [await desk.deactivated(name, days=days) for name, days in (("a", 3), ("b", 9), ("c", None))]
    back, down = [await desk.deactivated(name, days=3) for name in ("d", "e")]
    await house.db.write(lambda tx: accounts.set_deactivated(tx, back.id, None))
    await house.db.write(lambda tx: accounts.set_takedown(tx, down.id, "spam"))
    assert await desk.deletion.sweep() == EVERY_SECONDS

    house.clock.turn(seconds=3 * 86_400)

    assert await desk.deletion.sweep() == PAUSE_SECONDS
    assert await desk.deletion.sweep() == EVERY_SECONDS
    assert await desk.there(over, later, never, back, down) == [False, True, True, True, True]
    name, body = (await house.events())[-1]
    assert (name, body["did"], body["status"]) == ("#account", over.did, "deleted")


async def test_an_owner_who_comes_back_at_the_last_moment_stays(house: House, desk: Desk) -> None:
    """What is true when it is deleted counts, not what was when it was found."""
    alice, bob = await desk.deactivated("alice", days=0), await desk.deactivated("bob", days=0)
    await house.db.write(lambda tx: accounts.set_deactivated(tx, alice.id, None))
    await house.db.write(lambda tx: accounts.set_deactivated(tx, bob.id, 1, delete_after=2**50))

    for account in (alice, bob):
        await desk.deletion._sweep_one(account.id)
    await desk.deletion._sweep_one(99)

    assert await desk.there(alice, bob) == [True, True]


async def test_many_go_a_few_at_a_time(house: House, desk: Desk) -> None:
    """Others' requests come in between."""
    gone = [await desk.deactivated(f"a{number}", days=0) for number in range(AT_ONCE + 1)]

    await desk.deletion.sweep()
    assert (await desk.there(*gone)).count(True) == 1
    await desk.deletion.sweep()
    assert (await desk.there(*gone)).count(True) == 0


async def arrival(town: Town, name: str, *, elsewhere: bool, days: float = 3) -> Account:
    """Make an account that was to move here and has not opened; its DID leads here, or elsewhere."""
    account = await town.resident(name)
    if elsewhere:
        await town.change(account, ROTATION, lambda state: state.with_pds("https://elsewhere.test"))
    until = account.created_at + round(days * 86_400_000)
    await town.house.db.write(
        lambda tx: accounts.set_deactivated(tx, account.id, account.created_at, delete_after=until)
    )
    return account


async def test_who_was_to_move_here_and_did_not_goes(town: Town, desk: Desk) -> None:
    """Unless its DID leads here: then what is here may be all there is."""
    gone, stays = [await arrival(town, name, elsewhere=name == "a") for name in "ab"]
    town.house.clock.turn(seconds=3 * 86_400 + 60)

    await desk.deletion.sweep()

    assert await desk.there(gone, stays) == [False, True]
    assert await desk.deletion.sweep() == EVERY_SECONDS


async def test_while_nobody_can_say_where_a_did_leads_its_account_stays(town: Town, desk: Desk) -> None:
    """Neither a directory that is down nor a DID that it does not know is a reason."""
    moving, unknown = await arrival(town, "a", elsewhere=True), await town.house.account("b")
    await town.house.db.write(
        lambda tx: accounts.set_deactivated(tx, unknown.id, unknown.created_at, delete_after=unknown.created_at)
    )
    town.house.clock.turn(seconds=3 * 86_400 + 60)

    async def broken(_verb: str, _path: str) -> Response | None:
        return Response(status_code=502)

    usual, town.gate.before = town.gate.before, broken

    await desk.deletion.sweep()
    kept = await desk.there(moving, unknown)
    town.gate.before = usual
    town.house.clock.turn(seconds=86_400 + 60)
    await desk.deletion.sweep()

    assert kept == [True, True]
    assert await desk.there(moving, unknown) == [False, True]


async def test_who_is_still_moving_stays(town: Town, desk: Desk) -> None:
    """Three days are counted from when the repository last came."""
    account = await arrival(town, "a", elsewhere=True, days=1)
    town.house.clock.turn(seconds=2 * 86_400)

    await desk.deletion.sweep()
    kept = await desk.there(account)
    town.house.clock.turn(seconds=86_400 + 60)
    await desk.deletion.sweep()

    assert (kept, await desk.there(account)) == ([True], [False])
