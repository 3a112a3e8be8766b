"""What the tests of faults share: a server in a process of its own, which they may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.process import ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server process that ends with the test."""
    server = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        server.start()
        yield server
    finally:
        server.end()
