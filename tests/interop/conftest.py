"""What the suites of real peers share: peers, installed once, and a server that is where its DID documents say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import node
from support.process import ServerProcess


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest) -> Path:
    """A folder with our scripts and the reference implementation's packages; without it the test is skipped, loudly."""
    assert request.config.cache is not None
    return node.installed(request.config.cache.mkdir("interop-node"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server process that all suites share: each makes accounts of its own. Peers find it by the PLC directory."""
    folder = tmp_path_factory.mktemp("served")
    server = ServerProcess(folder / "data", folder / "log")
    server.start()
    yield server
    server.end()
