"""The reference server, `@atproto/pds` from npm, at the versions that `node/package-lock.json` pins.

It is installed into the user's cache folder, where its SQLite driver is compiled once, and run with its own PLC
directory, which is ours. It deliberately does not know what is asked of it.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

from bench.server import ROOST, Server, process, two_free_ports

SOURCE: Final = Path(__file__).parent / "node"
OLDEST_NODE: Final = 20
"""The first node that all of its pinned packages run on."""

INSTALL_SECONDS: Final = 900.0
"""The driver takes 80 s to compile on an idle machine of two cores."""

NAMES: Final = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|SOCKET_TIMEOUT|E40[134]")
"""What npm prints when it cannot reach packages."""


class Unavailable(Exception):
    """The reference server cannot be had on this machine; says why."""


def installed() -> Path:
    """Return a folder that holds the reference server, installing it if need be. Raises Unavailable."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("node or npm is not on this machine")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise Unavailable(f"node is {version}, and the reference server needs {OLDEST_NODE}")
    # A compiled driver belongs to one node.
    key = sha256((SOURCE / "package-lock.json").read_bytes() + version.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "roost"
    cache.mkdir(parents=True, exist_ok=True)
    folder, script = cache / f"reference-{key}", SOURCE / "reference.mjs"
    with (cache / "reference.lock").open("wb") as guard:
        # Tests run in several processes, of which one installs.
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(node, npm, folder)
        there = folder / script.name
        if not there.exists() or there.read_bytes() != script.read_bytes():
            shutil.copy(script, there)
    return folder


def facts(folder: Path, databases: list[Path], *, synchronous: str = "") -> dict[str, object]:
    """Return the versions of node, server and SQLite, and the journal mode and `synchronous` of each database."""
    command = ["node", "reference.mjs", "--facts", *map(str, databases)]
    environment = os.environ | {"REFERENCE_SYNCHRONOUS": synchronous}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    found: dict[str, object] = orjson.loads(done.stdout)
    return found


@contextmanager
def running(folder: Path, data: Path, *, synchronous: str = "") -> Iterator[Server]:
    """Run the installed reference server and a PLC directory on a fresh data directory until the block ends.

    It runs as in production: in its development mode it would check each of its answers against the lexicon.
    """
    with ExitStack() as stack:
        plc_data = data / "plc-directory"
        plc_data.mkdir()
        port = two_free_ports()
        plc_command = [ROOST, "plc", "serve", "--port", str(port - 1), "--data", str(plc_data)]
        stack.enter_context(process(plc_command, port - 1, plc_data))
        given = settings(data, port, f"http://127.0.0.1:{port - 1}") | {"REFERENCE_SYNCHRONOUS": synchronous}
        yield stack.enter_context(process(["node", str(folder / "reference.mjs")], port, data, settings=given))


def settings(data: Path, port: int, plc_url: str) -> dict[str, str]:
    """Return the environment for a server that keeps everything in `data`; its name is its own, its handles `.test`."""
    return {
        "NODE_ENV": "production",
        "LOG_ENABLED": "false",
        "PDS_PORT": str(port),
        "PDS_HOSTNAME": "reference.test",
        "PDS_SERVICE_HANDLE_DOMAINS": ".test",
        "PDS_DID_PLC_URL": plc_url,
        "PDS_DATA_DIRECTORY": str(data),
        "PDS_BLOBSTORE_DISK_LOCATION": str(data / "blobs"),
        "PDS_INVITE_REQUIRED": "false",
        "PDS_JWT_SECRET": "secrets of a server that lives for minutes",
        "PDS_ADMIN_PASSWORD": "admin",
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": "11" * 32,
    }


def _install(node: str, npm: str, folder: Path) -> None:
    print(f"installing the reference server into {folder}: a minute or two", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder)
    _run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"], folder)
    # Only the driver's own script is run, and told to compile: it would look for a ready-made binary elsewhere.
    headers = Path(node).resolve().parents[1]
    given = {"npm_config_build_from_source": "true"}
    if (headers / "include" / "node" / "node.h").exists():
        given["npm_config_nodedir"] = str(headers)
    _run([npm, "rebuild", "better-sqlite3"], folder, given)
    (folder / "complete").touch()


def _run(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode and NAMES.search(done.stderr):
        raise Unavailable(f"packages cannot be reached: {done.stderr.strip()[-300:]}")
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-1000:]}")
