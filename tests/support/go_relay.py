"""A relay of the Go implementation that crawls a server of ours: a process, its log, and the events that it passes on.

It is the program that the network runs, unchanged. For a host on loopback it takes no requestCrawl, since it asks such
a host nothing over HTTP; so the host is put into its database, from where it subscribes as it does after a restart.
"""

import json
import os
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from support.process import ServerProcess, two_ports

# Any: what was decoded, whatever it is.
Json = dict[str, Any]

PATIENCE = 30.0


class Program:
    """A program that serves HTTP, and what it has logged as lines of JSON."""

    def __init__(self, command: list[str], settings: Mapping[str, str], health: str, log: Path) -> None:
        self._command, self._settings, self._health, self._log = command, settings, health, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=os.environ | self._settings, stdout=log, stderr=log, cwd=self._log.parent
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self._process.poll() is None, self._log.read_text()[-3000:]
            try:
                with urllib.request.urlopen(self._health, timeout=1):
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, f"it does not answer: {self._log.read_text()[-3000:]}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Have it end as its operator does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def logged(self) -> list[Json]:
        """Return every line of its log that is a JSON object with a level."""
        lines = [line for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [found for found in map(json.loads, lines) if "level" in found]

    def until(self, right: Callable[[list[Json]], bool]) -> None:
        """Wait until its log is right."""
        deadline = time.monotonic() + PATIENCE
        while not right(self.logged()):
            assert time.monotonic() < deadline, self.logged()[-10:]
            time.sleep(0.05)


class Relay(Program):
    """A relay that is subscribed to one server."""

    def __init__(self, programs: Path, server: ServerProcess, folder: Path) -> None:
        self.port = two_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self._database = folder / "relay.sqlite"
        self._host = f"localhost:{server.port}"
        settings = {
            "RELAY_PLC_HOST": server.plc_url,
            "DATABASE_URL": f"sqlite://{self._database}",
            "RELAY_PERSIST_DIR": str(folder / "relay"),
            "RELAY_API_BIND": f"127.0.0.1:{self.port}",
            "RELAY_METRICS_LISTEN": f"127.0.0.1:{self.port - 1}",
            "RELAY_ADMIN_PASSWORD": "relay",
            "LOG_LEVEL": "debug",
        }
        log = folder / "relay.log"
        super().__init__([str(programs / "relay"), "serve"], settings, f"{self.url}/_health", log)

    def crawl(self) -> None:
        """Start, and subscribe to the server from its first event on."""
        self.start()
        self.stop()
        with closing(sqlite3.connect(self._database)) as db:
            db.execute(
                "INSERT INTO host (created_at, updated_at, hostname, no_ssl, account_limit, trusted, status, last_seq,"
                " account_count) VALUES (datetime('now'), datetime('now'), ?, 1, 10000, 1, 'active', 1, 0)",
                (self._host,),
            )
            db.commit()
        self.start()
