"""`roost import-reference`, on a directory made by hand; `tests/interop` takes a real server over."""

from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from roost.crypto.keys import PrivateKey
from support.command import Command
from support.reference_data import ReferenceDirectory
from support.repos import MemoryRepo, filled
from support.server import running
from support.subscriber import subscribed

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


def test_it_is_noted(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """Where it came from, and each account once, however often the command is run."""
    directory.set_seq(5000)
    for _ in range(2):
        command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    entries = orjson.loads(command("admin", "log", "--data", tmp_path / "pds", "--json").raw)[::-1]

    assert {entry["method"] for entry in entries} == {"roost import-reference"}
    subjects = [str(directory.folder), str(directory.folder), filled(25).did, *[str(directory.folder)] * 2]
    assert [entry["subject"] for entry in entries] == subjects
    assert [entry["outcome"] for entry in entries] == ["begun", "done", "done", "begun", "done"]
    assert entries[1]["changed"] == {"invites": 0, "after": 5000}
    assert entries[2]["changed"] == {"records": 25, "blobs": 1, "resigned": False}


def test_a_dry_run_makes_nothing(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """No directory, no file."""
    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dry-run")

    assert ran.code == 0, ran.err
    assert "This is what can be taken over." in ran.out
    assert not (tmp_path / "pds").exists()


def test_what_is_left_out_is_told(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """And the command fails, so that a script notices."""
    other = MemoryRepo(type(filled(0).did)("did:plc:other"), PrivateKey.generate())
    directory.add(other, "bobby.test")
    (directory.home("did:plc:other") / "key").unlink()

    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    assert ran.code == 1
    assert "bobby.test: not taken over" in ran.out


def test_nothing_is_taken_without_the_rotation_key(
    directory: ReferenceDirectory, command: Command, tmp_path: Path
) -> None:
    """Accounts that are here would keep the key out for good: so it is named before, and the next run has it all."""
    (directory.folder / "pds.env").rename(tmp_path / "elsewhere.env")
    words = ("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    refused = command(*words)
    looked = command(*words, "--dry-run")
    made = (tmp_path / "pds").exists()
    ran = command(*words, "--env", tmp_path / "elsewhere.env")

    assert (refused.code, looked.code, made) == (2, 1, False)
    for told in (refused.err, looked.out):
        assert "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX, by --env FILE" in told
    assert ran.code == 0, ran.err
    assert KEY.public.did_key in command("key", "show", "alice.test", "--data", tmp_path / "pds", "--dev").out


def test_a_rotation_key_that_is_not_to_be_had(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """Whoever says so has the accounts all the same, and is told what that means."""
    (directory.folder / "pds.env").unlink()

    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev", "--without-rotation-key")

    assert ran.code == 0, ran.err
    assert "cannot change the DIDs of these accounts" in ran.err


def test_blobs_in_a_bucket_have_to_be_here(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """Accounts are taken over once: with their blobs, or knowingly without."""
    (directory.folder / "pds.env").write_text(f"{SETTINGS}PDS_BLOBSTORE_S3_BUCKET=bucket\n")
    words = ("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    refused = command(*words)
    made = (tmp_path / "pds").exists()
    ran = command(*words, "--blobs", directory.blobs)

    assert (refused.code, made) == (2, False)
    assert "The blobs are in a bucket" in refused.err
    assert ran.code == 0, ran.out


def test_who_is_signed_anew_is_told(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """By name, before and after: of that account the commit is not the one that others have."""
    directory.set_key(filled(25).did, PrivateKey.generate())
    words = ("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    for ran in (command(*words, "--dry-run"), command(*words)):
        assert ran.code == 0, ran.err
        assert "alice.test: its commit is another key's, so the same records are signed anew" in ran.err


def test_old_cursors_are_outdated(directory: ReferenceDirectory, command: Command, tmp_path: Path) -> None:
    """Whoever has not read all of the old log is told so; whoever has goes on with what comes."""
    directory.set_seq(5000)
    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")
    assert ran.code == 0, ran.err

    with running(tmp_path) as roost, ExitStack() as stack:
        followers = [stack.enter_context(subscribed(roost.url, cursor)) for cursor in (10, 4999, 5000, 5001)]
        roost.person()
        first = [follower.next() for follower in followers]

    assert [kind for kind, _ in first] == ["#info", "#info", "#identity", "#identity"]
    assert {body["name"] for _, body in first[:2]} == {"OutdatedCursor"}
    assert all(int(body["seq"]) > 5000 for _, body in first[2:])


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (f"{SETTINGS}\nPDS_HOSTNAME=pds.example.com", "set ROOST_HOSTNAME to that"),
        (f"{SETTINGS}zz", "is not hexadecimal"),
    ],
)
def test_settings_that_do_not_fit(
    directory: ReferenceDirectory, command: Command, tmp_path: Path, settings: str, text: str
) -> None:
    """They are told before anything is taken."""
    (directory.folder / "pds.env").write_text(settings.replace("\nPDS_BLOB", "zz\nPDS_BLOB"))

    ran = command("import-reference", directory.folder, "--data", tmp_path / "pds", "--dev")

    assert ran.code == 2
    assert text in ran.err
    assert not (tmp_path / "pds").exists()


def test_a_folder_of_something_else(command: Command, tmp_path: Path) -> None:
    """There is nothing to take; nor where the settings that were named are not."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "pds.env").write_text(SETTINGS)

    ran = command("import-reference", tmp_path / "empty", "--data", tmp_path / "pds", "--dev")
    named = command("import-reference", tmp_path / "empty", "--env", tmp_path / "no.env", "--data", tmp_path / "pds")

    assert ran.code == 1
    assert "this is not the data directory of a reference server" in ran.err
    assert named.code == 2
