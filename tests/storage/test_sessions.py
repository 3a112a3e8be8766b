"""Sessions as rows, on both engines."""

from functools import partial

import pytest

from roost.storage import Database, accounts, sessions
from roost.storage.sessions import Session, Standing
from roost.syntax import Did, Handle

pytestmark = pytest.mark.anyio


def session(id: str, account: int = 1, expires_at: int = 100) -> Session:
    """Return a session that was not rotated."""
    return Session(id, account, "com.atproto.access", 1, expires_at, None)


async def test_a_session_is_there_until_it_is_revoked(tables: Database) -> None:
    """Adding twice keeps the first; revoking takes one and leaves the others."""
    await tables.write(lambda tx: sessions.add(tx, session("a")))
    await tables.write(lambda tx: sessions.add(tx, session("a", account=2)))
    await tables.write(lambda tx: sessions.add(tx, session("b")))

    await tables.write(lambda tx: sessions.revoke(tx, "b"))

    assert await tables.read(lambda tx: [sessions.get(tx, id) for id in "abc"]) == [session("a"), None, None]


async def test_a_session_is_rotated_into_one_other(tables: Database) -> None:
    """The first rotation counts, repeating it is fine, another is refused."""
    await tables.write(lambda tx: sessions.add(tx, session("a")))

    done = [await tables.write(partial(sessions.rotate, id="a", next_id=id, expires_at=50)) for id in ("x", "x", "y")]

    assert done == [True, True, False]
    assert await tables.read(lambda tx: sessions.get(tx, "a")) == Session("a", 1, "com.atproto.access", 1, 50, "x")


async def test_a_session_is_revoked_with_those_that_were_rotated_into_it(tables: Database) -> None:
    """The whole way that led to it goes, of its account alone; another session and a later one stay."""
    rows = [("a", 1, "b"), ("b", 1, "c"), ("c", 1, "d"), ("d", 1, None), ("x", 1, None), ("y", 2, "c")]
    for id, account, next_id in rows:
        one = Session(id, account, "com.atproto.access", 1, 100, next_id)
        await tables.write(partial(sessions.add, session=one))

    await tables.write(lambda tx: sessions.revoke(tx, "c"))

    left = await tables.read(lambda tx: [id for id, _, _ in rows if sessions.get(tx, id) is not None])
    assert left == ["d", "x", "y"]


async def test_all_sessions_of_an_account_are_revoked_together(tables: Database) -> None:
    """Other accounts stay signed in."""
    for id, account in (("a", 1), ("b", 1), ("c", 2)):
        await tables.write(partial(sessions.add, session=session(id, account)))

    await tables.write(lambda tx: sessions.revoke_all(tx, 1))

    assert await tables.read(lambda tx: [sessions.get(tx, id) for id in "abc"]) == [None, None, session("c", 2)]


async def test_expired_sessions_of_an_account_are_dropped(tables: Database) -> None:
    """A session ends at its second, not after it."""
    for id, end in (("a", 10), ("b", 11)):
        await tables.write(partial(sessions.add, session=session(id, expires_at=end)))

    await tables.write(lambda tx: sessions.drop_expired(tx, 1, 10))

    assert await tables.read(lambda tx: [sessions.get(tx, id) for id in "ab"]) == [None, session("b", expires_at=11)]


async def test_how_a_token_stands_is_told_by_its_account_and_its_session(tables: Database) -> None:
    """A session that is gone, or another account's, has no end; an account that is not there has no standing."""
    did, handle = Did.parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"), Handle.parse("alice.test")
    add = partial(accounts.add, did=did, handle=handle, email=None, password=None, signing_key=b"sealed", now=1)
    alice = await tables.write(add)
    await tables.write(lambda tx: sessions.add(tx, session("hers", alice, expires_at=77)))
    await tables.write(lambda tx: sessions.add(tx, session("another's", alice + 1)))

    found = await tables.read(lambda tx: [sessions.standing(tx, id, did) for id in ("hers", "another's", "gone")])
    nobody = await tables.read(lambda tx: sessions.standing(tx, "hers", Did.parse("did:web:other.test")))

    assert found == [Standing(alice, handle, None, end) for end in (77, None, None)]
    assert nobody is None


async def test_sessions_of_one_app_password_are_revoked_together(tables: Database) -> None:
    """Those opened otherwise, and those of another account's password of that name, stay."""
    rows = [("a", 1, "phone"), ("b", 1, "phone"), ("c", 1, "tablet"), ("d", 1, None), ("e", 2, "phone")]
    for id, account, name in rows:
        await tables.write(partial(sessions.add, session=Session(id, account, "s", 1, 100, None, name)))

    await tables.write(lambda tx: sessions.revoke_of_app_password(tx, 1, "phone"))

    found = await tables.read(lambda tx: [sessions.get(tx, id) for id, _, _ in rows])
    assert [each and (each.id, each.app_password) for each in found] == [
        None, None, ("c", "tablet"), ("d", None), ("e", "phone"),
    ]  # fmt: skip
