"""Counters that several processes share, in a Redis (or what speaks its protocol): so many points for so many seconds.

One round trip for a request, however many counters it asks; a script makes it all or nothing. The URL is the operator's
own, so nothing guards it as requests are guarded that strangers cause. It deliberately does not know what is counted.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from redis import asyncio as redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from roost.net.errors import Unreachable

SECONDS: Final = 0.25
"""How long an answer may take: every request waits for it, and can be counted otherwise."""

CONNECTIONS: Final = 32
"""Open to the server at a time: each request's turn is a tenth of a millisecond."""

SCRIPT: Final = """
local fits, told = 1, {}
for i, key in ipairs(KEYS) do
  local used = tonumber(redis.call('GET', key) or '0')
  if used + tonumber(ARGV[3 * i - 2]) > tonumber(ARGV[3 * i - 1]) then fits = 0 end
  told[2 * i - 1] = used
end
for i, key in ipairs(KEYS) do
  if fits == 1 then told[2 * i - 1] = redis.call('INCRBY', key, ARGV[3 * i - 2]) end
  local left = redis.call('PTTL', key)
  if left < 0 then
    left = tonumber(ARGV[3 * i])
    if fits == 1 then redis.call('PEXPIRE', key, left) end
  end
  told[2 * i] = left
end
return {fits, unpack(told)}
"""
"""Takes what is asked from all counters or from none; a counter lasts from the first that is taken from it."""


class Ask(Protocol):
    """What is asked of one counter: `cost` of its `points` for `seconds`."""

    @property
    def key(self) -> str:
        """Its name."""

    @property
    def points(self) -> int:
        """How many it holds."""

    @property
    def seconds(self) -> int:
        """For how long."""

    @property
    def cost(self) -> int:
        """How many are asked for."""


class RedisCounters:
    """Counters by their key, in the Redis of a URL: redis://, rediss:// or unix://; `prefix` stands before each key."""

    def __init__(self, url: str, *, prefix: str) -> None:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=SECONDS,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = redis.Redis.from_pool(pool)
        self._script = self._client.register_script(SCRIPT)
        self._prefix = prefix

    async def take(self, asks: Sequence[Ask]) -> tuple[bool, list[tuple[int, float]]]:
        """Take all that is asked, or nothing where one counter has too little left; say which, and of each counter how
        many points are used and the seconds until it begins anew. Raises Unreachable.
        """
        keys = [f"{self._prefix}{ask.seconds}:{ask.key}" for ask in asks]
        numbers = [number for ask in asks for number in (ask.cost, ask.points, ask.seconds * 1000)]
        try:
            fits, *told = await self._script(keys=keys, args=numbers)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unreachable(f"the server of counters did not answer: {error}") from error
        return bool(fits), [(used, left / 1000) for used, left in zip(told[::2], told[1::2], strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
