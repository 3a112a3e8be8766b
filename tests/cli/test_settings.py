"""How commands come to their settings."""

from pathlib import Path

import pytest

from roost.cli.settings import settings
from support.command import Command


def test_a_development_directory_is_recognised(data: Path, tmp_path: Path) -> None:
    """A directory with a PLC directory in it must never register its accounts for the whole world."""
    assert settings(data, None).plc_url == "http://localhost:2582"
    assert settings(data, None, dev=False).plc_url == "https://plc.directory"
    assert settings(tmp_path / "other", None).plc_url == "https://plc.directory"


def test_a_running_development_server_has_its_directory_one_port_below(data: Path) -> None:
    """From the server's URL follows where its directory is, unless that is said."""
    assert settings(data, None, url="http://localhost:3000").plc_url == "http://localhost:2999"
    assert settings(data, None, url="http://localhost:x").plc_url == "http://localhost:2582"
    assert settings(data, None, url="http://localhost:3000", plc="http://plc.test").plc_url == "http://plc.test"


def test_the_environment_counts(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    """Commands take the same settings as the server does."""
    monkeypatch.setenv("ROOST_DATA", str(data))

    assert settings(None, None).data == data


def test_a_directory_without_a_server_is_not_made_into_one(command: Command, tmp_path: Path) -> None:
    """A mistyped directory is told, and nothing is left in it."""
    ran = command("account", "list", "--data", tmp_path / "typo")

    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith(f"roost: There is no server in {tmp_path / 'typo'}")
    assert not (tmp_path / "typo").exists()


def test_another_master_key_is_told(command: Command, data: Path) -> None:
    """A database with somebody else's key is one line, not a traceback."""
    (data / "master.key").write_text("00" * 32)

    ran = command("account", "list", "--data", data)

    assert (ran.code, ran.err.count("\n"), "master key" in ran.err) == (1, 1, True)


def test_a_file_that_is_no_database_is_told(command: Command, data: Path) -> None:
    """A broken disk is no bug."""
    for file in data.glob("roost.sqlite*"):
        file.unlink()
    (data / "roost.sqlite").write_text("not a database" * 1000)

    ran = command("account", "list", "--data", data)

    assert (ran.code, ran.err.count("\n")) == (1, 1)


def test_a_directory_may_have_any_name(command: Command, data: Path) -> None:
    """What means something in a URL means nothing in a path."""
    odd = data.rename(data.with_name("100%41 ?#"))

    assert command("account", "list", "--data", odd).out.startswith("alice.test\t")
