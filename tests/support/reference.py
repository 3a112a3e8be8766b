"""The reference server from npm, run with node on loopback: installed into a cache folder, never into the project.

Deliberately does not know what is moved to it or from it.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest
from bench import reference

SOURCE = Path(__file__).resolve().parents[1] / "interop" / "reference.mjs"

ADMIN_PASSWORD = "reference-admin"
JWT_SECRET = "reference-jwt-secret"
ROTATION_KEY = "11" * 32
ROTATION_SETTING = "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX"


@dataclass(frozen=True, slots=True)
class Reference:
    """A running reference server."""

    url: str
    data: Path
    mails: Path

    def post(self, nsid: str, token: str | None = None, **kwargs: object) -> httpx.Response:
        """Call a procedure, with a token if one is given."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.post(f"{self.url}/xrpc/{nsid}", headers=headers, timeout=60, **kwargs)  # type: ignore[arg-type]  # passed on

    def get(self, nsid: str, token: str | None = None, **params: object) -> httpx.Response:
        """Call a query, with a token if one is given."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}/xrpc/{nsid}", headers=headers, params=params, timeout=60)  # type: ignore[arg-type]  # passed on

    def token(self, to: str) -> str:
        """Return the code in the last mail to an address."""
        html = [mail["html"] for mail in self.sent() if mail["to"] == to][-1]
        found = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}", html)
        assert found is not None, html
        return found[0]

    def sent(self) -> list[dict[str, str]]:
        """Return every mail it would have sent, oldest first."""
        return [orjson.loads(line) for line in self.mails.read_bytes().splitlines()] if self.mails.exists() else []


def installed() -> Path:
    """Return a folder with the script and its packages; skips the test, and says why, where that cannot be.

    It is the installation that `bench.versus` measures.
    """
    try:
        folder = reference.installed()
    except reference.Unavailable as reason:
        pytest.skip(f"NOT TESTED: {reason}")
    there = folder / "mailing.mjs"
    if not there.exists() or there.read_bytes() != SOURCE.read_bytes():
        shutil.copy(SOURCE, there)
    return folder


@contextlib.contextmanager
def running_reference(folder: Path, data: Path, plc_url: str, **settings: str) -> Iterator[Reference]:
    """Run the server on `data` until the block ends; `settings` are PDS_* without their prefix."""
    (data / "blobs").mkdir(parents=True, exist_ok=True)
    mails = data / "mails.jsonl"
    given = {f"PDS_{name}": value for name, value in settings.items()}
    errors = data / "stderr.txt"
    with errors.open("ab") as log:
        process = subprocess.Popen(
            ["node", "mailing.mjs"],
            cwd=folder,
            env=os.environ | _environment(data, plc_url) | given | {"MAILS": str(mails)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, errors.read_text()[-3000:]
        yield Reference(orjson.loads(line)["url"], data, mails)
    finally:
        process.communicate(timeout=30)


def _environment(data: Path, plc_url: str) -> dict[str, str]:
    return {
        "PDS_PORT": str(_free_port()),
        "PDS_HOSTNAME": "localhost",
        "PDS_DATA_DIRECTORY": str(data),
        "PDS_BLOBSTORE_DISK_LOCATION": str(data / "blobs"),
        "PDS_DID_PLC_URL": plc_url,
        "PDS_DEV_MODE": "true",
        "PDS_INVITE_REQUIRED": "false",
        "PDS_JWT_SECRET": JWT_SECRET,
        "PDS_ADMIN_PASSWORD": ADMIN_PASSWORD,
        ROTATION_SETTING: ROTATION_KEY,
        "PDS_BSKY_APP_VIEW_URL": "http://localhost:1",
        "PDS_BSKY_APP_VIEW_DID": "did:web:appview.invalid",
        "LOG_ENABLED": "false",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
