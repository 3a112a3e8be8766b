"""A server as its operator runs it: a `roost serve --dev` process of its own, started, stopped and killed by its id.

Deliberately does not know the server's code: it talks HTTP to it and sends it signals.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PATIENCE = 30.0
"""Seconds for a start or an orderly stop: many times what either takes, on a machine that does other things too."""


PORTS = range(10_000, 30_000)
"""Below those that the system gives to connections (from 32,768 on): while a server is down, none may take its port."""


def two_ports() -> int:
    """Return a free port whose neighbour below is free too: the PLC directory's."""
    for _ in range(50):
        port = random.choice(PORTS)
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port - 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two neighbouring ports are free")


class ServerProcess:
    """One data directory and the process that serves it, if one does."""

    def __init__(self, data: Path, log: Path) -> None:
        self.data = data
        self.log = log
        self.port = two_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.plc_url = f"http://127.0.0.1:{self.port - 1}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process that serves now."""
        assert self._process is not None, "the server was started"
        return self._process

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start another process on the directory and the port, and do not wait for it."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ROOST_")}
        command = [str(Path(sys.executable).with_name("roost")), "serve", "--dev"]
        command += ["--port", str(self.port), "--data", str(self.data)]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=self.log.parent)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = self.spawn()
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self._process.poll() is None, f"the server ended: {self.told()}"
            try:
                with urllib.request.urlopen(f"{self.url}/xrpc/_health", timeout=1):
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, f"the server does not answer: {self.told()}"
            time.sleep(0.02)

    def stop(self) -> int:
        """Ask the server to stop, and return its exit code."""
        self.running.send_signal(signal.SIGTERM)
        code = self.running.wait(PATIENCE)
        self._process = None
        return code

    def kill(self) -> None:
        """End the server as a power cut ends it, from its own view."""
        self.running.kill()
        self.running.wait(PATIENCE)
        self._process = None

    def end(self) -> None:
        """See to it that nothing runs any more."""
        if self._process is not None:
            self.kill()

    def told(self) -> str:
        """Return the end of what the server has printed."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
