"""`python -m bench.firehose`: what subscribers cost a server that is written to, and how fast they are served.

For each number of subscribers the same writers write for a while; every subscriber must have been sent every byte. What
a delivery costs is the processor time that an event takes more than without subscribers, divided among them.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time
from typing import Final

import uvloop

from bench import load, people
from bench.requests import COLLECTION, Person, Template, record
from bench.server import Server, running, until_ready

PATH: Final = "/xrpc/com.atproto.sync.subscribeRepos"
WRITERS: Final = 8
AT_ONCE: Final = 100
"""Handshakes on their way at a time."""

PONG: Final = b"\x8a\x80\0\0\0\0"
"""The whole frame, masked with nothing (RFC 6455 sections 5.2, 5.5.3)."""

ARRIVING_SECONDS: Final = 60.0
"""How long the last bytes may take after the last write."""


class Subscriber(asyncio.Protocol):
    """A connection that counts what it is sent, and looks at none of it."""

    def __init__(self) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.bytes = 0
        self.lost = False
        self._head = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is a TCP connection
        """Ask for the stream."""
        self.transport = transport
        key = b64encode(bytes(16)).decode()
        transport.write(
            f"GET {PATH} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count."""
        if self.ready.done():
            self.bytes += len(data)
            return
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if end:
            assert head.startswith(b"HTTP/1.1 101"), head
            self.bytes = len(rest)
            self.ready.set_result(None)

    def show_life(self) -> None:
        """Send a pong that nobody asked for: pings are not looked for, and who is silent for long is taken for dead."""
        self.transport.write(PONG)

    def connection_lost(self, _reason: Exception | None) -> None:
        """Note that the server has hung up."""
        self.lost = True


@dataclass(frozen=True, slots=True)
class Row:
    """One number of subscribers: rates a second, processor time in microseconds, and `lag` in seconds from the last
    answer to a writer until everybody had everything.
    """

    subscribers: int
    events: float
    deliveries: float
    megabytes: float
    event_cpu: float
    delivery_cpu: float | None
    client: float
    lag: float
    rss: int


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.firehose", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each number counts (default 3)")
    parser.add_argument("--subscribers", type=int, nargs="+", default=[1, 100, 1000], metavar="N")
    parser.add_argument("--writers", type=int, default=WRITERS, metavar="N", help=f"writers (default {WRITERS})")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="roost-bench-", dir=options.data))
    try:
        with running(folder) as server:
            uvloop.run(_measure(server, options.subscribers, options.seconds, options.writers))
    finally:
        shutil.rmtree(folder)
    return 0


async def _measure(server: Server, numbers: list[int], seconds: float, writers: int) -> None:
    await until_ready(server)
    (person,) = await people.sign_up(server, 1)
    print(
        f"{'subscribers':>11}{'events/s':>10}{'deliveries/s':>14}{'MB/s':>8}{'CPU us/event':>14}{'us/delivery':>13}"
        f"{'client':>8}{'lag s':>7}{'RSS MB':>8}"
    )
    alone: float | None = None
    for number in (0, *numbers):
        row = await _row(server, person, number, seconds, writers, alone)
        alone = row.event_cpu if alone is None else alone
        each = "-" if row.delivery_cpu is None else f"{row.delivery_cpu:.1f}"
        print(
            f"{row.subscribers:>11}{row.events:>10,.0f}{row.deliveries:>14,.0f}{row.megabytes:>8,.1f}"
            f"{row.event_cpu:>14,.0f}{each:>13}{row.client:>8.0%}{row.lag:>7.2f}{row.rss / 1e6:>8.0f}",
            flush=True,
        )


async def _row(server: Server, person: Person, number: int, seconds: float, writers: int, alone: float | None) -> Row:
    crowd = await subscribe(server, number)
    template = Template.of(
        "com.atproto.repo.createRecord",
        {"repo": person.did, "collection": COLLECTION, "record": record()},
        token=person.token,
    )
    written = 0

    def requests() -> Iterator[bytes]:
        nonlocal written
        while True:
            written += 1
            yield template.fill()

    cpu, own, began = server.cpu_seconds(), process_time(), monotonic()
    measured = await load.run(
        server, load.Source(requests(), lambda body: b'"uri"' in body), connections=writers, seconds=seconds
    )
    assert not measured.failures, measured.told
    ended = monotonic()
    await arrived(crowd)
    lag = monotonic() - ended
    elapsed = monotonic() - began
    used, client = server.cpu_seconds() - cpu, process_time() - own
    size = sum(each.bytes for each in crowd)
    for each in crowd:
        each.transport.close()
    each_event = used / written * 1e6
    return Row(
        subscribers=number,
        events=written / elapsed,
        deliveries=written * number / elapsed,
        megabytes=size / elapsed / 1e6,
        event_cpu=each_event,
        delivery_cpu=None if alone is None or not number else (each_event - alone) / number,
        client=client / elapsed,
        lag=lag,
        rss=server.rss(),
    )


async def subscribe(server: Server, number: int) -> list[Subscriber]:
    """Return that many subscribers, each of them live."""
    loop = asyncio.get_running_loop()
    crowd: list[Subscriber] = []
    for start in range(0, number, AT_ONCE):
        made = await asyncio.gather(
            *[
                loop.create_connection(Subscriber, server.host, server.port)
                for _ in range(start, min(number, start + AT_ONCE))
            ]
        )
        crowd += [subscriber for _, subscriber in made]
        await asyncio.gather(*[subscriber.ready for _, subscriber in made])
    await asyncio.sleep(0.2)  # until the last of them is live
    return crowd


async def arrived(crowd: list[Subscriber]) -> None:
    """Wait until all have the same, and no more comes."""
    until, before = monotonic() + ARRIVING_SECONDS, -1
    while crowd:
        assert monotonic() < until, "some subscribers have not been sent everything"
        assert not any(each.lost for each in crowd), "the server has hung up on a subscriber"
        sizes = {each.bytes for each in crowd}
        if sizes == {before}:
            return
        before = max(sizes)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
