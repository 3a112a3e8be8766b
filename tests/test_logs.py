"""What the process writes about itself, in a process of its own: it is configured once and for all."""

import subprocess
import sys

import orjson

SCRIPT = """
import logging, structlog
from roost import logs
log = structlog.get_logger("roost.part")
logs.configure(logging.INFO)
log.debug("too small")
log.info("ours", did="did:web:x", odd={1: object})
logging.getLogger("library").info("too chatty")
logging.getLogger("library").warning("theirs %s", 1)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


def test_lines_are_json_where_nobody_watches() -> None:
    """Our lines and the libraries' have one shape; standard output stays clean; a traceback is in its line."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)

    first, second, third = (orjson.loads(line) for line in done.stderr.splitlines())
    assert done.stdout == b""
    assert (first["event"], first["level"], first["logger"]) == ("ours", "info", "roost.part")
    assert (first["did"], first["timestamp"][-1]) == ("did:web:x", "Z")
    assert (second["event"], second["logger"]) == ("theirs 1", "library")
    assert "ZeroDivisionError" in third["exception"]


WATCHED = """
import io, logging, sys, structlog
from roost import logs
class Terminal(io.StringIO):
    isatty = lambda self: True
terminal = Terminal()
logs.configure(logging.INFO, out=terminal)
def work(token):
    raise ValueError("broken")
try:
    work("secret" + "-token")
except ValueError:
    structlog.get_logger("roost.part").exception("failed")
sys.stdout.write(terminal.getvalue())
"""


def test_a_traceback_on_a_terminal_shows_no_values() -> None:
    """What a request brought, its token first of all, must not come onto a screen with an error."""
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, check=True, text=True)

    assert "ValueError: broken" in done.stdout
    assert "in work" in done.stdout
    assert "secret-token" not in done.stdout
