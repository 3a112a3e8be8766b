"""App passwords, and the sessions that they open."""

import pytest

from roost.services.app_passwords import MAX_PASSWORDS, AppPasswords
from roost.services.caller import Scope
from roost.services.errors import AccountNotFound, AppPasswordExists, ExpiredToken, InvalidRequest, Unauthenticated
from roost.services.sessions import Grant, SignedIn
from support.house import House

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse"


@pytest.mark.parametrize(("privileged", "scope"), [(False, Scope.APP_PASS), (True, Scope.APP_PASS_PRIVILEGED)])
async def test_it_signs_in_for_less(house: House, privileged: bool, scope: Scope) -> None:
    """Tokens say what they are good for, refreshed ones too."""
    alice = await house.account(password=PASSWORD)
    made = await house.app_passwords.create(alice.id, "phone", privileged=privileged)

    proved = await house.sessions.sign_in("alice.test", made.text)
    pair = await house.sessions.begin(proved.account, proved.grant)
    _, second = await house.sessions.refresh(await house.sessions.authenticate_refresh(pair.refresh))

    assert proved == SignedIn(alice, Grant(scope, made.password))
    for access in (pair.access, second.access):
        assert (await house.sessions.authenticate(access)).scope is scope


async def test_what_a_session_is_good_for_is_asked_again(house: House) -> None:
    """Whenever it is refreshed: the app password is the truth."""
    alice = await house.account(password=PASSWORD)
    made = await house.app_passwords.create(alice.id, "phone", privileged=True)
    proved = await house.sessions.sign_in("alice.test", made.text)
    pair = await house.sessions.begin(proved.account, proved.grant)
    await house.db.write(lambda tx: tx.run("UPDATE app_password SET privileged = 0"))

    _, second = await house.sessions.refresh(await house.sessions.authenticate_refresh(pair.refresh))

    assert (await house.sessions.authenticate(second.access)).scope is Scope.APP_PASS


async def test_a_password_that_is_revoked_meanwhile_opens_nothing(house: House) -> None:
    """Neither for whoever is signing in, nor for a session whose row was left."""
    alice = await house.account(password=PASSWORD)
    made = await house.app_passwords.create(alice.id, "phone", privileged=False)
    proved = await house.sessions.sign_in("alice.test", made.text)
    pair = await house.sessions.begin(proved.account, proved.grant)
    caller = await house.sessions.authenticate_refresh(pair.refresh)
    await house.db.write(lambda tx: tx.run("DELETE FROM app_password"))

    with pytest.raises(Unauthenticated, match=r"^Invalid identifier or password$"):
        await house.sessions.begin(proved.account, proved.grant)
    with pytest.raises(ExpiredToken, match=r"^Token has been revoked$"):
        await house.sessions.refresh(caller)


async def test_another_password_of_that_name_is_another(house: House) -> None:
    """Whoever signed in with the one that was revoked is not let in for the one that came after."""
    alice = await house.account(password=PASSWORD)
    made = await house.app_passwords.create(alice.id, "phone", privileged=False)
    proved = await house.sessions.sign_in("alice.test", made.text)
    await house.app_passwords.revoke(alice.id, "phone")
    house.clock.turn(seconds=0.001)
    await house.app_passwords.create(alice.id, "phone", privileged=False)

    with pytest.raises(Unauthenticated):
        await house.sessions.begin(proved.account, proved.grant)


async def test_it_costs_no_slow_hash(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look-up finds it; a wrong one costs as much as any wrong password, also for nobody."""
    alice = await house.account(password=PASSWORD)
    made = await house.app_passwords.create(alice.id, "phone", privileged=False)
    asked: list[str | None] = []

    async def matches(_text: str, stored: str | None) -> bool:
        asked.append(stored)
        return False

    monkeypatch.setattr(house.passwords, "matches", matches)

    await house.sessions.sign_in("alice.test", made.text)
    assert asked == []
    for identifier in ("alice.test", "bob.test"):
        with pytest.raises(Unauthenticated):
            await house.sessions.sign_in(identifier, "aaaa-bbbb-cccc-dddd")
    assert asked == [alice.password, None]


async def test_a_password_of_ones_own_may_look_like_one(house: House) -> None:
    """It is the account's own all the same, with all its rights."""
    alice = await house.account(password="aaaa-bbbb-cccc-dddd")

    assert await house.sessions.sign_in("alice.test", "aaaa-bbbb-cccc-dddd") == SignedIn(alice, Grant())


async def test_nothing_that_is_stored_opens_anything(house: House) -> None:
    """The digest is under the server's secret: another server's would be another."""
    alice = await house.account()
    made = await house.app_passwords.create(alice.id, "phone", privileged=False)
    other = AppPasswords(house.db, bytes(32), house.minter)

    def find(passwords: AppPasswords, text: str) -> object:
        return house.db.read(lambda tx: passwords.find(tx, alice.id, text))

    row = await house.db.read(lambda tx: tx.one("SELECT digest FROM app_password"))
    assert row is not None
    assert made.text.encode() not in row[0]
    assert await find(house.app_passwords, made.text) == made.password  # type: ignore[misc]  # it is awaitable
    assert await find(other, made.text) is None  # type: ignore[misc]  # as above
    assert await find(house.app_passwords, made.text.upper()) is None  # type: ignore[misc]  # as above


async def test_names_and_number_are_bounded(house: House) -> None:
    """One of a name, a few in all, and only for who is here."""
    alice = await house.account()
    await house.app_passwords.create(alice.id, "0", privileged=False)
    with pytest.raises(AppPasswordExists):
        await house.app_passwords.create(alice.id, "0", privileged=True)
    for number in range(1, MAX_PASSWORDS):
        await house.app_passwords.create(alice.id, str(number), privileged=False)

    with pytest.raises(InvalidRequest, match="at most 50 app passwords"):
        await house.app_passwords.create(alice.id, "one more", privileged=False)
    with pytest.raises(AccountNotFound):
        await house.app_passwords.create(alice.id + 1, "phone", privileged=False)
    assert [each.name for each in await house.app_passwords.of(alice.id)] == sorted(map(str, range(MAX_PASSWORDS)))
