"""Tokens that are mailed and used up, without HTTP."""

import asyncio
from dataclasses import dataclass

import pytest

from roost.services import mail_tokens as module
from roost.services.background import Background
from roost.services.errors import (
    AccountNotFound,
    ExpiredToken,
    InvalidRequest,
    InvalidToken,
    TooManyRequests,
    UpstreamFailure,
)
from roost.services.mail_tokens import MAILS_AN_HOUR, MAX_TRIES, MailTokens, Purpose
from roost.storage.db import Tx
from support.house import House
from support.outbox import Outbox

pytestmark = pytest.mark.anyio

WRONG = "AAAAA-AAAAA"


@dataclass(frozen=True, slots=True)
class Desk:
    """The service, what it mailed, and its background."""

    house: House
    outbox: Outbox
    background: Background
    tokens: MailTokens

    async def mailed(self, account: int, purpose: Purpose = Purpose.DELETE_ACCOUNT) -> str:
        """Ask for a token and return it."""
        await self.tokens.mail(account, purpose)
        return self.outbox.token()

    async def use(self, account: int, token: str, purpose: Purpose = Purpose.DELETE_ACCOUNT) -> None:
        """Use a token in a transaction that does nothing else."""
        try:
            await self.house.db.write(lambda tx: self.tokens.use(tx, account, purpose, token))
        finally:
            await self.background.drain()


@pytest.fixture
def desk(house: House) -> Desk:
    """The service in a house."""
    outbox, background = Outbox(), Background()
    return Desk(house, outbox, background, MailTokens(house.db, house.policy, outbox, background, house.minter))


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_token_works_once_for_its_purpose(house: House, desk: Desk, purpose: Purpose) -> None:
    """In any spelling; for no other purpose, and for no other account."""
    alice, bob = await house.account("alice"), await house.account("bob")
    token = await desk.mailed(alice.id, purpose)

    for account, other in ((bob.id, purpose), *((alice.id, each) for each in Purpose if each is not purpose)):
        with pytest.raises(InvalidToken, match=r"^Token is invalid$"):
            await desk.use(account, token, other)
    await desk.use(alice.id, f" {token.lower()}\n", purpose)
    with pytest.raises(InvalidToken, match=r"^Token is invalid$"):
        await desk.use(alice.id, token, purpose)


async def test_a_token_expires(house: House, desk: Desk) -> None:
    """After a quarter of an hour."""
    alice = await house.account()
    token = await desk.mailed(alice.id)

    house.clock.turn(seconds=15 * 60 + 0.001)

    with pytest.raises(ExpiredToken, match=r"^Token is expired$"):
        await desk.use(alice.id, token)


async def test_of_many_at_once_one_uses_it(house: House, desk: Desk) -> None:
    """All in one batch of writes: the row can be taken once."""
    alice = await house.account()
    token = await desk.mailed(alice.id)

    ends = await asyncio.gather(*(desk.use(alice.id, token) for _ in range(16)), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["InvalidToken"] * 15 + ["NoneType"]


async def test_wrong_tokens_make_the_right_one_void(house: House, desk: Desk) -> None:
    """One try less leaves it good; what cannot be a token at all is not counted; a new mail begins anew."""
    alice = await house.account()
    token = await desk.mailed(alice.id)
    for wrong in ["nonsense"] * 20 + [WRONG] * (MAX_TRIES - 1):
        with pytest.raises(InvalidToken):
            await desk.use(alice.id, wrong)
    await house.db.write(lambda tx: desk.tokens.check(tx, alice.id, Purpose.DELETE_ACCOUNT, token))

    with pytest.raises(InvalidToken):
        await desk.use(alice.id, WRONG)
    with pytest.raises(InvalidToken, match=r"^Token is invalid$"):
        await desk.use(alice.id, token)
    await desk.use(alice.id, await desk.mailed(alice.id))


async def test_a_change_that_is_refused_does_not_cost_the_token(house: House, desk: Desk) -> None:
    """Using it up is undone with the rest of the transaction."""
    alice = await house.account()
    token = await desk.mailed(alice.id)

    def change(tx: Tx) -> None:
        desk.tokens.use(tx, alice.id, Purpose.DELETE_ACCOUNT, token)
        raise InvalidRequest("refused for another reason")

    with pytest.raises(InvalidRequest, match="another reason"):
        await house.db.write(change)
    await desk.use(alice.id, token)


@pytest.mark.parametrize(
    "token", ["", "AAAAA-AAAA1", "AAAAA-AAAAAA", "\ud800AAAA-AAAAA", "\u00c4AAAA-AAAAA", "\0" * 1000]
)
async def test_what_is_no_token_is_invalid(house: House, desk: Desk, token: str) -> None:
    """Whatever characters it has."""
    alice = await house.account()
    await desk.mailed(alice.id)

    with pytest.raises(InvalidToken):
        await desk.use(alice.id, token)
    with pytest.raises(InvalidToken, match=r"^Malformed token$"):
        await house.db.read(lambda tx: desk.tokens.owner(tx, Purpose.RESET_PASSWORD, token))


async def test_dropping_voids_a_purpose_or_all(house: House, desk: Desk) -> None:
    """Named purposes, or every one."""
    alice = await house.account()
    one, two, three, *_ = Purpose
    first, second, third = [await desk.mailed(alice.id, each) for each in (one, two, three)]

    await house.db.write(lambda tx: desk.tokens.drop(tx, alice.id, one))

    with pytest.raises(InvalidToken):
        await desk.use(alice.id, first, one)
    await desk.use(alice.id, second, two)
    await house.db.write(lambda tx: desk.tokens.drop(tx, alice.id))
    with pytest.raises(InvalidToken):
        await desk.use(alice.id, third, three)


async def test_a_mailbox_gets_five_mails_an_hour(house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each purpose; other accounts, and the next hour, are not concerned."""
    monkeypatch.setattr(module, "MAILED_KEPT", 0)
    alice, bob = await house.account("alice"), await house.account("bob")
    for _ in range(MAILS_AN_HOUR):
        await desk.mailed(alice.id)
    token = desk.outbox.token()

    with pytest.raises(
        TooManyRequests, match=r"^Only 5 of these mails are sent in an hour; use the code in the last$"
    ) as told:
        await desk.mailed(alice.id)
    await desk.mailed(bob.id)
    await desk.mailed(alice.id, Purpose.PLC_OPERATION)
    await desk.use(alice.id, token)
    house.clock.turn(seconds=3600)
    await desk.mailed(alice.id)

    assert len(desk.outbox.mails) == MAILS_AN_HOUR + 3
    assert told.value.retry_after is not None
    assert 3590 <= told.value.retry_after <= 3600


async def test_a_mail_that_is_not_sent_is_told(house: House, desk: Desk) -> None:
    """Whoever waits for it should know; an account without an address, or none at all, is refused."""
    alice = await house.account()
    desk.outbox.broken = True

    with pytest.raises(UpstreamFailure, match=r"^The mail could not be sent; try again later$"):
        await desk.mailed(alice.id)
    await house.db.write(lambda tx: tx.run("UPDATE account SET email = NULL"))
    with pytest.raises(InvalidRequest, match=r"^account does not have an email address$"):
        await desk.mailed(alice.id)
    with pytest.raises(AccountNotFound):
        await desk.mailed(alice.id + 1)
