"""The Go implementation's own programs, from the module `indigo` at one version, built once into a cache folder.

Deliberately does not know what they are asked to do.
"""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MODULE = "github.com/bluesky-social/indigo"
VERSION = "v0.0.0-20260605210604-af2fec94f34c"
PROGRAMS = ("cmd/relay", "cmd/tap", "cmd/gosky", "atproto/repo/cmd/repo-tool")
"""A relay, a consumer that keeps whole repositories, a client, and what verifies a CAR. They share most packages.

`goat`, the usual client, has a module of its own, which the Go module proxies that we know do not have.
"""

BUILD_SECONDS = 900
"""They take three minutes of processor time to build when nothing is cached."""

UNREACHABLE = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|TLS handshake|40[34] |410 Gone|requires go >=|toolchain"
)
"""What go prints when it cannot have a module, or is too old for one."""


def programs() -> Path:
    """Return a folder with the programs; skips the test, and says why, where they cannot be built."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("NOT TESTED: go is not on this machine")
    if shutil.which(os.environ.get("CC", "gcc")) is None:
        pytest.skip("NOT TESTED: there is no C compiler, which the relay's SQLite needs")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "roost"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"indigo-{VERSION.rpartition('-')[2]}"
    with (cache / "indigo.lock").open("wb") as lock:
        # Tests run in several processes, of which one builds.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _build(go, folder)
    return folder


def _build(go: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    environ = os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "1", "GOTOOLCHAIN": "local"}
    command = [go, "install", *[f"{MODULE}/{program}@{VERSION}" for program in PROGRAMS]]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"NOT TESTED: the Go programs cannot be had: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "complete").touch()
