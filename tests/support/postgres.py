"""A PostgreSQL cluster of the tests' own: on a socket in a temporary folder, gone with the test run.

`fsync` is off, so nothing here tests whether PostgreSQL keeps what it acknowledges: that is its own business.
"""

import atexit
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
import pytest

INSTALLED: Final = Path("/usr/lib/postgresql")


class NotInstalled(Exception):
    """There is no PostgreSQL on this machine."""


def schema_url() -> str:
    """Return the URL of an empty schema in the cluster, which is started first if it is not running.

    Skips the test, saying why, where no PostgreSQL is installed.
    """
    try:
        url = _cluster()
    except NotInstalled as error:
        pytest.skip(f"not tested on PostgreSQL: {error}")
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{url}&{urlencode({'options': f'-csearch_path={schema}'}, quote_via=quote)}"


@functools.cache
def _cluster() -> str:
    programs = _programs()
    user = _unprivileged_user()
    # Not under pytest's own folder, whose name is too long for a socket's path, and which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="roost-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    _run(user, programs / "initdb", "--pgdata", data, "--username=roost", "--auth=trust", "--encoding=UTF8",
         "--locale=C.UTF-8", "--no-sync")  # fmt: skip
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
    control = (programs / "pg_ctl", "--pgdata", data, "--silent", "--wait")
    _run(user, *control, "--log", folder / "log", "--options", options, "start")
    atexit.register(_run, user, *control, "--mode=immediate", "stop")
    return f"postgresql:///postgres?{urlencode({'host': folder, 'user': 'roost'})}"


def _programs() -> Path:
    found = [program.parent for program in INSTALLED.glob("*/bin/initdb")]
    if not found:
        raise NotInstalled(f"no initdb under {INSTALLED}")
    return max(found, key=lambda programs: float(programs.parent.name))


def _unprivileged_user() -> str | None:
    """Return whom to run as; None for ourselves. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise NotInstalled("tests run as root, and there is no unprivileged user to run a server as")


def _run(user: str | None, *command: str | Path) -> None:
    ended = subprocess.run(command, user=user, cwd="/", check=False, capture_output=True, text=True)
    assert ended.returncode == 0, f"{command[0]}: {ended.stderr}"
