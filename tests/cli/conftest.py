"""The program's commands, run in the test's process, on a data directory whose server does not run."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from roost.cli.move import Move
from support.command import Command
from support.movers import NEW, Silent, begun_move
from support.server import PASSWORD, Person, Roost, running


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the settings and the working directory of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("ROOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run a command and get what came of it."""
    return Command(capsysbinary)


@pytest.fixture(scope="session")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a development server that has stopped: alice is on it, with three records."""
    folder = tmp_path_factory.mktemp("left_behind")
    with running(folder) as roost:
        body = {"handle": "alice.test", "email": "alice@mail.test", "password": PASSWORD}
        jwt = roost.post("com.atproto.server.createAccount", json=body).json()["accessJwt"]
        for number, name in enumerate(["note", "note", "place"]):
            record = {"repo": "alice.test", "collection": f"com.example.{name}", "record": {"number": number}}
            made = roost.post("com.atproto.repo.createRecord", json=record, headers={"authorization": f"Bearer {jwt}"})
            assert made.status_code == 200, made.text
    shutil.move(folder / "plc", folder / "pds" / "plc")
    return folder / "pds"


@pytest.fixture
def data(left_behind: Path, tmp_path: Path) -> Path:
    """A copy of that directory, for one test to change."""
    return shutil.copytree(left_behind, tmp_path / "data")


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory, roost: Roost) -> Iterator[Roost]:
    """Another server in the same network, for whoever moves."""
    with running(tmp_path_factory.mktemp("there"), plc_url=roost.plc_url, public_url="http://there.test:1") as server:
        yield server


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch, _nothing_set: None) -> None:
    """The passwords on both servers, where `roost migrate` looks for them."""
    monkeypatch.setenv("ROOST_OLD_PASSWORD", PASSWORD)
    monkeypatch.setenv("ROOST_NEW_PASSWORD", NEW)


@pytest.fixture
def begun(roost: Roost, there: Roost, tmp_path: Path) -> Iterator[tuple[Move, Person, Silent]]:
    """A move that is about to be made."""
    with begun_move(roost, there, tmp_path) as move:
        yield move
