"""Counting requests together with other processes: the counters of `roost.net.counting`, as the edge asks them.

It deliberately does not know what is counted; it only says, in the words that the edge knows, that nobody answered.
"""

from collections.abc import Sequence

from roost.net.counting import Ask, RedisCounters
from roost.net.errors import NetError
from roost.services.errors import UpstreamFailure


class SharedCounters:
    """Counters that other processes count by too."""

    def __init__(self, counters: RedisCounters) -> None:
        self._counters = counters

    async def take(self, asks: Sequence[Ask]) -> tuple[bool, list[tuple[int, float]]]:
        """Do as `RedisCounters.take` does. Raises UpstreamFailure."""
        try:
            return await self._counters.take(asks)
        except NetError as error:
            raise UpstreamFailure(str(error)) from error
