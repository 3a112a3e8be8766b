"""The server under load: a process of its own on a fresh data directory, and what the kernel says of it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from bench.connection import Connection
from bench.requests import get

READY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 20.0
ROOST: Final = str(Path(sys.executable).with_name("roost"))
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    host: str
    port: int
    pid: int
    data: Path

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used, in steps of 10 ms: user and system, all threads."""
        # proc(5): fields 14 and 15. The second field, in brackets, may hold spaces.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self) -> int:
        """Return the bytes of memory that it has resident."""
        return self._status("VmRSS")

    def peak_rss(self) -> int:
        """Return the most bytes of memory that it ever had resident."""
        return self._status("VmHWM")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"the kernel does not tell {name}")


def machine_seconds() -> tuple[float, float]:
    """Return the seconds that this machine's processors have had in all, and those that its host took from them."""
    # proc(5): user nice system idle iowait irq softirq steal; the guests' times behind them are counted in already.
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) / TICKS, ticks[7] / TICKS


@contextmanager
def running(data: Path) -> Iterator[Server]:
    """Run `roost serve --dev` on `data`, with this interpreter. Raises RuntimeError when it does not start or stop."""
    port = two_free_ports()
    command = [ROOST, "serve", "--dev", "--port", str(port), "--data", str(data / "data")]
    with process(command, port, data) as server:
        yield server


@contextmanager
def process(
    command: Sequence[str], port: int, folder: Path, *, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server that listens on `port` until the block ends; what it prints goes to `folder/server.log`.

    `settings` are added to its environment. Raises RuntimeError when it does not end well.
    """
    log = (folder / "server.log").open("wb")
    # Settings of whoever runs this are for another server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ROOST_", "PDS_"))}
    environment |= settings or {}
    with log, subprocess.Popen(command, stdout=log, stderr=log, env=environment) as running:
        try:
            yield Server("127.0.0.1", port, running.pid, folder)
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
    if running.returncode != 0:
        raise RuntimeError(f"the server ended with {running.returncode}: {(folder / 'server.log').read_text()[-2000:]}")


async def until_ready(server: Server) -> float:
    """Wait until the server answers and return how many seconds that took. Raises RuntimeError."""
    started = monotonic()
    while monotonic() - started < READY_SECONDS:
        try:
            connection = await Connection.open(server.host, server.port)
            answer = await connection.ask(get("/xrpc/_health"))
            connection.close()
            if answer.status == 200:
                return monotonic() - started
        except OSError:
            await asyncio.sleep(0.01)
    raise RuntimeError(f"the server does not answer: {(server.data / 'server.log').read_text()[-2000:]}")


def two_free_ports() -> int:
    """Return a port that is free and whose lower neighbour, which is for the PLC directory, is free too."""
    for _ in range(100):
        with socket.socket() as upper, socket.socket() as lower:
            upper.bind(("127.0.0.1", 0))
            port: int = upper.getsockname()[1]
            try:
                lower.bind(("127.0.0.1", port - 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two neighbouring ports are free")
