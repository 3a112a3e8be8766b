"""`python -m bench.smoke`: whether an operation has become much dearer than it was, told in under a minute.

What is compared is never a time: the processor time of an operation is divided by that of a calibration loop in the
same run, on the same interpreter, and held against the quotient in `baseline.json`. A busy machine makes both dearer.
What looks too dear is measured again, up to ROUNDS times, and its best counts: noise only ever adds.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Final

import orjson
import uvloop

from bench import load, people, report
from bench.scenarios import Scenario, scenarios
from bench.server import Server, running, until_ready

LOADS: Final = ("createRecord/8/1", "createRecord/8/50", "applyWrites.10/8/1", "getRecord/8/1", "listRecords.50/8/1")
BASELINE: Final = Path(__file__).with_name("baseline.json")
FALL: Final = 0.30
"""The share of its speed that an operation may lose."""

ROUNDS: Final = 3
SECONDS: Final = 1.2
LOOPS: Final = 10
"""Calibration loops before a load, and after: one alone is a tenth dearer now and then, and once a half."""


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.smoke", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make what is measured the baseline")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    options = parser.parse_args()
    baseline: dict[str, float] = {} if options.write else orjson.loads(BASELINE.read_bytes())
    chosen = [each for each in scenarios() if each.label in LOADS]
    folder = Path(tempfile.mkdtemp(prefix="roost-smoke-", dir=options.data))
    try:
        for name, fact in report.facts(folder).items():
            print(f"{name + ':':<14}{fact}")
        with running(folder) as server:
            found = uvloop.run(_measure(server, chosen, baseline))
    finally:
        shutil.rmtree(folder)
    if options.write:
        BASELINE.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return 0
    slow = too_dear(found, baseline)
    for label in slow:
        print(
            f"TOO DEAR: {label} has lost {1 - baseline[label] / found[label]:.0%} of its speed, {FALL:.0%} is allowed"
        )
    return 1 if slow else 0


def too_dear(found: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Return the loads that have lost more than FALL of the speed that the baseline says."""
    return [label for label, dearness in found.items() if label in baseline and baseline[label] < dearness * (1 - FALL)]


def calibration() -> float:
    """Return the seconds of a processor that a fixed piece of work takes: calls, dicts, bytes, a hash, some JSON."""

    def entry(n: int) -> dict[str, object]:
        return {"path": f"app.bsky.feed.post/{n:013d}", "number": n, "text": "the quick brown fox " * 4}

    started = process_time()
    seen: dict[bytes, int] = {}
    for n in range(2_000):
        encoded = orjson.dumps(entry(n))
        seen[hashlib.sha256(encoded).digest()] = len(b"".join([encoded, b"%d" % n]).split(b","))
    assert len(seen) == 2_000, "every entry is another"
    return process_time() - started


async def _measure(server: Server, chosen: Sequence[Scenario], baseline: Mapping[str, float]) -> dict[str, float]:
    await until_ready(server)
    crowds = await people.crowds(server, chosen, SECONDS * ROUNDS)
    found: dict[str, float] = {}
    for scenario in chosen:
        source = scenario.source(crowds[scenario.crowd or scenario.label])
        for _ in range(ROUNDS):
            before = [calibration() for _ in range(LOOPS)]
            measured = await load.run(server, source, connections=scenario.connections, seconds=SECONDS)
            assert not measured.failures, measured.told
            dearness = measured.cpu_each / min(*before, *[calibration() for _ in range(LOOPS)])
            found[scenario.label] = min(dearness, found.get(scenario.label, dearness))
            if baseline and not too_dear(found, baseline):
                break
        against = f", {found[scenario.label] / baseline[scenario.label]:.2f} of the baseline" if baseline else ""
        print(
            f"{scenario.label:<22}{measured.cpu_each * 1e6:>8,.0f} us{found[scenario.label]:>10.4f}{against}",
            flush=True,
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
