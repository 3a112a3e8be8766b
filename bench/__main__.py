"""The command: chooses loads, runs them against one server, prints as it goes; exits 1 when an answer was wrong."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import orjson
import uvloop

from bench import load, people, report
from bench.scenarios import Scenario, scenarios
from bench.server import Server, running, until_ready


def main() -> int:
    """Do what the command line asks; return the exit code."""
    options = _options()
    chosen = [each for each in scenarios() if each.is_meant(options.scenario)]
    if not chosen:
        print("no such load; there are:", *[each.label for each in scenarios()], sep="\n  ")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="roost-bench-", dir=options.data))
    try:
        facts = report.facts(folder)
        for name, fact in facts.items():
            print(f"{name + ':':<14}{fact}")
        with running(folder) as server:
            rows = uvloop.run(_measure(server, chosen, options.seconds))
    finally:
        shutil.rmtree(folder)
    for verdict in report.verdicts(rows):
        print(verdict)
    if options.json:
        options.json.write_bytes(orjson.dumps(report.as_json(facts, rows), option=orjson.OPT_INDENT_2))
    failed = [row.load for row in rows if row.errors or not row.answers]
    if failed:
        print("FAILED:", ", ".join(failed))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.5, help="how long each load counts (default 2.5)")
    parser.add_argument(
        "--scenario", action="append", default=[], metavar="NAME", help="only this load; a name, or a pattern of labels"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    # Not /tmp: where that is in memory, a commit would wait for nothing.
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    return parser.parse_args()


async def _measure(server: Server, chosen: Sequence[Scenario], seconds: float) -> list[report.Row]:
    started = monotonic()
    ready = await until_ready(server)
    print(f"{'server:':<14}ready in {ready:.2f} s, {server.rss() / 1e6:.0f} MB\n")
    _progress("making accounts and their records")
    crowds = await people.crowds(server, chosen, seconds)
    _progress("")
    print(report.COLUMNS)
    rows = []
    for scenario in chosen:
        _progress(scenario.label)
        source = scenario.source(crowds[scenario.crowd or scenario.label])
        measured = await load.run(server, source, connections=scenario.connections, seconds=seconds)
        rows.append(report.row(scenario, measured))
        _progress("")
        print(report.line(rows[-1]), *measured.told, sep="\n    ", flush=True)
    print(f"\nall in {monotonic() - started:.0f} s; the server's memory was {server.peak_rss() / 1e6:.0f} MB at most")
    return rows


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
