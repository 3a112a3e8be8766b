"""`roost import-reference`, on a directory made by hand; `tests/interop` takes a real server over."""

from pathlib import Path

import pytest

from roost.crypto.keys import PrivateKey
from support.command import Command
from support.reference_data import ReferenceDirectory
from support.repos import MemoryRepo, filled
from support.server import running

KEY = PrivateKey.from_bytes(bytes(31) + b"\x09")
SETTINGS = f"""
# the old server
PDS_HOSTNAME="localhost"
export PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX={KEY.to_bytes().hex()}
PDS_BLOBSTORE_DISK_LOCATION=/pds/blobs
"""


@pytest.fixture
def directory(tmp_path: Path) -> ReferenceDirectory:
    """A directory with alice, her app password and a blob."""
    made = ReferenceDirectory(tmp_path / "reference")
    repo = filled(25)
    made.add(repo, "alice.test")
    made.add_blob(repo.did, b"a picture")
    (made.folder / "pds.env").write_text(SETTINGS)
    return made


def test_it_is_all_taken(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """What was taken is counted; the server that starts there has the key, the account and her password."""
    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev", "--json")

    assert ran.code == 0, ran.err
    listed = ran.json["taken"]
    assert isinstance(listed, list)
    taken = listed[0]
    assert (taken["who"], taken["records"], taken["blobs"], taken["problems"]) == ("alice.test", 25, 1, [])
    shown = command("key", "show", "alice.test", "--data", tmp_path / "pds", "--dev")
    assert KEY.public.did_key in shown.out
    with running(tmp_path) as roost:
        body = {"identifier": "alice.test", "password": "reference password"}
        assert roost.post("com.atproto.server.createSession", json=body).status_code == 200


def test_a_dry_run_makes_nothing(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """No directory, no file."""
    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dry-run")

    assert ran.code == 0, ran.err
    assert "This is what can be taken over." in ran.out
    assert not (tmp_path / "pds").exists()


def test_what_is_left_out_is_told(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """And the command fails, so that a script notices."""
    (directory.folder / "pds.env").write_text("PDS_BLOBSTORE_S3_BUCKET=bucket\n")
    other = MemoryRepo(type(filled(0).did)("did:plc:other"), PrivateKey.generate())
    directory.add(other, "bobby.test")
    (directory.home("did:plc:other") / "key").unlink()

    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    assert ran.code == 1
    assert "the blobs are in a bucket" in ran.out
    assert "the PLC rotation key was not taken over" in ran.out
    assert "bobby.test: not taken over" in ran.out


@pytest.mark.parametrize(
    ("settings", "text"),
    [("PDS_HOSTNAME=pds.example.com", "set ROOST_HOSTNAME to that"), (f"{SETTINGS}zz", "is not hexadecimal")],
)
def test_settings_that_do_not_fit(
    directory: ReferenceDirectory, command: Command, tmp_path: Path, settings: str, text: str
) -> None:
    """They are told before anything is taken."""
    (directory.folder / "pds.env").write_text(settings.replace("\nPDS_BLOB", "zz\nPDS_BLOB"))

    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    assert ran.code == 2
    assert text in ran.err


def test_a_folder_of_something_else(command: Command, tmp_path: Path) -> None:
    """There is nothing to take; nor where the settings that were named are not."""
    (tmp_path / "empty").mkdir()

    ran = command("import-reference", tmp_path / "empty", "--data", tmp_path / "pds", "--dev")
    named = command("import-reference", tmp_path / "empty", "--env", tmp_path / "no.env", "--data", tmp_path / "pds")

    assert ran.code == 1
    assert "this is not the data directory of a reference server" in ran.err
    assert named.code == 2
