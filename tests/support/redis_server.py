"""A Redis of the tests' own: on a port of loopback, in memory, gone with the block."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = "redis-server"


@dataclass(slots=True)
class RedisServer:
    """Where it answers; it can be stopped, and started again with nothing in it."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(
            [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("the Redis does not answer")

    def stop(self) -> None:
        """Stop it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run one until the block ends. Skips the test, saying why, where none is installed and none can be."""
    if shutil.which(PROGRAM) is None and not _installed():
        pytest.skip("not tested with a Redis: no redis-server here, and apt-get does not give one")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = RedisServer(port, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _installed() -> bool:
    """Install Debian's package, where this process may."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", PROGRAM]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # and do not start it
    done = subprocess.run(words, env=env, capture_output=True, timeout=120, check=False)
    return done.returncode == 0 and shutil.which(PROGRAM) is not None
