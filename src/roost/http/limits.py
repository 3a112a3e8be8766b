"""Limits on how often one may call: each request takes points out of its buckets before its method runs.

What it costs is told in headers, those of the bucket that is nearest to empty: RateLimit-Limit, -Remaining, -Reset
(when it is full again, in seconds since 1970) and -Policy. A request that a bucket has too little left for is answered
429, and takes nothing. Counting may be another server's work; while that does not answer, this process counts itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from hashlib import sha256
from hmac import compare_digest
from math import ceil
from time import monotonic, time
from typing import Final

import structlog
from starlette.types import Message, Send
from starlette.types import Scope as Asgi

from roost.api.limits import ALL_REQUESTS as ALL
from roost.api.limits import Arguments, By, Limit
from roost.http.address import Address, Addresses, Network, parse
from roost.http.answer import EXPOSED, Header
from roost.http.windows import Ask, Counters, State, Windows
from roost.services.caller import Caller
from roost.services.errors import TooManyRequests, UpstreamFailure
from roost.syntax import Did

log = structlog.get_logger(__name__)

STATE: Final = "roost.limits"
"""Where a request's scope keeps the headers that tell of its limits."""

BYPASS: Final = b"x-ratelimit-bypass"

RETRY_SECONDS: Final = 5
"""For how long a server of counters that did not answer is left alone: every request would wait for it."""

NOBODY: Final[Arguments] = {}


class RateLimited(TooManyRequests):
    """The request's buckets have too little left."""

    def __init__(self, left: float) -> None:
        super().__init__("Rate Limit Exceeded", retry_after=max(1, ceil(left)))


class Limiter:
    """Counts requests, for as long as the process runs. `shared` counts for several processes together."""

    __slots__ = ("_addresses", "_away_until", "_bypass_key", "_exempt", "_shared", "_whose", "_windows")

    def __init__(
        self,
        addresses: Addresses,
        *,
        shared: Counters | None = None,
        bypass_key: str | None = None,
        exempt: Sequence[Network] = (),
        whose: Callable[[str], Awaitable[Did | None]] | None = None,
    ) -> None:
        """Count, for nobody but those who are `exempt`; `whose` returns the account that a name of any kind is of."""
        self._addresses = addresses
        self._windows = Windows()
        self._shared = shared
        self._bypass_key = None if bypass_key is None else bypass_key.encode()
        self._exempt = tuple(exempt)
        self._whose = whose
        self._away_until = 0.0

    async def admit(
        self, limits: Sequence[Limit], scope: Asgi, *, arguments: Arguments = NOBODY, caller: object = None
    ) -> None:
        """Take what a request costs from its buckets, and note in its scope how they stand. Raises RateLimited."""
        address = self._addresses.of(scope)
        if (self._exempt or self._bypass_key is not None) and self._is_exempt(scope, address):
            return
        asks = [_ask(limit, arguments, address, caller) for limit in limits if not limit.of_account]
        if not (limits and limits[0].alone):
            asks.append(Ask("all " + address.site, address.site, ALL.points, ALL.seconds, 1))
        told = len(asks)
        if limits:
            asks += await self._of_accounts(limits, arguments, address)
        fits, states = self._windows.take(asks) if self._shared is None else await self._take(asks, self._shared)
        ask, state = asks[0], states[0]
        if len(asks) > 1:
            pairs = list(zip(asks, states, strict=True))
            ask, state = min(pairs[:told], key=_room) if fits else min(pairs, key=_lack)
        scope[STATE] = _headers(ask, state)
        if not fits:
            raise RateLimited(state.left)

    async def _of_accounts(self, limits: Sequence[Limit], arguments: Arguments, address: Address) -> list[Ask]:
        """Return what is asked of the buckets of the account that a request names, if there is one."""
        hidden = [limit for limit in limits if limit.of_account]
        if not hidden or self._whose is None:
            return []
        names = {limit.detail(arguments) for limit in hidden if limit.detail is not None}
        whose = {name: await self._whose(name) for name in names}
        return [
            Ask(f"{limit.bucket} {address.site} {did}", address.site, limit.points, limit.seconds, 1)
            for limit in hidden
            if limit.detail is not None and (did := whose[limit.detail(arguments)]) is not None
        ]

    async def _take(self, asks: list[Ask], shared: Counters) -> tuple[bool, list[State]]:
        if monotonic() >= self._away_until:
            try:
                fits, told = await shared.take(asks)
                return fits, [State(*each) for each in told]
            except UpstreamFailure as error:
                log.error("requests are counted in this process alone", error=error.message)
                self._away_until = monotonic() + RETRY_SECONDS
        return self._windows.take(asks)

    def _is_exempt(self, scope: Asgi, address: Address) -> bool:
        if self._exempt:
            parsed = parse(address.text)
            if parsed is not None and any(parsed in network for network in self._exempt):
                return True
        if self._bypass_key is None:
            return False
        return any(name == BYPASS and compare_digest(value, self._bypass_key) for name, value in scope["headers"])


def told(scope: Asgi) -> tuple[Header, ...]:
    """Return the headers that tell of a request's limits."""
    headers: tuple[Header, ...] = scope.get(STATE, ())
    return headers


def with_limits(headers: tuple[Header, ...], scope: Asgi) -> tuple[Header, ...]:
    """Add what tells of a request's limits, where there are any, and that a page's code may read it."""
    limits = told(scope)
    return (*headers, *limits, EXPOSED) if limits else headers


def telling(scope: Asgi, send: Send) -> Send:
    """Add the same to an answer that somebody else makes."""
    limits = told(scope)

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ())]
            # The other server's limits are nearer to what was asked than ours.
            if not any(name.lower().startswith(b"ratelimit-") for name, _ in headers):
                message["headers"] = [*headers, *limits]
        await send(message)

    return tell if limits else send


def _ask(limit: Limit, arguments: Arguments, address: Address, caller: object) -> Ask:
    owner = caller.did if limit.by is By.ACCOUNT and isinstance(caller, Caller) else address.site
    key = f"{limit.bucket} {owner}"
    if limit.detail is not None:
        # What was sent may be long, and may hold anything.
        key += " " + sha256(limit.detail(arguments).encode(errors="surrogatepass")).hexdigest()
    cost = limit.cost if isinstance(limit.cost, int) else limit.cost(arguments)
    return Ask(key, owner, limit.points, limit.seconds, cost)


def _room(pair: tuple[Ask, State]) -> float:
    ask, state = pair
    return ask.points - state.used


def _lack(pair: tuple[Ask, State]) -> tuple[bool, float]:
    """Order buckets so that of those that have too little left the one comes first that takes longest to fill."""
    ask, state = pair
    return state.used + ask.cost <= ask.points, -state.left


def _headers(ask: Ask, state: State) -> tuple[Header, ...]:
    limit, policy = _constant(ask.points, ask.seconds)
    return (
        limit,
        (b"ratelimit-reset", b"%d" % (time() + state.left)),
        (b"ratelimit-remaining", b"%d" % max(0, ask.points - state.used)),
        policy,
    )


@cache
def _constant(points: int, seconds: int) -> tuple[Header, Header]:
    """Return the two headers that are the same for all of one limit."""
    return (b"ratelimit-limit", b"%d" % points), (b"ratelimit-policy", b"%d;w=%d" % (points, seconds))
