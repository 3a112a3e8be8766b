"""`python -m bench.versus`: the same loads on this server and on the reference server, in turns, and a ratio.

Both run at once, each a process of its own on a fresh data directory on the same disk. Only one is loaded at a time;
which goes first changes from round to round. Requests, client and checks of the answers are those of `python -m bench`.

A commit of ours waits for the disk (`synchronous=FULL`). The reference server's driver says NORMAL for a database that
is in WAL mode when it is opened, and FULL for a new one; an account's database is opened for each request and closed
after it, which writes it back and syncs it. What it was asked to be is printed with the figures.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Final

import orjson
import uvloop

from bench import load, people, reference, report
from bench.load import Measured, Source, quantile
from bench.scenarios import Scenario, scenarios
from bench.server import Server, running, until_ready

SIDES: Final = ("roost", "reference")

COMPARED: Final = (
    "createRecord/1/1",
    "createRecord/8/1",
    "createRecord/64/1",
    "createRecord/8/50",
    "createRecord/64/50",
    "applyWrites.10/8/1",
    "applyWrites.200/8/1",
    "putRecord/8/1",
    "getRecord/8/1",
    "listRecords.50/8/1",
    "getRepo.10000/1/1",
    "getRepo.since/1/1",
    "uploadBlob.1MB/8/1",
    "getBlob.1MB/8/1",
    "createSession/8/1",
    "createAccount/8/1",
)
"""The loads that both servers take. A `deleteRecord` needs more records than the reference server makes in a minute."""

WANTED: Final = {
    "createRecord/1/1": 15,
    "createRecord/8/1": 30,
    "createRecord/64/1": 30,
    "createRecord/8/50": 20,
    "createRecord/64/50": 20,
    "applyWrites.10/8/1": 40,
    "applyWrites.200/8/1": 40,
    "getRecord/8/1": 25,
    "listRecords.50/8/1": 40,
    "getRepo.10000/1/1": 12,
    "uploadBlob.1MB/8/1": 3,
}
"""The ratios that were set as goals, before there was a server to measure."""

SYNCHRONOUS: Final = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}

COLUMNS: Final = (
    f"{'load/connections/accounts':<26}{'roost/s':>9}{'(range)':>15}{'reference/s':>13}{'(range)':>15}{'ratio':>8}"
    f"{'wanted':>8}{'CPU us/op':>11}{'reference':>11}{'p99 ms':>9}{'reference':>11}{'stolen':>8}{'errors':>8}"
)


@dataclass(slots=True)
class Rounds:
    """What one server did with one load, round by round: answers a second, seconds of its processors for each, and
    seconds that one in a hundred took longer than.
    """

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    stolen: list[float] = field(default_factory=list)
    errors: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        """Take the next round in."""
        self.rates.append(measured.rate)
        self.cpu.append(measured.cpu_each)
        self.p99.append(quantile(measured.times, 0.99))
        self.stolen.append(measured.stolen)
        self.errors += measured.failures
        self.told += measured.told


@dataclass(frozen=True, slots=True)
class Comparison:
    """One load on both sides, each side's rounds by its name."""

    load: str
    sides: Mapping[str, Rounds]

    @property
    def ratio(self) -> float:
        """How many answers this server gives while the reference server gives one, by the medians."""
        return median(self.sides["roost"].rates) / (median(self.sides["reference"].rates) or float("nan"))

    @property
    def errors(self) -> int:
        """Answers that were wrong, and sides that gave none."""
        return sum(each.errors + (not any(each.rates)) for each in self.sides.values())

    def line(self) -> str:
        """Return it as a line of the table."""
        roost, other = (self.sides[name] for name in SIDES)
        figures = f"{_rate(roost)}{_rate(other, 13)}{self.ratio:>7.1f}x"
        wanted = f"{WANTED[self.load]}x" if self.load in WANTED else "-"
        cpu = f"{median(roost.cpu) * 1e6:>11,.0f}{median(other.cpu) * 1e6:>11,.0f}"
        p99 = f"{median(roost.p99) * 1e3:>9,.1f}{median(other.p99) * 1e3:>11,.1f}"
        return f"{self.load:<26}{figures}{wanted:>8}{cpu}{p99}{max(roost.stolen + other.stolen):>8.0%}{self.errors:>8}"


def _rate(rounds: Rounds, width: int = 9) -> str:
    span = f"({min(rounds.rates):,.0f}-{max(rounds.rates):,.0f})"
    return f"{median(rounds.rates):>{width},.0f}{span:>15}"


def main() -> int:
    """Do what the command line asks; return the exit code."""
    options = _options()
    known = {each.label: each for each in scenarios()}
    chosen = [known[label] for label in COMPARED if known[label].is_meant(options.scenario)]
    if not chosen:
        print("no such load; there are:", *COMPARED, sep="\n  ")
        return 2
    try:
        installed = reference.installed()
    except reference.Unavailable as reason:
        print(f"the reference server cannot be had: {reason}")
        return 3
    folder = Path(tempfile.mkdtemp(prefix="roost-versus-", dir=options.data))
    try:
        found, facts = _compare(folder, installed, chosen, options)
    finally:
        shutil.rmtree(folder)
    if options.json:
        rows = [asdict(each) | {"ratio": each.ratio} for each in found]
        options.json.write_bytes(orjson.dumps({"facts": facts, "rows": rows}, option=orjson.OPT_INDENT_2))
    failed = [each.load for each in found if each.errors]
    if failed:
        print("FAILED:", ", ".join(failed))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.versus", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each load is run on each side (default 5)")
    parser.add_argument("--seconds", type=float, default=2.5, help="how long each load counts (default 2.5)")
    parser.add_argument(
        "--scenario", action="append", default=[], metavar="NAME", help="only this load; a name, or a pattern of labels"
    )
    parser.add_argument(
        "--reference-synchronous",
        default="",
        choices=["NORMAL", "FULL"],
        help="SQLite's `synchronous` in the reference server's databases (default: as it ships)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    return parser.parse_args()


def _compare(
    folder: Path, installed: Path, chosen: Sequence[Scenario], options: argparse.Namespace
) -> tuple[list[Comparison], dict[str, str]]:
    facts = report.facts(folder)
    with ExitStack() as stack:
        for name in SIDES:
            (folder / name).mkdir()
        synchronous = options.reference_synchronous
        servers = {
            "roost": stack.enter_context(running(folder / "roost")),
            "reference": stack.enter_context(
                reference.running(installed, folder / "reference", synchronous=synchronous)
            ),
        }
        ready = uvloop.run(_ready(servers))
        facts |= _reference_facts(installed, folder / "reference", synchronous)
        for name, fact in facts.items():
            print(f"{name + ':':<14}{fact}")
        print(f"{'ready in:':<14}{', '.join(f'{name} {seconds:.2f} s' for name, seconds in ready.items())}\n")
        found = uvloop.run(_measure(servers, chosen, options.rounds, options.seconds))
        memory = ", ".join(f"{name} {server.peak_rss() / 1e6:.0f} MB" for name, server in servers.items())
        print(f"\nmost memory resident: {memory}")
        return found, facts | {"memory": memory}


def _reference_facts(installed: Path, data: Path, synchronous: str) -> dict[str, str]:
    told = reference.facts(installed, sorted(data.rglob("*.sqlite")), synchronous=synchronous)
    databases = told["databases"]
    assert isinstance(databases, list), databases
    settings = sorted({f"{each['journal']}, synchronous={SYNCHRONOUS[each['synchronous']]}" for each in databases})
    sqlite = f"SQLite {told['sqlite']} ({'; '.join(settings)} when a database is opened)"
    return {"reference": f"@atproto/pds {told['version']} on node {told['node']}, {sqlite}"}


async def _ready(servers: Mapping[str, Server]) -> dict[str, float]:
    """Wait for both; the one that is waited for second has had the first one's time too."""
    started = monotonic()
    times = {}
    for name, server in servers.items():
        await until_ready(server)
        times[name] = monotonic() - started
    return times


async def _measure(
    servers: Mapping[str, Server], chosen: Sequence[Scenario], rounds: int, seconds: float
) -> list[Comparison]:
    crowds = {name: await people.crowds(server, chosen, seconds) for name, server in servers.items()}
    print(COLUMNS)
    found = []
    for scenario in chosen:
        name = scenario.crowd or scenario.label
        sources = {side: scenario.source(crowds[side][name]) for side in SIDES}
        found.append(await _in_turns(scenario, servers, sources, rounds, seconds))
        told = [line for side in found[-1].sides.values() for line in side.told]
        print(found[-1].line(), *told, sep="\n    ", flush=True)
    return found


async def _in_turns(
    scenario: Scenario, servers: Mapping[str, Server], sources: Mapping[str, Source], rounds: int, seconds: float
) -> Comparison:
    sides = {name: Rounds() for name in SIDES}
    for number in range(rounds):
        for name in SIDES if number % 2 == 0 else reversed(SIDES):
            connections = scenario.connections
            sides[name].add(await load.run(servers[name], sources[name], connections=connections, seconds=seconds))
    return Comparison(scenario.label, sides)


if __name__ == "__main__":
    sys.exit(main())
