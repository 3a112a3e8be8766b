"""The PLC directory's own server from npm, run with node on loopback, its database in memory.

Deliberately does not know what is registered there.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson

LOGGING = {"LOG_ENABLED": "false"}
"""Its log goes to standard output, where its URL is read."""


@contextlib.contextmanager
def running_directory(packages: Path, errors: Path) -> Iterator[str]:
    """Run it until the block ends and give its URL; what it complains of goes into the file `errors`."""
    with errors.open("ab") as log:
        process = subprocess.Popen(
            ["node", "directory.mjs"],
            cwd=packages,
            env=os.environ | LOGGING,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, errors.read_text()[-3000:]
        yield orjson.loads(line)["url"]
    finally:
        process.communicate(timeout=30)
