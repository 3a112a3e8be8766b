"""`python -m bench.mixed`: reads, writes and exports at once for a while, with subscribers, minute by minute.

Of the requests, seven in ten read, five in twenty write, and one in twenty exports a repository of RECORDS records
that nobody writes to: so each minute is asked the same. Every answer is checked; the subscribers count what they are
sent, and must all have been sent the same at the end. What is told of the first minute and of the last says whether the
server stays as it was.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

import orjson
import uvloop

from bench import people, report
from bench.connection import Connection
from bench.firehose import Subscriber, arrived, subscribe
from bench.load import Source, quantile
from bench.requests import Person
from bench.scenarios import scenarios
from bench.server import Server, running, until_ready

KINDS: Final = {
    "getRecord/8/1": 40,
    "listRecords.50/8/1": 30,
    "createRecord/8/1": 15,
    "putRecord/8/1": 5,
    "applyWrites.10/8/1": 5,
    "getRepo.10000/1/1": 5,
}
"""What is asked, by the loads that it is taken from, and how much of a hundred."""

EXPORTED: Final = "getRepo.10000/1/1"
RECORDS: Final = 10_000
CONNECTIONS: Final = 16
SUBSCRIBERS: Final = 100
PONG_SECONDS: Final = 20.0

COLUMNS: Final = (
    f"{'minute':>7}{'answers/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'most ms':>9}{'RSS MB':>8}{'log MB':>8}{'errors':>8}"
)


@dataclass(slots=True)
class Minute:
    """What was answered in a stretch of time: seconds for each answer by kind; bytes of memory and of the log."""

    times: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    errors: list[str] = field(default_factory=list)
    rss: int = 0
    log: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A minute's figures, in the units in which they are shown; `p99_by_kind` is in milliseconds."""

    minute: int
    per_second: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    p99_by_kind: dict[str, float]
    rss_mb: float
    log_mb: float
    errors: int

    def line(self) -> str:
        """Return it as a line of the table."""
        return (
            f"{self.minute:>7}{self.per_second:>11,.0f}{self.p50_ms:>9.2f}{self.p99_ms:>9.1f}{self.most_ms:>9.1f}"
            f"{self.rss_mb:>8.0f}{self.log_mb:>8.0f}{self.errors:>8}"
        )


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixed", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="how many (default 10)")
    parser.add_argument("--minute", type=float, default=60.0, metavar="SECONDS", help="how long one is (default 60)")
    parser.add_argument("--subscribers", type=int, default=SUBSCRIBERS, metavar="N", help="default 100")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="roost-mixed-", dir=options.data))
    try:
        facts = report.facts(folder)
        for name, fact in facts.items():
            print(f"{name + ':':<14}{fact}")
        with running(folder) as server:
            rows, told = uvloop.run(_run(server, options.minutes, options.minute, options.subscribers))
    finally:
        shutil.rmtree(folder)
    print(*told, *compared(rows), sep="\n")
    if options.json:
        found = {"facts": facts, "rows": [asdict(row) for row in rows]}
        options.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return 1 if any(row.errors for row in rows) else 0


def compared(rows: list[Row]) -> list[str]:
    """Return how the last minute compares with the first."""
    first, last = rows[0], rows[-1]
    pairs = {
        "p50": (first.p50_ms, last.p50_ms, "ms"),
        "p99": (first.p99_ms, last.p99_ms, "ms"),
        "memory": (first.rss_mb, last.rss_mb, "MB"),
        "log": (first.log_mb, last.log_mb, "MB"),
    }
    return [
        f"{name}: {before:,.1f} {unit} in the first minute, {after:,.1f} in the last"
        for name, (before, after, unit) in pairs.items()
    ]


async def _run(server: Server, minutes: int, seconds: float, subscribers: int) -> tuple[list[Row], list[str]]:
    await until_ready(server)
    writer, exported = [await people.with_records(server, each, RECORDS) for each in await people.sign_up(server, 2)]
    crowd = await subscribe(server, subscribers)
    mix = _Mix(writer, exported)
    connections = [await Connection.open(server.host, server.port) for _ in range(CONNECTIONS)]
    living = asyncio.create_task(_live(crowd))
    print(f"\n{COLUMNS}", flush=True)
    rows = []
    for number in range(1, minutes + 1):
        minute, until = Minute(), monotonic() + seconds
        await asyncio.gather(*[_work(each, mix, minute, until) for each in connections])
        minute.rss = server.rss()
        minute.log = sum(file.stat().st_size for file in server.data.rglob("roost.sqlite-wal"))
        rows.append(_row(number, minute, seconds))
        print(rows[-1].line(), *minute.errors[:5], sep="\n    ", flush=True)
    living.cancel()
    await arrived(crowd)
    sent = crowd[0].bytes if crowd else 0
    return rows, [f"each of {len(crowd)} subscribers was sent the same {sent / 1e6:,.0f} MB"]


async def _live(crowd: list[Subscriber]) -> None:
    while True:
        for each in crowd:
            each.show_life()
        await asyncio.sleep(PONG_SECONDS)


class _Mix:
    """Requests of all kinds, in the shares that they are to have, in the same order each time."""

    def __init__(self, writer: Person, exported: Person) -> None:
        loads = {each.label: each for each in scenarios()}
        self._sources = {kind: loads[kind].source([exported if kind == EXPORTED else writer]) for kind in KINDS}
        self._kinds = random.Random(0)

    def next(self) -> tuple[str, bytes, Source]:
        (kind,) = self._kinds.choices([*KINDS], [*KINDS.values()])
        source = self._sources[kind]
        return kind, next(source.requests), source


async def _work(connection: Connection, mix: _Mix, minute: Minute, until: float) -> None:
    while monotonic() < until:
        kind, request, source = mix.next()
        started = perf_counter()
        answer = await connection.ask(request)
        minute.times[kind].append(perf_counter() - started)
        if answer.status != 200 or not source.right(answer.body):
            minute.errors.append(f"{kind}: {answer.status} {answer.body[:200]!r}")


def _row(number: int, minute: Minute, seconds: float) -> Row:
    every = sorted(time for times in minute.times.values() for time in times)
    return Row(
        minute=number,
        per_second=len(every) / seconds,
        p50_ms=quantile(every, 0.5) * 1e3,
        p99_ms=quantile(every, 0.99) * 1e3,
        most_ms=every[-1] * 1e3 if every else 0.0,
        p99_by_kind={kind: quantile(sorted(times), 0.99) * 1e3 for kind, times in minute.times.items()},
        rss_mb=minute.rss / 1e6,
        log_mb=minute.log / 1e6,
        errors=len(minute.errors),
    )


if __name__ == "__main__":
    sys.exit(main())
