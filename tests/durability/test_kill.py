"""A server that is killed while it is written to has lost nothing that it had acknowledged, and told nothing twice."""

import contextlib
import random
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from support.audit import Auditor
from support.process import ServerProcess
from support.storm import Account, Gone, Line, Storm, Writer, register

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

KILLS = 20
ACCOUNTS = 3
WRITERS_EACH = 3
LONGEST = 0.9
"""Seconds of writing before a kill at the most: some hundred commits, so that it hits a different moment each time."""


class Newcomers:
    """Somebody who makes accounts until the server is gone; `made` are those that were acknowledged."""

    def __init__(self, server: ServerProcess, stem: str) -> None:
        self.made: list[Account] = []
        self._thread = threading.Thread(target=self._run, args=(server.port, stem))
        self._thread.start()

    def _run(self, port: int, stem: str) -> None:
        with closing(Line(port)) as line, contextlib.suppress(Gone):
            for n in range(4):
                self.made.append(register(line, f"{stem}{n}"))

    def wait(self) -> None:
        """Wait until nobody comes any more."""
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_twenty_kills_lose_nothing(server: ServerProcess) -> None:
    """Killed at twenty random moments under load, everything acknowledged is there, whole, signed and told."""
    rng = random.Random()
    with closing(Line(server.port)) as line:
        accounts = [register(line, f"alice{n}") for n in range(ACCOUNTS)]
    writers = [
        Writer(account, f"w{i}{n}", rng.randrange(1 << 30))
        for i, account in enumerate(accounts)
        for n in range(WRITERS_EACH)
    ]
    auditor, storm = Auditor(server), Storm(writers)
    for kill in range(KILLS):
        storm.begin(server.port)
        newcomers = Newcomers(server, f"bob{kill}x")
        time.sleep(rng.uniform(0.02, LONGEST))
        server.kill()
        storm.end()
        newcomers.wait()
        accounts += newcomers.made

        server.start()
        auditor.audit(writers, accounts)

    acknowledged = sum(writer.acknowledged for writer in writers)
    assert acknowledged > KILLS * ACCOUNTS, "the server was written to between kills"
    assert sum(writer.unclear for writer in writers) > 0, "and while it was killed"
    assert server.stop() == 0


def test_a_start_that_was_killed_can_be_repeated(tmp_path: Path) -> None:
    """Killed at random moments of its first start, a server starts all the same, and keeps its secrets from then on."""
    rng = random.Random()
    server = ServerProcess(tmp_path / "data", tmp_path / "log")
    for _ in range(8):
        process = server.spawn()
        time.sleep(rng.uniform(0.1, 1.2))
        process.kill()
        process.wait()
    try:
        server.start()
        with closing(Line(server.port)) as line:
            writer = Writer(register(line, "alice"), "w", 1)
            writer.write(line)
        server.kill()
        server.start()
        Auditor(server).audit([writer], [writer.account])
    finally:
        server.end()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM event WHERE seq = (SELECT max(seq) - 3 FROM event)",
        "UPDATE event SET seq = seq + 1000 WHERE seq = (SELECT max(seq) FROM event)",
        "UPDATE sequence SET last = last - 1",
        "DELETE FROM past_commit WHERE rev = (SELECT max(rev) FROM past_commit)",
        """UPDATE record SET shown = CAST(substr(shown, 1, 76) || replace(substr(shown, 77), 'a', 'b') AS BLOB)
        WHERE path IN (SELECT max(path) FROM record)""",
    ],
)
def test_the_auditor_would_notice(server: ServerProcess, damage: str) -> None:
    """Data with a missing or doubled event, a lost commit or a changed record does not pass the audit."""
    with closing(Line(server.port)) as line:
        writer = Writer(register(line, "alice"), "w", 1)
        for _ in range(40):
            writer.write(line)
    Auditor(server).audit([writer], [writer.account])
    server.stop()
    with closing(sqlite3.connect(server.data / "roost.sqlite")) as db:
        assert db.execute(damage).rowcount == 1
        db.commit()
    server.start()

    with pytest.raises(AssertionError):
        Auditor(server).audit([writer], [writer.account])
