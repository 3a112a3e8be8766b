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
