"""Counters of requests in this process's memory: so many points for so many seconds, from the first request on.

Fixed windows, like the reference server's. Their number is bounded, and nothing is ever thrown out to make room, for
whoever could have something thrown out could begin anew: once there are too many, a newcomer is counted together with
the few others that share its group's slot. It deliberately does not know what is counted.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple, Protocol

MOST: Final = 100_000
"""Counters kept for each length of window: some 30 MB, which only an attack from as many addresses reaches."""

SLOTS: Final = 16_384
"""Counters that newcomers share from then on."""


class Ask(NamedTuple):
    """What is asked of one counter: `cost` of its `points` for `seconds`; `group` is whose it is, when that is full."""

    key: str
    group: str
    points: int
    seconds: int
    cost: int


class State(NamedTuple):
    """How a counter stands: the points used, and the seconds until it begins anew."""

    used: int
    left: float


class Counters(Protocol):
    """Anything that counts."""

    async def take(self, asks: Sequence[Ask]) -> tuple[bool, Sequence[tuple[int, float]]]:
        """Take all that is asked, or nothing where one counter has too little left; say which, and how each stands, as
        a State has it. Raises UpstreamFailure.
        """


class Counter:
    """One window's count; `end` is a moment of the clock that is given."""

    __slots__ = ("end", "used")

    def __init__(self, end: float) -> None:
        self.end = end
        self.used = 0


Standing = OrderedDict[str | int, Counter]
"""Counters that last equally long, in the order in which they end."""


class Windows:
    """Counters by their key."""

    __slots__ = ("_by_seconds", "_clock", "_most", "_slots")

    def __init__(self, clock: Callable[[], float] = monotonic, *, most: int = MOST, slots: int = SLOTS) -> None:
        self._by_seconds: dict[int, Standing] = {}
        self._clock = clock
        self._most = most
        self._slots = slots

    def take(self, asks: Sequence[Ask]) -> tuple[bool, list[State]]:
        """Take all that is asked, or nothing where one counter has too little left; say which, and how each stands."""
        now = self._clock()
        if len(asks) == 1:  # most requests' way
            ask = asks[0]
            counter = self._counter(ask, now)
            fits = counter.used + ask.cost <= ask.points
            if fits:
                counter.used += ask.cost
            return fits, [State(counter.used, counter.end - now)]
        counters = [self._counter(ask, now) for ask in asks]
        fits = all(counter.used + ask.cost <= ask.points for ask, counter in zip(asks, counters, strict=True))
        if fits:
            for ask, counter in zip(asks, counters, strict=True):
                counter.used += ask.cost
        return fits, [State(counter.used, counter.end - now) for counter in counters]

    def left(self, ask: Ask) -> int:
        """Return how many points a counter has left, without taking any."""
        standing: Mapping[str | int, Counter] = self._by_seconds.get(ask.seconds, {})
        found = standing.get(ask.key) or standing.get(self._slot(ask))
        return ask.points if found is None or found.end <= self._clock() else ask.points - found.used

    def _counter(self, ask: Ask, now: float) -> Counter:
        standing = self._by_seconds.get(ask.seconds)
        if standing is None:
            standing = self._by_seconds[ask.seconds] = OrderedDict()
        found = standing.get(ask.key)
        if found is not None and found.end > now:
            return found
        key: str | int = ask.key
        standing.pop(key, None)
        self._drop_ended(standing, now)
        if len(standing) >= self._most:
            key = self._slot(ask)
            found = standing.get(key)
            if found is not None and found.end > now:
                return found
            standing.pop(key, None)
        fresh = standing[key] = Counter(now + ask.seconds)
        return fresh

    def _slot(self, ask: Ask) -> int:
        """Return where a newcomer's group is counted when there is no room."""
        # The bucket's name, with which a key begins, stands in front: what is counted apart stays apart. Python salts
        # the hash anew in each process, so nobody can choose with whom to share.
        return hash((ask.key.partition(" ")[0], ask.group)) % self._slots

    def _drop_ended(self, standing: Standing, now: float) -> None:
        """Drop two counters that have ended: more than one is added, so none are left for long."""
        for _ in range(2):
            if not standing or next(iter(standing.values())).end > now:
                return
            standing.popitem(last=False)
