"""`python -m roost` is the command."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_package_can_be_run() -> None:
    """Where the program is not on the PATH, the interpreter that has it starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "roost", "--help"], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout
