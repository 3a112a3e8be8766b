"""Mailed tokens by their digest, on both engines."""

import pytest

from roost.storage import Database, Tx, mail_tokens

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

    assert found == [(1, 10), None]
    assert await tables.read(lambda tx: mail_tokens.find(tx, purpose="reset", digest=b"one")) is None


async def test_a_new_token_replaces_the_accounts_earlier_one(tables: Database) -> None:
    """An account has one token for each purpose."""
    await tables.write(lambda tx: put(tx, 1, b"one", 10))
    await tables.write(lambda tx: put(tx, 1, b"two", 20))

    found = await tables.read(
        lambda tx: [mail_tokens.find(tx, purpose="reset", digest=digest) for digest in (b"one", b"two")]
    )

    assert found == [None, (1, 20)]


async def test_an_accounts_tokens_go_with_it(tables: Database) -> None:
    """Deleting an account's tokens leaves those of others."""
    await tables.write(lambda tx: put(tx, 1, b"one", 10))
    await tables.write(lambda tx: put(tx, 2, b"two", 10))

    await tables.write(lambda tx: mail_tokens.delete_of(tx, 1))

    found = await tables.read(
        lambda tx: [mail_tokens.find(tx, purpose="reset", digest=digest) for digest in (b"one", b"two")]
    )
    assert found == [None, (2, 10)]
