"""Signing in, and what follows."""

import asyncio

import pytest

from roost.services.caller import Scope
from roost.services.errors import AccountNotFound, AccountTakedown, ExpiredToken, InvalidToken, Unauthenticated
from roost.services.sessions import (
    ACCESS_SECONDS,
    GRACE_SECONDS,
    LONG_SECONDS,
    OWN,
    REFRESH_SECONDS,
    Pair,
    SignedIn,
    new_id,
)
from roost.storage import accounts, sessions
from roost.storage.accounts import Account
from roost.syntax import Handle
from support.house import House

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse"
DAY = 86_400


async def renewed(house: House, refresh: str) -> Pair:
    """Use a refresh token."""
    _, pair = await house.sessions.refresh(await house.sessions.authenticate_refresh(refresh))
    return pair


async def jti(house: House, refresh: str) -> str | None:
    """Return the session behind a refresh token."""
    return (await house.sessions.authenticate_refresh(refresh)).session


async def rows(house: House, account: Account) -> int:
    """Return how many sessions are stored."""
    row = await house.db.read(lambda tx: tx.one("SELECT count(*) FROM session WHERE account = ?", account.id))
    assert row is not None
    return int(row[0])


async def test_handle_email_and_did_sign_in(house: House) -> None:
    """An account has three names, and spelling does not matter where it cannot."""
    alice = await house.account(password=PASSWORD)

    for identifier in ("Alice.TEST", " alice.test ", "ALICE@Mail.test", alice.did):
        assert await house.sessions.sign_in(identifier, PASSWORD) == SignedIn(alice, OWN)


async def test_whoever_is_not_let_in_does_not_learn_why(house: House) -> None:
    """A wrong password and an unknown account are one refusal."""
    await house.account(password=PASSWORD)

    for identifier, password in (
        ("alice.test", "wrong horse"),
        ("alice.test", ""),
        ("bob.test", PASSWORD),
        ("bob@mail.test", PASSWORD),
        ("no name at all", PASSWORD),
        ("", PASSWORD),
    ):
        with pytest.raises(Unauthenticated, match=r"^Invalid identifier or password$"):
            await house.sessions.sign_in(identifier, password)


async def test_an_account_without_a_password_cannot_sign_in(house: House) -> None:
    """No password is not the empty password."""
    await house.account()

    with pytest.raises(Unauthenticated):
        await house.sessions.sign_in("alice.test", "")


async def test_a_takendown_account_is_told_so_only_with_its_password(house: House) -> None:
    """Its owner learns why; a stranger learns nothing. A deactivated account signs in as usual."""
    alice = await house.account(password=PASSWORD)

    await house.set_status(alice, "takendown")
    with pytest.raises(AccountTakedown, match=r"^Account has been taken down$"):
        await house.sessions.sign_in("alice.test", PASSWORD)
    with pytest.raises(Unauthenticated, match=r"^Invalid identifier or password$"):
        await house.sessions.sign_in("alice.test", "wrong horse")
    await house.set_status(alice, "deactivated")
    assert (await house.sessions.sign_in("alice.test", PASSWORD)).account.status == "deactivated"


async def test_the_access_token_proves_the_account(house: House) -> None:
    """Who calls is known with the name it has now."""
    alice = await house.account()
    pair = await house.sessions.begin(alice)
    await house.db.write(lambda tx: tx.run("UPDATE account SET handle = 'new.test' WHERE id = ?", alice.id))

    caller = await house.sessions.authenticate(pair.access)

    assert (caller.account, caller.did, caller.handle) == (alice.id, alice.did, Handle.parse("new.test"))
    assert caller.scope is Scope.ACCESS


async def test_access_ends_after_two_hours_and_refreshing_after_ninety_days(house: House) -> None:
    """Each token ends when it says, to the second."""
    pair = await house.sessions.begin(await house.account())

    house.clock.turn(seconds=ACCESS_SECONDS - 1)
    await house.sessions.authenticate(pair.access)
    house.clock.turn(seconds=1)
    with pytest.raises(ExpiredToken, match=r"^Token has expired$"):
        await house.sessions.authenticate(pair.access)
    house.clock.turn(seconds=REFRESH_SECONDS - ACCESS_SECONDS - 1)
    await house.sessions.authenticate_refresh(pair.refresh)
    house.clock.turn(seconds=1)
    with pytest.raises(ExpiredToken, match=r"^Token has expired$"):
        await house.sessions.authenticate_refresh(pair.refresh)


async def test_a_long_token_lasts_without_refreshing(house: House) -> None:
    """What clients of 2022 get works for ninety days, and then no more."""
    token = await house.sessions.begin_long(await house.account())

    house.clock.turn(seconds=LONG_SECONDS - 1)
    await house.sessions.authenticate(token)
    house.clock.turn(seconds=1)
    with pytest.raises(ExpiredToken):
        await house.sessions.authenticate(token)


async def test_refreshing_gives_a_new_session(house: House) -> None:
    """Both new tokens stand for a session of their own, which lasts ninety days from now."""
    first = await house.sessions.begin(await house.account())
    house.clock.turn(seconds=80 * DAY)

    second = await renewed(house, first.refresh)

    assert await jti(house, first.refresh) != await jti(house, second.refresh)
    assert (await house.sessions.authenticate(second.access)).session == await jti(house, second.refresh)
    house.clock.turn(seconds=80 * DAY)
    await house.sessions.authenticate_refresh(second.refresh)


async def test_ten_refreshes_at_once_lead_to_one_session(house: House) -> None:
    """Tabs that refresh at the same moment all go on, and all in the same session."""
    alice = await house.account()
    first = await house.sessions.begin(alice)

    pairs = await asyncio.gather(*[renewed(house, first.refresh) for _ in range(10)])

    assert len({await jti(house, pair.refresh) for pair in pairs}) == 1
    assert await rows(house, alice) == 2


async def test_a_used_refresh_token_works_for_two_hours(house: House) -> None:
    """Until then it leads to the same session again; using it does not prolong that; afterwards it is revoked."""
    first = await house.sessions.begin(await house.account())
    second = await renewed(house, first.refresh)

    house.clock.turn(seconds=GRACE_SECONDS - 1)
    again = await renewed(house, first.refresh)
    assert await jti(house, again.refresh) == await jti(house, second.refresh)
    house.clock.turn(seconds=1)
    with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
        await renewed(house, first.refresh)
    await renewed(house, second.refresh)


async def test_grace_does_not_outlive_the_token(house: House) -> None:
    """A token that is used in its last hour has one hour of grace."""
    first = await house.sessions.begin(await house.account())
    house.clock.turn(seconds=REFRESH_SECONDS - 3600)
    await renewed(house, first.refresh)

    house.clock.turn(seconds=3600)

    with pytest.raises(ExpiredToken, match=r"^Token has expired$"):
        await renewed(house, first.refresh)


async def test_a_revoked_session_ends_at_once(house: House) -> None:
    """Signing out takes the access token back as well, and leaves other sessions alone."""
    alice = await house.account()
    pair, other = await house.sessions.begin(alice), await house.sessions.begin(alice)

    await house.sessions.end(await house.sessions.authenticate_refresh(pair.refresh))

    with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
        await house.sessions.authenticate(pair.access)
    with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
        await renewed(house, pair.refresh)
    await house.sessions.authenticate(other.access)
    await renewed(house, other.refresh)


async def test_signing_out_ends_the_earlier_tokens_of_the_session_too(house: House) -> None:
    """A refresh token in its grace time must not lead back into a session that was ended."""
    alice = await house.account()
    other = await house.sessions.begin(alice)
    first = await house.sessions.begin(alice)
    second = await renewed(house, first.refresh)
    third = await renewed(house, second.refresh)

    await house.sessions.end(await house.sessions.authenticate_refresh(third.refresh))

    for pair in (first, second, third):
        with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
            await renewed(house, pair.refresh)
        with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
            await house.sessions.authenticate(pair.access)
    await house.sessions.authenticate(other.access)
    assert await rows(house, alice) == 1


async def test_signing_out_is_always_possible(house: House) -> None:
    """An expired token ends its session, and ending it again is no error."""
    pair = await house.sessions.begin(await house.account())
    house.clock.turn(seconds=REFRESH_SECONDS + DAY)

    for _ in range(2):
        await house.sessions.end(await house.sessions.authenticate_refresh(pair.refresh, allow_expired=True))

    with pytest.raises(ExpiredToken):
        await house.sessions.authenticate_refresh(pair.refresh)


async def test_signing_out_while_refreshing_ends_in_no_session(house: House) -> None:
    """A refresh that was admitted before the session was ended does not bring it back."""
    alice = await house.account()
    pair = await house.sessions.begin(alice)
    admitted = await house.sessions.authenticate_refresh(pair.refresh)
    await house.sessions.end(admitted)

    with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
        await house.sessions.refresh(admitted)
    assert await rows(house, alice) == 0


@pytest.mark.parametrize("kind", ["begin", "begin_long"])
async def test_a_password_that_is_changed_meanwhile_opens_nothing(house: House, kind: str) -> None:
    """Whoever signs in with the old password while the new one is set is not left with a session."""
    alice = await house.account(password=PASSWORD)
    proved = (await house.sessions.sign_in("alice.test", PASSWORD)).account
    await house.db.write(lambda tx: accounts.set_password(tx, alice.id, "another hash"))

    with pytest.raises(Unauthenticated, match=r"^Invalid identifier or password$"):
        await getattr(house.sessions, kind)(proved)
    assert await rows(house, alice) == 0


async def test_a_takedown_meanwhile_leaves_no_session(house: House) -> None:
    """It would come to life once the account is restored."""
    alice = await house.account(password=PASSWORD)
    proved = await house.sessions.sign_in("alice.test", PASSWORD)
    await house.set_status(alice, "takendown")

    with pytest.raises(AccountTakedown):
        await house.sessions.begin(proved.account, proved.grant)
    assert await rows(house, alice) == 0


async def test_tokens_of_an_account_that_is_gone_are_refused(house: House) -> None:
    """The token is good, but nobody is behind it; whoever would refresh is told what makes a client sign out."""
    alice = await house.account()
    pair = await house.sessions.begin(alice)
    await house.db.write(lambda tx: accounts.delete(tx, alice.id))

    for attempt in (
        house.sessions.authenticate(pair.access),
        house.sessions.authenticate_refresh(pair.refresh, allow_expired=True),
    ):
        with pytest.raises(AccountNotFound, match=r"^Account not found$"):
            await attempt
    with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
        await house.sessions.authenticate_refresh(pair.refresh)


async def test_tokens_of_a_takendown_account_are_refused(house: House) -> None:
    """A takedown works at once."""
    alice = await house.account()
    pair = await house.sessions.begin(alice)
    await house.set_status(alice, "takendown")

    for attempt in (house.sessions.authenticate(pair.access), house.sessions.authenticate_refresh(pair.refresh)):
        with pytest.raises(AccountTakedown):
            await attempt


async def test_each_kind_of_token_serves_its_purpose_only(house: House) -> None:
    """Refreshing takes a refresh token and everything else an access token."""
    pair = await house.sessions.begin(await house.account())

    with pytest.raises(InvalidToken, match=r"^Bad token scope$"):
        await house.sessions.authenticate(pair.refresh)
    with pytest.raises(InvalidToken, match=r"^Bad token scope$"):
        await house.sessions.authenticate_refresh(pair.access)


async def test_expired_sessions_are_cleared_away(house: House) -> None:
    """An account's old rows go when it opens a new session; they do not pile up."""
    alice, bob = await house.account("alice"), await house.account("bob")
    for _ in range(3):
        await house.sessions.begin(alice)
    await house.sessions.begin(bob)
    house.clock.turn(seconds=REFRESH_SECONDS)

    await house.sessions.begin(alice)

    assert (await rows(house, alice), await rows(house, bob)) == (1, 1)


async def test_a_session_belongs_to_its_account(house: House) -> None:
    """A token that names another account than its session's row is refused."""
    alice, bob = await house.account("alice"), await house.account("bob")
    id = new_id()
    await house.db.write(lambda tx: house.sessions.add_refreshable(tx, alice.id, id))

    with pytest.raises(ExpiredToken):
        await house.sessions.authenticate(house.sessions.pair(bob, id).access)
    await house.sessions.authenticate(house.sessions.pair(alice, id).access)


def test_session_ids_cannot_be_guessed() -> None:
    """An id has 256 bits, and none comes twice."""
    ids = {new_id() for _ in range(100)}

    assert len(ids) == 100
    assert {len(id) for id in ids} == {43}


async def test_the_stored_session_holds_no_token(house: House) -> None:
    """Whoever reads the database cannot sign in with it: what is stored is the id, not the signed token."""
    alice = await house.account()
    pair = await house.sessions.begin(alice)
    session = await jti(house, pair.refresh)
    assert session is not None

    row = await house.db.read(lambda tx: sessions.get(tx, session))

    assert row is not None
    assert pair.refresh not in (row.id, row.scope)
