"""Who owns a data directory."""

import os
from pathlib import Path

import pytest

from roost.storage.errors import DatabaseInUse
from roost.storage.lock import LOCK_NAME, DirectoryLock


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    """The second is told who the first is."""
    first = DirectoryLock(tmp_path)

    with pytest.raises(DatabaseInUse, match=f"process {os.getpid()} is using") as refusal:
        DirectoryLock(tmp_path)

    first.release()
    assert os.getpid() == refusal.value.owner


def test_a_directory_that_was_given_up_can_be_taken(tmp_path: Path) -> None:
    """And the file says nothing of the last owner."""
    DirectoryLock(tmp_path).release()

    assert (tmp_path / LOCK_NAME).read_text() == ""
    DirectoryLock(tmp_path).release()


def test_a_file_left_by_a_process_that_died_is_no_lock(tmp_path: Path) -> None:
    """The kernel's lock died with it."""
    (tmp_path / LOCK_NAME).write_text("99999999\n")

    DirectoryLock(tmp_path).release()


def test_an_owner_that_has_not_said_so_yet_is_just_another_process(tmp_path: Path) -> None:
    """It may be between taking the lock and writing its number."""
    first = DirectoryLock(tmp_path)
    (tmp_path / LOCK_NAME).write_text("")

    with pytest.raises(DatabaseInUse, match="another process"):
        DirectoryLock(tmp_path)

    first.release()
