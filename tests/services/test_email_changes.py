"""Confirming and changing email addresses, without HTTP."""

import asyncio
from dataclasses import dataclass

import pytest

from roost.services.background import Background
from roost.services.email_changes import EmailChanges
from roost.services.errors import (
    EmailNotAvailable,
    ExpiredToken,
    InvalidEmail,
    InvalidRequest,
    InvalidToken,
    TokenRequired,
    UnknownAccount,
)
from roost.services.mail_tokens import MailTokens
from roost.storage import accounts
from roost.storage.accounts import Account
from support.house import House
from support.outbox import Outbox

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Desk:
    """The service, and what it mailed."""

    house: House
    outbox: Outbox
    changes: EmailChanges

    async def now(self, account: Account) -> Account:
        """Return an account as it stands."""
        found = await self.house.db.read(lambda tx: accounts.by_id(tx, account.id))
        assert found is not None
        return found

    async def confirmed(self, name: str = "alice") -> Account:
        """Make an account whose address is confirmed."""
        account = await self.house.account(name)
        await self.changes.request_confirmation(account.id)
        await self.changes.confirm(account.id, f"{name}@mail.test", self.outbox.token())
        return await self.now(account)


@pytest.fixture
def desk(house: House) -> Desk:
    """The service in a house."""
    outbox = Outbox()
    tokens = MailTokens(house.db, house.policy, outbox, Background(), house.minter)
    return Desk(house, outbox, EmailChanges(house.db, tokens, house.minter))


async def test_when_an_address_was_confirmed_is_noted(house: House, desk: Desk) -> None:
    """To the millisecond."""
    alice = await desk.confirmed()

    assert alice.email_confirmed_at == house.minter.milliseconds()


async def test_a_token_that_has_expired_confirms_nothing(house: House, desk: Desk) -> None:
    """Another has to be mailed."""
    alice = await house.account()
    await desk.changes.request_confirmation(alice.id)
    house.clock.turn(seconds=901)

    with pytest.raises(ExpiredToken, match=r"^Token is expired$"):
        await desk.changes.confirm(alice.id, "alice@mail.test", desk.outbox.token())
    assert (await desk.now(alice)).email_confirmed_at is None


async def test_the_old_address_allows_the_new_one(house: House, desk: Desk) -> None:
    """Which then is to be confirmed in its turn."""
    alice = await desk.confirmed()
    assert await desk.changes.request_update(alice.id) is True
    assert desk.outbox.mails[-1].to == "alice@mail.test"

    await desk.changes.update(alice.id, "New@Mail.test", desk.outbox.token())

    now = await desk.now(alice)
    assert (now.email, now.email_confirmed_at) == ("new@mail.test", None)
    assert await desk.changes.request_update(alice.id) is False


async def test_refusals_come_in_their_order(house: House, desk: Desk) -> None:
    """The address's form, the account, whether a token is needed, the token, and who has the address."""
    alice, bob = await desk.confirmed(), await house.account("bob")
    await desk.changes.request_update(alice.id)
    token = desk.outbox.token()

    with pytest.raises(InvalidRequest, match="not supported"):
        await desk.changes.update(99, "nonsense", None)
    with pytest.raises(UnknownAccount, match=r"^user not found$"):
        await desk.changes.update(99, "bob@mail.test", None)
    with pytest.raises(TokenRequired):
        await desk.changes.update(alice.id, "bob@mail.test", None)
    with pytest.raises(InvalidToken):
        await desk.changes.update(alice.id, "bob@mail.test", "AAAAA-AAAAA")
    with pytest.raises(EmailNotAvailable):
        await desk.changes.update(alice.id, "bob@mail.test", token)
    with pytest.raises(UnknownAccount):
        await desk.changes.confirm(99, "alice@mail.test", token)
    with pytest.raises(UnknownAccount):
        await desk.changes.request_update(99)
    with pytest.raises(InvalidEmail, match=r"^invalid email$"):
        await desk.changes.confirm(bob.id, "alice@mail.test", "AAAAA-AAAAA")
    assert (await desk.now(alice)).email == "alice@mail.test"


async def test_an_address_that_somebody_is_about_to_have_is_taken(house: House, desk: Desk) -> None:
    """A registration that waits for the directory has reserved it."""
    alice = await house.account()
    await house.db.write(
        lambda tx: tx.run(
            "INSERT INTO reservation (handle, email, did, created_at) VALUES ('c.test', 'c@mail.test', 'did:web:c', 1)"
        )
    )

    with pytest.raises(EmailNotAvailable):
        await desk.changes.update(alice.id, "c@mail.test", None)


async def test_a_token_on_its_way_to_the_old_address_does_not_confirm_the_new_one(house: House, desk: Desk) -> None:
    """However request and change cross: where the token is written, the address is read."""
    alice = await house.account()

    await asyncio.gather(
        desk.changes.request_confirmation(alice.id), desk.changes.update(alice.id, "new@mail.test", None)
    )

    (mail,) = desk.outbox.mails
    if mail.to == "alice@mail.test":
        with pytest.raises(InvalidToken):
            await desk.changes.confirm(alice.id, "new@mail.test", desk.outbox.token())
    else:
        await desk.changes.confirm(alice.id, "new@mail.test", desk.outbox.token())
