"""The server's sealed secrets, on both engines."""

from functools import partial

import pytest

from roost.storage import Database, secrets

pytestmark = pytest.mark.anyio


async def test_the_first_secret_of_a_name_stays(tables: Database) -> None:
    """Two processes that both find none agree on one."""
    added = [await tables.write(partial(secrets.add, name="jwt", sealed=sealed)) for sealed in (b"one", b"two")]

    assert added == [True, False]
    assert await tables.read(lambda tx: (secrets.get(tx, "jwt"), secrets.get(tx, "other"))) == (b"one", None)


async def test_a_secret_can_be_replaced(tables: Database) -> None:
    """One that was brought along takes the place of the one that was made."""
    await tables.write(partial(secrets.add, name="key", sealed=b"made"))

    await tables.write(partial(secrets.replace, name="key", sealed=b"brought"))

    assert await tables.read(lambda tx: secrets.get(tx, "key")) == b"brought"
