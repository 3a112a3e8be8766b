"""Load: connections that each send a request as soon as the last one is answered, for a while, and what that took.

It deliberately does not know the requests: a `Source` gives them, and says what an answer to one must look like.
"""

import asyncio
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Final

from bench.connection import Answer, Connection
from bench.server import Server, machine_seconds

WARM_SECONDS: Final = 0.4
"""For how long requests are sent before any counts: caches fill, and the server learns how fast its disk is."""

STALLED_SECONDS: Final = 30.0
"""How long the last answers may take before the run is given up."""

ERRORS_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Source:
    """Requests without end, or until they run out, and whether a body is what it should be."""

    requests: Iterator[bytes]
    right: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load came to. Times are in seconds and sorted: until an answer was whole, and until its body began.

    `cpu` and `client_cpu` are seconds of a processor, `stolen` the share of all processors' time that the machine's
    host did not give it; `rss` is in bytes.
    """

    elapsed: float
    times: list[float]
    first_bytes: list[float]
    cpu: float
    client_cpu: float
    stolen: float
    rss: int
    failures: int
    told: list[str]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.elapsed

    @property
    def cpu_each(self) -> float:
        """Seconds of the server's processors for one answer."""
        return self.cpu / max(1, len(self.times))


def quantile(ordered: list[float], share: float) -> float:
    """Return the time that this share of them did not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def run(server: Server, source: Source, *, connections: int, seconds: float) -> Measured:
    """Load the server until the time is over or the requests are."""
    meter = _Meter(source)
    drivers = [_Driver(await Connection.open(server.host, server.port), meter) for _ in range(connections)]
    meter.driving = connections
    for driver in drivers:
        driver.next()
    await meter.pass_time(WARM_SECONDS)
    cpu, client_cpu, started = server.cpu_seconds(), process_time(), perf_counter()
    all_before, stolen_before = machine_seconds()
    meter.counting = True
    await meter.pass_time(seconds)
    meter.counting = False
    elapsed = perf_counter() - started
    cpu, client_cpu = server.cpu_seconds() - cpu, process_time() - client_cpu
    all_after, stolen_after = machine_seconds()
    # Requests that run out at once leave no tick between the two looks.
    stolen = (stolen_after - stolen_before) / ((all_after - all_before) or 1)
    meter.stopped = True
    await asyncio.wait_for(meter.at_rest.wait(), STALLED_SECONDS)
    for driver in drivers:
        driver.connection.close()
    times, first_bytes = sorted(meter.times), sorted(meter.first_bytes)
    return Measured(elapsed, times, first_bytes, cpu, client_cpu, stolen, server.rss(), meter.failures, meter.told)


class _Meter:
    """What the connections of one load share."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.times = array("d")
        self.first_bytes = array("d")
        self.failures = 0
        self.told: list[str] = []
        self.counting = False
        self.stopped = False
        self.driving = 0
        self.at_rest = asyncio.Event()

    async def pass_time(self, seconds: float) -> None:
        """Wait that long, or until nobody sends any more."""
        try:
            await asyncio.wait_for(self.at_rest.wait(), seconds)
        except TimeoutError:
            return

    def fail(self, what: str) -> None:
        self.failures += 1
        if len(self.told) < ERRORS_TOLD:
            self.told.append(what)


class _Driver:
    """One connection at work."""

    __slots__ = ("_meter", "_sent", "connection")

    def __init__(self, connection: Connection, meter: _Meter) -> None:
        self.connection = connection
        self._meter = meter
        self._sent = 0.0
        connection.answered = self.take

    def next(self) -> None:
        """Send the next request, if there is to be one."""
        meter = self._meter
        request = None if meter.stopped else next(meter.source.requests, None)
        if request is None:
            meter.driving -= 1
            if not meter.driving:
                meter.at_rest.set()
            return
        self._sent = perf_counter()
        self.connection.send(request)

    def take(self, answer: Answer | None) -> None:
        """Count an answer and go on; a connection that broke is out."""
        meter = self._meter
        if answer is None:
            meter.fail("the server closed the connection")
            meter.driving -= 1
            if not meter.driving:
                meter.at_rest.set()
            return
        if answer.status != 200 or not meter.source.right(answer.body):
            meter.fail(f"{answer.status} {answer.body[:300]!r}")
        elif meter.counting:
            meter.times.append(perf_counter() - self._sent)
            meter.first_bytes.append(answer.first_byte - self._sent)
        self.next()
