"""App passwords as rows, on both engines."""

import pytest

from roost.storage import Database, app_passwords
from roost.storage.app_passwords import AppPassword
from roost.storage.db import Tx

pytestmark = pytest.mark.anyio

PHONE, TABLET = AppPassword("phone", False, 10), AppPassword("tablet", True, 20)


def add_two(tx: Tx) -> None:
    """Add two passwords to one account, and one to another."""
    app_passwords.add(tx, 1, PHONE, digest=b"one")
    app_passwords.add(tx, 1, TABLET, digest=b"two")
    app_passwords.add(tx, 2, PHONE, digest=b"one")


async def test_they_are_found_by_name_and_by_digest(tables: Database) -> None:
    """Of their own account alone."""
    await tables.write(add_two)

    found = await tables.read(
        lambda tx: [
            app_passwords.get(tx, 1, "tablet"),
            app_passwords.get(tx, 2, "tablet"),
            app_passwords.find(tx, 1, b"two"),
            app_passwords.find(tx, 2, b"two"),
        ]
    )

    assert found == [TABLET, None, TABLET, None]


async def test_they_are_listed_the_newest_first_and_counted(tables: Database) -> None:
    """Each account's own."""
    await tables.write(add_two)

    assert await tables.read(lambda tx: app_passwords.of_account(tx, 1)) == [TABLET, PHONE]
    assert await tables.read(lambda tx: [app_passwords.count(tx, account) for account in (1, 2, 3)]) == [2, 1, 0]


async def test_one_is_deleted_or_all_of_an_account(tables: Database) -> None:
    """Others stay."""
    await tables.write(add_two)

    gone = await tables.write(lambda tx: [app_passwords.delete(tx, 1, "phone") for _ in range(2)])
    await tables.write(lambda tx: app_passwords.delete_of(tx, 2))

    assert gone == [True, False]
    assert await tables.read(lambda tx: [app_passwords.of_account(tx, account) for account in (1, 2)]) == [[TABLET], []]
