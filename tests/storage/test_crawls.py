"""What came of asking relays, on both engines."""

import pytest

from roost.storage import Database, crawls
from roost.storage.crawls import Crawl

pytestmark = pytest.mark.anyio

RELAY = "https://relay.test"


async def test_the_last_outcome_is_kept(tables: Database) -> None:
    """Each relay has one; nothing is known of one that was never asked."""
    first, second = Crawl(1, 2, 1, "no answer", 0), Crawl(3, 4, 0, None, 7)

    assert await tables.read(lambda tx: crawls.get(tx, RELAY)) is None
    for crawl in (first, second):
        await tables.write(lambda tx, crawl=crawl: crawls.put(tx, RELAY, crawl))  # type: ignore[misc]
        assert await tables.read(lambda tx: crawls.get(tx, RELAY)) == crawl
    assert await tables.read(lambda tx: crawls.get(tx, "https://other.test")) is None
