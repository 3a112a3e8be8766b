"""What a process acknowledged before it was killed is there afterwards."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from roost import storage
from roost.storage.db import Database
from support import writing

pytestmark = pytest.mark.anyio

ROUNDS = 3


async def test_every_acknowledged_write_survives_kill_9(db: Database, url: str) -> None:
    """Round after round, on what the last one left; a write that was not acknowledged may be there or not."""
    await db.close()
    acknowledged: set[int] = set()

    for round in range(ROUNDS):
        acknowledged |= written_until_killed(url, first=round * 1_000_000)
        again = storage.open(url)
        present = {id for (id,) in await again.read(lambda tx: tx.all("SELECT id FROM note"))}
        await again.close()

        assert acknowledged <= present
        assert len(present) <= len(acknowledged) + writing.WRITERS * (round + 1)


def written_until_killed(url: str, *, first: int) -> set[int]:
    """Start a writer, kill it in the middle, and return what it had acknowledged."""
    program = Path(writing.__file__)
    with subprocess.Popen([sys.executable, program, url, str(first)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        head = child.stdout.readline()  # it has begun
        threading.Timer(0.05, child.kill).start()
        lines = head + child.stdout.read()
    # The last line may have been cut off.
    return {int(line) for line in lines.split(b"\n")[:-1]}
