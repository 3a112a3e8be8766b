"""The `roost` program in a test: its commands in the test's process, and the program itself where that is the point."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest

from roost import cli

PROGRAM = Path(sys.executable).with_name("roost")


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """What it answered, as text."""
        return self.raw.decode()

    @property
    def json(self) -> dict[str, object]:
        """What it answered, as a JSON object."""
        value = orjson.loads(self.raw)
        assert isinstance(value, dict), value
        return value


class Command:
    """Runs commands in this process."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture

    def __call__(self, *words: str | Path) -> Ran:
        """Run one."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as done:
            cli.run([str(word) for word in words])
        out, err = self._capture.readouterr()
        code = done.value.code
        assert code is None or isinstance(code, int), code
        return Ran(code or 0, out, err.decode())


@dataclass(frozen=True, slots=True)
class Process:
    """The program, serving."""

    url: str
    data: Path
    process: subprocess.Popen[str]

    def stop(self) -> Ran:
        """Send it SIGTERM, and wait until it has ended."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=20)
        return Ran(self.process.returncode, out.encode(), err)


def program(*words: str | Path) -> Ran:
    """Run the program to its end."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, timeout=30, env=environment(), check=False)
    return Ran(done.returncode, done.stdout, done.stderr.decode())


@contextmanager
def serving(data: Path, *words: str) -> Iterator[Process]:
    """Run `roost serve` on a free port until the block ends; it is ready when the block begins."""
    port = two_free_ports()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--data", data, "--port", str(port), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        _wait(f"http://localhost:{port}/xrpc/_health", process)
        yield Process(f"http://localhost:{port}", data, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait(url: str, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate())


def two_free_ports() -> int:
    """Return a free port, such that the one below is free too."""
    while True:
        with socket.socket() as above, socket.socket() as below:
            above.bind(("127.0.0.1", 0))
            port = int(above.getsockname()[1])
            try:
                below.bind(("127.0.0.1", port - 1))
            except OSError:
                continue
            return port


def environment() -> dict[str, str]:
    """Return this process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not re.match("ROOST_", name)}
