"""What is remembered of a move."""

from copy import copy
from pathlib import Path

import pytest

from roost.cli.move_state import MoveFolder, MoveState
from roost.services.errors import InvalidRequest

STATE = MoveState("did:plc:a", "http://old", "http://new", "a.test", "a@mail.test", ["create"], "3k", ["bafy"])


def test_it_comes_back_as_it_was_put(tmp_path: Path) -> None:
    """In a file for nobody else's eyes, in a folder that says whose move it is."""
    folder = MoveFolder(tmp_path, "did:plc:a")
    assert folder.load() is None

    folder.save(STATE)

    assert folder.load() == STATE
    (path,) = folder.path.iterdir()
    assert (path.stat().st_mode & 0o777, folder.path.stat().st_mode & 0o777) == (0o600, 0o700)
    assert folder.path.name == "roost-migrate-did_plc_a"


def test_a_step_is_done_once(tmp_path: Path) -> None:
    """However often it is taken; and a move that begins anew has done nothing, but knows whose it is."""
    folder, state = MoveFolder(tmp_path, "did:plc:a"), copy(STATE)
    state.done = []

    folder.finish(state, "create")
    folder.finish(state, "create")

    assert folder.load() == state
    assert state.done == ["create"]
    state.begin_anew()
    assert (state.done, state.rev, state.lost, state.did) == ([], "", [], "did:plc:a")


def test_it_is_forgotten(tmp_path: Path) -> None:
    """With its folder, unless somebody has put something else there; again, it does nothing."""
    folder = MoveFolder(tmp_path, "did:plc:a")
    folder.save(STATE)
    folder.car.write_bytes(b"half a repository")

    folder.remove()
    folder.remove()

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is told, not guessed at."""
    folder = MoveFolder(tmp_path, "did:plc:a")
    folder.save(STATE)
    (folder.path / "state.json").write_text("{")

    with pytest.raises(InvalidRequest, match="remove the folder to begin anew"):
        folder.load()
