"""Accounts that stand."""

from collections.abc import Callable

import pytest

from roost.services.accounts import Accounts
from roost.services.background import Background
from roost.services.errors import (
    AccountNotFound,
    ExpiredToken,
    InvalidPassword,
    InvalidToken,
    Unauthenticated,
)
from roost.services.mail_tokens import MailTokens
from roost.services.removals import Removals
from roost.storage import accounts as table
from roost.storage.accounts import Account
from roost.storage.db import Tx
from support.house import House
from support.outbox import Outbox

pytestmark = pytest.mark.anyio

OLD, NEW = "correct horse", "staple battery"


class Desk:
    """The service with its mailer, and a way to wait for what it does in the background."""

    def __init__(self, house: House) -> None:
        self.outbox, self.background = Outbox(), Background()
        tokens = MailTokens(house.db, house.policy, self.outbox, self.background, house.minter)
        removals = Removals(house.db, self.background)
        self.accounts = Accounts(
            db=house.db,
            policy=house.policy,
            passwords=house.passwords,
            repos=house.repos,
            removals=removals,
            mail_tokens=tokens,
            background=self.background,
            minter=house.minter,
        )

    async def token(self, email: str = "alice@mail.test") -> str:
        """Ask for a reset and return the token in the mail."""
        self.accounts.request_reset(email)
        await self.background.drain()
        return self.outbox.token()


@pytest.fixture
def desk(house: House) -> Desk:
    """The service in a house."""
    return Desk(house)


async def test_accounts_are_counted_and_paged(house: House, desk: Desk) -> None:
    """Pages go by id, oldest first."""
    made = [await house.account(name) for name in ("alice", "bob", "carol")]

    assert await desk.accounts.count() == 3
    assert list(await desk.accounts.page(limit=2)) == made[:2]
    assert list(await desk.accounts.page(after=made[1].id)) == made[2:]
    assert await desk.accounts.get(made[0].id) == made[0]
    with pytest.raises(AccountNotFound, match=r"^Account not found$"):
        await desk.accounts.get(99)


async def test_checking_a_password(house: House, desk: Desk) -> None:
    """The account's own is right and any other is not; an account without one has none."""
    alice, bob = await house.account("alice", password=OLD), await house.account("bob")

    await desk.accounts.check_password(alice, OLD)
    for account in (alice, bob):
        with pytest.raises(Unauthenticated, match=r"^Invalid identifier or password$"):
            await desk.accounts.check_password(account, NEW)


async def test_a_mailed_token_changes_the_password_once(house: House, desk: Desk) -> None:
    """Afterwards the new password counts, every session is over, and the token is used up."""
    alice = await house.account(password=OLD)
    session = await house.sessions.begin(alice)
    token = await desk.token("Alice@Mail.test ")

    await desk.accounts.reset_password(token, NEW)

    assert (await house.sessions.sign_in("alice.test", NEW)).account.id == alice.id
    with pytest.raises(Unauthenticated):
        await house.sessions.sign_in("alice.test", OLD)
    for refused in (house.sessions.authenticate(session.access), house.sessions.authenticate_refresh(session.refresh)):
        with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
            await refused
    with pytest.raises(InvalidToken, match=r"^Token could not be verified$"):
        await desk.accounts.reset_password(token, NEW)


async def test_a_token_may_be_typed_in_any_spelling(house: House, desk: Desk) -> None:
    """Whoever types a code need not mind capitals or spaces around it."""
    await house.account(password=OLD)

    await desk.accounts.reset_password(f"  {(await desk.token()).lower()} ", NEW)


async def test_a_new_token_replaces_the_last(house: House, desk: Desk) -> None:
    """Only the code of the last mail works."""
    await house.account()
    first, second = await desk.token(), await desk.token()

    with pytest.raises(InvalidToken, match=r"^Token could not be verified$"):
        await desk.accounts.reset_password(first, NEW)
    await desk.accounts.reset_password(second, NEW)


async def test_a_token_works_for_a_quarter_of_an_hour(house: House, desk: Desk) -> None:
    """After that it has expired, and a refused password does not use it up before."""
    await house.account()
    token = await desk.token()

    house.clock.turn(seconds=15 * 60)
    with pytest.raises(InvalidPassword):
        await desk.accounts.reset_password(token, "short")
    house.clock.turn(seconds=1)
    with pytest.raises(ExpiredToken, match=r"^The password reset token has expired$"):
        await desk.accounts.reset_password(token, NEW)


@pytest.mark.parametrize("token", ["", "nonsense", "AAAAA-AAAA1", "AAAAA-AAAAAA", "ÄAAAA-AAAAA", "AAAAA-AAAAA\nx"])
async def test_what_is_no_token_is_malformed(desk: Desk, token: str) -> None:
    """It is told apart from one that nobody was mailed."""
    with pytest.raises(InvalidToken, match=r"^Malformed token$"):
        await desk.accounts.reset_password(token, NEW)


async def test_a_token_nobody_was_mailed_is_refused(house: House, desk: Desk) -> None:
    """Guessing does not help, and costs no hash."""
    await house.account()
    with pytest.raises(InvalidToken, match=r"^Token could not be verified$"):
        await desk.accounts.reset_password("AAAAA-AAAAA", NEW)


async def test_nobody_is_mailed_for_an_unknown_address(house: House, desk: Desk) -> None:
    """The request is taken like any other, and nothing happens."""
    await house.account()

    desk.accounts.request_reset("bob@mail.test")
    await desk.background.drain()

    assert desk.outbox.mails == []


async def test_a_mail_server_that_is_down_is_only_logged(house: House, desk: Desk) -> None:
    """Whoever asked has long been answered, and can ask again."""
    await house.account()
    desk.outbox.broken = True

    desk.accounts.request_reset("alice@mail.test")
    await desk.background.drain()

    desk.outbox.broken = False
    await desk.accounts.reset_password(await desk.token(), NEW)


async def test_the_operator_sets_a_password(house: House, desk: Desk) -> None:
    """It works like a reset: sessions end, and a mailed token is void."""
    alice = await house.account(password=OLD)
    session = await house.sessions.begin(alice)
    token = await desk.token()

    await desk.accounts.set_password(alice.id, NEW)

    assert (await house.sessions.sign_in("alice.test", NEW)).account.id == alice.id
    with pytest.raises(ExpiredToken):
        await house.sessions.authenticate(session.access)
    with pytest.raises(InvalidToken):
        await desk.accounts.reset_password(token, NEW)


async def left(house: House, account: Account) -> dict[str, int]:
    """Return how many rows each table has of an account."""
    counts = {
        "account": "SELECT count(*) FROM account WHERE id = ?",
        "head": "SELECT count(*) FROM head WHERE repo = ?",
        "past_commit": "SELECT count(*) FROM past_commit WHERE repo = ?",
        "record": "SELECT count(*) FROM record WHERE repo = ?",
        "node": "SELECT count(*) FROM node WHERE k >> 32 = ?",
        "session": "SELECT count(*) FROM session WHERE account = ?",
        "mail_token": "SELECT count(*) FROM mail_token WHERE account = ?",
        "event": "SELECT count(*) FROM event WHERE account = ?",
    }

    def counted(sql: str) -> Callable[[Tx], int]:
        return lambda tx: int((tx.one(sql, account.id) or (0,))[0])

    return {name: await house.db.read(counted(sql)) for name, sql in counts.items()}


async def test_deleting_leaves_one_event(house: House, desk: Desk) -> None:
    """Of a deleted account remains that it was deleted; the next account of that name is another."""
    alice, bob = await house.account("alice"), await house.account("bob")
    for account in (alice, bob):
        await house.put(account, "a")
        await house.sessions.begin(account)
    await desk.token()
    of_bob = await left(house, bob)

    await desk.accounts.delete(alice.id)
    await desk.background.drain()

    assert await left(house, alice) == dict.fromkeys(of_bob, 0) | {"event": 1}
    assert await left(house, bob) == of_bob
    name, body = (await house.events())[-1]
    assert (name, body["did"], body["active"], body["status"]) == ("#account", alice.did, False, "deleted")
    with pytest.raises(AccountNotFound):
        await desk.accounts.delete(alice.id)


async def test_the_handle_of_a_deleted_account_rests(house: House, desk: Desk) -> None:
    """For thirty days nobody may pose as whoever had it; then it is free."""
    alice = await house.account()
    await desk.accounts.delete(alice.id)

    def taken(tx: Tx) -> bool:
        return table.handle_taken(tx, alice.handle, house.minter.milliseconds())

    house.clock.turn(seconds=30 * 86_400 - 1)
    assert await house.db.read(taken)
    house.clock.turn(seconds=1)
    assert not await house.db.read(taken)
