"""What every test may use: a real server on loopback, shared, and one of its own where it must be broken or counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from roost.services import sessions
from roost.storage import batch
from support.server import Roost, running

# A machine that does other things too must not fail a property for being slow once.
settings.register_profile("roost", deadline=None)
settings.load_profile("roost")

LONG: Final = frozenset({"conformance", "com_atproto", "app_bsky", "cli"})
"""Folders whose tests take more than half a minute together."""

WAITING: Final = frozenset(
    {"test_websocket.py", "test_serving.py", "test_proxy.py", "test_firehose.py", "test_limits.py", "test_wire.py"}
)
"""Modules of tests that have to let time go by: for pings, grace and silence."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out of `make check` what is long as a whole; `make test` runs all of it.

    That is the conformance tests, the methods of today one by one, the command line, connections that have to be waited
    for, and the second run on PostgreSQL.
    """
    for item in items:
        parts = item.path.parts
        if not LONG.isdisjoint(parts) or item.path.name in WAITING or "[postgres" in item.name:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def roost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server with its PLC directory and mailbox, shared by all tests: each makes accounts of its own."""
    with running(tmp_path_factory.mktemp("roost")) as server:
        yield server


@pytest.fixture
def own_roost(tmp_path: Path) -> Iterator[Roost]:
    """A server that nobody else has seen."""
    with running(tmp_path) as server:
        yield server


@pytest.fixture(autouse=True)
def _hasty_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of tests are refused a sign-in; the time that takes is tested once."""
    monkeypatch.setattr(sessions, "REFUSED_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _patient_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that does other things too, a batch must not be cut short in the middle of what a test put there."""
    monkeypatch.setattr(batch, "MAX_SECONDS", 10.0)
