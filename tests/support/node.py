"""The reference implementation's own packages, run with node: installed into a cache folder, never into the project.

Deliberately does not know what they verify.
"""

import fcntl
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

SOURCE = Path(__file__).resolve().parents[1] / "interop" / "node"
OLDEST = 18
"""The first node that the pinned packages run on."""

UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|SOCKET_TIMEOUT|E40[134]")


def installed(cache: Path) -> Path:
    """Return a folder with our scripts and their packages; skips the test, and says why, where that cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("NOT TESTED: node or npm is not on this machine")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"NOT TESTED: node is {version.strip()}, and the reference packages need {OLDEST}")
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = cache / sha256(lock).hexdigest()[:16]
    with (cache / "lock").open("wb") as guard:
        # Tests run in several processes, of which one installs.
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(npm, folder)
        for script in SOURCE.glob("*.mjs"):
            there = folder / script.name
            if not there.exists() or there.read_bytes() != script.read_bytes():
                shutil.copy(script, there)
    return folder


def _install(npm: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder)
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"NOT TESTED: the npm registry cannot be reached: {done.stderr.strip()[:300]}")
    assert done.returncode == 0, done.stderr
    (folder / "complete").touch()


def ran(folder: Path, script: str, *words: str | Path) -> dict[str, object]:
    """Return the JSON that a script has printed; fails with its words if it threw."""
    done = subprocess.run(["node", script, *map(str, words)], cwd=folder, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    found: dict[str, object] = orjson.loads(done.stdout)
    return found


def verified(folder: Path, car: Path, did: str, plc_url: str) -> dict[str, object]:
    """Return what the reference packages found in a CAR; fails with their words if they refuse it."""
    return ran(folder, "verify.mjs", car, did, plc_url)
