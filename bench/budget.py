"""`python -m bench.budget`: where the processor time of one operation goes, part by part.

The server runs as always but for a sampler (`bench.sampled`); it is loaded over HTTP, and each sample is put to the
first part of PARTS that any function on the stack belongs to. So the parts are exclusive and add up to the whole. A
sample taken in C code counts for the Python function that called it.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson
import uvloop

from bench import load, people, report
from bench.load import Measured
from bench.scenarios import Scenario, scenarios
from bench.server import Server, process, two_free_ports, until_ready

PARTS: Final = (
    ("token and session", ("roost/http/auth.py", "roost/services/sessions.py")),
    ("signature", ("roost/crypto/keys.py",)),
    ("tree", ("roost/repo/mst/", "roost/services/trees.py")),
    ("event and its frame", ("roost/services/events.py", "roost/services/frames.py", "roost/storage/events.py")),
    ("proof and CAR", ("roost/repo/draft.py:_blocks", "roost/data/car.py", "roost/repo/export.py")),
    ("commit object", ("roost/repo/commit.py",)),
    ("validation", ("roost/lexicon/",)),
    ("decoding the request", ("roost/api/decode.py", "roost/http/body.py", "roost/data/json.py:from_json")),
    ("encoding the record", ("roost/services/writes.py",)),
    (
        "rows",
        ("roost/storage/records.py", "roost/storage/nodes.py", "roost/storage/heads.py", "roost/storage/accounts.py"),
    ),
    ("planning the commit", ("roost/services/repos.py", "roost/services/asked.py", "roost/repo/draft.py")),
    ("batch, COMMIT, settling", ("roost/storage/",)),
    ("answer", ("roost/http/answer.py", "roost/api/encode.py", "roost/http/wire.py:send")),
    ("method", ("roost/api/", "roost/services/")),
    ("endpoint", ("roost/http/xrpc.py", "roost/http/compose.py", "roost/app.py")),
    ("HTTP", ("roost/http/wire.py", "roost/http/limits.py", "uvicorn/protocols/")),
    ("event loop, sockets, waiting threads", ("",)),
)
"""Parts by name, and what is of each: pieces of `file:function`. The first that fits counts."""

DEFAULT: Final = ("createRecord/8/1", "createRecord/8/50", "getRecord/8/1", "listRecords.50/8/1")


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.budget", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each load counts (default 8)")
    parser.add_argument("--scenario", action="append", metavar="NAME", help="only this load; a name, or a pattern")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    options = parser.parse_args()
    wanted = options.scenario or DEFAULT
    chosen = [each for each in scenarios() if each.is_meant(wanted)]
    if not chosen:
        print("no such load; there are:", *[each.label for each in scenarios()], sep="\n  ")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="roost-budget-", dir=options.data))
    try:
        for name, fact in report.facts(folder).items():
            print(f"{name + ':':<14}{fact}")
        for number, scenario in enumerate(chosen):
            (folder / f"{number}").mkdir()
            _print(scenario, *_sampled(folder / f"{number}", scenario, options.seconds))
    finally:
        shutil.rmtree(folder)
    return 0


def part_of(stack: Sequence[str]) -> str:
    """Return the part that a sample is of."""
    return next(name for name, pieces in PARTS if any(piece in frame for piece in pieces for frame in stack))


def _sampled(folder: Path, scenario: Scenario, seconds: float) -> tuple[Measured, Counter[str]]:
    port, out = two_free_ports(), folder / "samples.json"
    server = ["serve", "--dev", "--port", str(port), "--data", str(folder / "data")]
    with process([sys.executable, "-m", "bench.sampled", str(out), *server], port, folder) as running:
        measured = uvloop.run(_measure(running, scenario, seconds))
    parts: Counter[str] = Counter()
    for number, *stack in orjson.loads(out.read_bytes()):
        parts[part_of(stack)] += number
    return measured, parts


async def _measure(server: Server, scenario: Scenario, seconds: float) -> Measured:
    await until_ready(server)
    crowds = await people.crowds(server, [scenario], seconds)
    (crowd,) = crowds.values()
    os.kill(server.pid, signal.SIGUSR1)
    measured = await load.run(server, scenario.source(crowd), connections=scenario.connections, seconds=seconds)
    os.kill(server.pid, signal.SIGUSR2)
    return measured


def _print(scenario: Scenario, measured: Measured, parts: Counter[str]) -> None:
    whole = sum(parts.values())
    print(f"\n{scenario.label}: {measured.rate:,.0f}/s, {measured.cpu_each * 1e6:,.0f} us of CPU each, {whole} samples")
    for name, _ in PARTS:
        share = parts[name] / whole
        if share >= 0.005:
            print(f"  {name:<38}{share * measured.cpu_each * 1e6:>8,.0f} us{share:>8.1%}")


if __name__ == "__main__":
    sys.exit(main())
