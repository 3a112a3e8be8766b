"""The data directory."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roost import datadir
from roost.config import ConfigError


def mode(path: Path) -> int:
    """Return a file's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_directory_is_its_owners_alone(tmp_path: Path) -> None:
    """It is made with all above it, and one that is there is left as it is."""
    path = tmp_path / "a" / "b"

    datadir.make(path)
    datadir.make(path)

    assert mode(path) == 0o700


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    """What cannot be a directory is named in the error."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=rf"Cannot use {tmp_path}/file/data as the data directory: Not a directory"):
        datadir.make(tmp_path / "file" / "data")


def test_the_master_key_is_made_once(tmp_path: Path) -> None:
    """The first start makes 32 random bytes that nobody else may read; later ones read them."""
    key = datadir.master_key(tmp_path)

    assert len(key) == 32
    assert datadir.master_key(tmp_path) == key
    assert mode(tmp_path / "master.key") == 0o600
    assert (tmp_path / "master.key").read_text() == key.hex() + "\n"


@pytest.mark.parametrize("text", ["", "nonsense", "00" * 31, "00" * 33, "zz" * 32])
def test_a_damaged_master_key_is_not_replaced(tmp_path: Path, text: str) -> None:
    """A new one would make everything that is sealed unreadable: the operator is told where the old one is wanted."""
    (tmp_path / "master.key").write_text(text)

    with pytest.raises(
        ConfigError, match=r"master\.key does not hold 32 bytes in hexadecimal: restore it from a backup"
    ):
        datadir.master_key(tmp_path)
    assert (tmp_path / "master.key").read_text() == text


def test_a_master_key_that_is_not_text_is_told(tmp_path: Path) -> None:
    """The file is named, and left as it is."""
    (tmp_path / "master.key").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match=r"master\.key cannot be read: restore it from a backup"):
        datadir.master_key(tmp_path)
    assert (tmp_path / "master.key").read_bytes() == b"\xff\xfe"


def test_the_administrators_password_is_made_once(tmp_path: Path) -> None:
    """It cannot be guessed, and is for its owner alone to read."""
    password = datadir.admin_password(tmp_path)

    assert len(password) >= 20
    assert datadir.admin_password(tmp_path) == password
    assert mode(tmp_path / "admin-password") == 0o600


def test_many_who_ask_first_get_one_secret(tmp_path: Path) -> None:
    """Processes that start together agree, and leave nothing behind."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: datadir.master_key(tmp_path), range(32)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_what_a_crash_left_is_not_in_the_way(tmp_path: Path) -> None:
    """A start that died while it wrote a secret does not stop the next one of the same process id."""
    (tmp_path / f".master.key.{os.getpid()}").write_text("half")

    assert len(datadir.master_key(tmp_path)) == 32


def test_lexicons_are_read_from_every_folder_in_order(tmp_path: Path) -> None:
    """Only JSON files count, however deep they stand; without the folder there are none."""
    assert list(datadir.lexicons(tmp_path)) == []
    for name in ("b.json", "a/c.json", "a/readme.md"):
        path = tmp_path / "lexicons" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"{name}"')

    assert [raw for _, raw in datadir.lexicons(tmp_path)] == ["a/c.json", "b.json"]


def test_a_lexicon_that_is_not_json_is_named(tmp_path: Path) -> None:
    """The operator is told which file to look at."""
    (tmp_path / "lexicons").mkdir()
    (tmp_path / "lexicons" / "bad.json").write_text("{")

    with pytest.raises(ConfigError, match=r"lexicons/bad\.json cannot be read as a lexicon document"):
        list(datadir.lexicons(tmp_path))


def test_an_empty_admin_password_is_not_taken_for_one(tmp_path: Path) -> None:
    """Nobody must become the administrator by sending nothing; the message says what to do."""
    (tmp_path / "admin-password").write_text("\n")

    with pytest.raises(ConfigError, match="empty"):
        datadir.admin_password(tmp_path)


def test_a_lost_master_key_is_not_made_anew(tmp_path: Path) -> None:
    """Beside a database that is sealed under it, a fresh one would only hide what has happened."""
    (tmp_path / "roost.sqlite").write_bytes(b"")

    with pytest.raises(ConfigError, match="restore it from a backup"):
        datadir.master_key(tmp_path)

    assert not (tmp_path / "master.key").exists()
