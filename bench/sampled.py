"""`python -m bench.sampled OUT WORDS...`: the command `roost WORDS...`, with a look at its stack every so often.

SIGUSR1 begins it and SIGUSR2 ends it: in between, a sample is taken after each millisecond of processor time that the
process has used. What the samples were of is written to OUT when the command ends. It deliberately does not know what
is to be made of them.
"""

import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

import orjson

from roost.cli import main

EVERY: Final = 0.001
"""Seconds of processor time from one sample to the next."""

Stack = tuple[str, ...]


def run() -> int:
    """Run the command, and write down what its main thread was at."""
    out, *words = sys.argv[1:]
    seen: Counter[Stack] = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
            frame = frame.f_back
        seen[tuple(stack)] += 1

    signal.signal(signal.SIGPROF, look)
    signal.signal(signal.SIGUSR1, lambda *_: signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY))
    signal.signal(signal.SIGUSR2, lambda *_: signal.setitimer(signal.ITIMER_PROF, 0))
    sys.argv = ["roost", *words]
    try:
        main()
    finally:
        Path(out).write_bytes(orjson.dumps([[number, *stack] for stack, number in seen.items()]))
    return 0


if __name__ == "__main__":
    sys.exit(run())
