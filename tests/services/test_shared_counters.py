"""Shared counters, as the edge asks them."""

import pytest

from roost.net.counting import RedisCounters
from roost.services.errors import UpstreamFailure
from roost.services.shared_counters import SharedCounters

pytestmark = pytest.mark.anyio


async def test_nobody_there_is_said_in_the_edges_words() -> None:
    """It counts by itself then."""
    counters = RedisCounters("redis://127.0.0.1:9", prefix="")

    with pytest.raises(UpstreamFailure, match="did not answer"):
        await SharedCounters(counters).take([])
    await counters.close()
