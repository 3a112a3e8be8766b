"""Service tokens that were used, on both engines."""

import pytest

from roost.storage import Database, service_tokens

pytestmark = pytest.mark.anyio


async def test_a_token_is_used_once(tables: Database) -> None:
    """The second use is told, until the first was taken back."""
    first, second = [await tables.write(lambda tx: service_tokens.use(tx, b"a", until=100, now=50)) for _ in range(2)]
    await tables.write(lambda tx: service_tokens.release(tx, b"a"))
    third = await tables.write(lambda tx: service_tokens.use(tx, b"a", until=100, now=50))

    assert (first, second, third) == (True, False, True)


async def test_tokens_are_forgotten_when_their_time_is_over(tables: Database) -> None:
    """Some at each use, so that the table holds what can still be replayed and little else."""
    for n in range(5):
        await tables.write(lambda tx, n=n: service_tokens.use(tx, b"%d" % n, until=n, now=0))  # type: ignore[misc]

    await tables.write(lambda tx: service_tokens.use(tx, b"new", until=100, now=3))

    left = await tables.read(lambda tx: tx.all("SELECT id FROM service_token ORDER BY until"))
    assert left == [(b"3",), (b"4",), (b"new",)]
