"""Mailed tokens by their digest, on both engines."""

import pytest

from roost.storage import Database, Tx, mail_tokens
from roost.storage.mail_tokens import MailToken

pytestmark = pytest.mark.anyio


def put(tx: Tx, account: int, digest: bytes, now: int) -> None:
    """Note a token for a reset."""
    mail_tokens.put(tx, account=account, purpose="reset", digest=digest, now=now)


async def test_a_token_leads_to_its_account_until_it_is_used_up(tables: Database) -> None:
    """Only for its purpose, and only while it is there."""
    await tables.write(lambda tx: put(tx, 1, b"one", 10))
    found = await tables.read(
        lambda tx: [mail_tokens.find(tx, purpose=purpose, digest=b"one") for purpose in ("reset", "delete")]
    )

    await tables.write(lambda tx: mail_tokens.use_up(tx, 1, "reset"))

    assert found == [MailToken(1, b"one", 10, 0), None]
    assert await tables.read(lambda tx: mail_tokens.find(tx, purpose="reset", digest=b"one")) is None


async def test_a_new_token_replaces_the_accounts_earlier_one(tables: Database) -> None:
    """An account has one token for each purpose."""
    await tables.write(lambda tx: put(tx, 1, b"one", 10))
    await tables.write(lambda tx: put(tx, 1, b"two", 20))

    found = await tables.read(
        lambda tx: [mail_tokens.find(tx, purpose="reset", digest=digest) for digest in (b"one", b"two")]
    )

    assert found == [None, MailToken(1, b"two", 20, 0)]


async def test_an_accounts_tokens_go_with_it(tables: Database) -> None:
    """Deleting an account's tokens leaves those of others."""
    await tables.write(lambda tx: put(tx, 1, b"one", 10))
    await tables.write(lambda tx: put(tx, 2, b"two", 10))

    await tables.write(lambda tx: mail_tokens.delete_of(tx, 1))

    found = await tables.read(
        lambda tx: [mail_tokens.find(tx, purpose="reset", digest=digest) for digest in (b"one", b"two")]
    )
    assert found == [None, MailToken(2, b"two", 10, 0)]


async def test_a_token_is_taken_once(tables: Database) -> None:
    """By its digest, so that a newer one is not taken in its place."""
    await tables.write(lambda tx: put(tx, 1, b"one", 10))

    taken = await tables.write(
        lambda tx: [mail_tokens.take(tx, 1, "reset", digest) for digest in (b"two", b"one", b"one")]
    )

    assert taken == [False, True, False]


async def test_wrong_tries_are_counted_until_the_token_is_void(tables: Database) -> None:
    """Against the token they were made for alone; a new one begins at nothing."""

    def wrong(tx: Tx, digest: bytes) -> MailToken | None:
        mail_tokens.count_wrong(tx, 1, "reset", digest, most=2)
        return mail_tokens.get(tx, 1, "reset")

    await tables.write(lambda tx: put(tx, 1, b"one", 10))

    seen = await tables.write(lambda tx: [wrong(tx, digest) for digest in (b"two", b"one")])
    await tables.write(lambda tx: put(tx, 1, b"two", 20))
    seen += await tables.write(lambda tx: [wrong(tx, b"two") for _ in range(2)])

    assert seen == [MailToken(1, b"one", 10, 0), MailToken(1, b"one", 10, 1), MailToken(1, b"two", 20, 1), None]
