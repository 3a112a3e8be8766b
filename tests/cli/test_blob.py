"""`roost blob`: what is stored of blobs, judged and collected while the server does not run."""

import shutil
from pathlib import Path

import pytest

from roost.storage.objects import is_name, new_name, path_of
from support.blobs import picture, uploaded
from support.calls import create
from support.command import Command
from support.server import Person, running


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Person]]:
    """The data directory of a server that has stopped, and its two people: two blobs are used, one is not."""
    folder = tmp_path_factory.mktemp("kept")
    with running(folder) as roost:
        people = [roost.person(), roost.person()]
        for person in people:
            create(person, {"pic": uploaded(person, picture(person.handle))})
        uploaded(people[0], picture("draft"))
    shutil.move(folder / "plc", folder / "pds" / "plc")
    return folder / "pds", people


@pytest.fixture
def blobs(kept: tuple[Path, list[Person]], tmp_path: Path) -> Path:
    """A copy of it, for one test to change."""
    return shutil.copytree(kept[0], tmp_path / "data")


def objects(data: Path) -> list[Path]:
    """Return the files of all objects."""
    return sorted(path for path in (data / "blobs").rglob("*") if is_name(path.name))


def test_whole_blobs_have_no_problems(command: Command, blobs: Path, kept: tuple[Path, list[Person]]) -> None:
    """Of all accounts or of one."""
    all_ = command("blob", "verify", "--data", blobs)
    one = command("blob", "verify", kept[1][1].handle, "--data", blobs, "--json")

    assert (all_.code, all_.err) == (0, "")
    assert all_.out.split() == ["Blobs", "3", "Missing", "0", "Corrupt", "0", "Orphaned", "0", "No", "problems."]
    assert (one.code, one.json) == (0, {"blobs": 1, "missing": 0, "corrupt": 0, "orphaned": 0, "problems": []})


def test_damage_is_told_and_fails(command: Command, blobs: Path) -> None:
    """What is missing, what was changed, and what is nobody's."""
    gone, changed, _ = objects(blobs)
    gone.unlink()
    changed.write_bytes(b"changed")
    stray = blobs / "blobs" / path_of(new_name())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"1234")

    told = command("blob", "verify", "--data", blobs)
    listed = command("blob", "verify", "--data", blobs, "--json")

    assert (told.code, listed.code) == (1, 1)
    problems = listed.json["problems"]
    assert isinstance(problems, list)
    assert {problem["kind"]: problem["object"] for problem in problems} == {
        "missing": gone.name,
        "corrupt": changed.name,
        "orphaned": stray.name,
    }
    for word in ("is missing", "is corrupt", "is nobody's (4 bytes)"):
        assert word in told.out


def test_what_nobody_refers_to_is_collected(command: Command, blobs: Path) -> None:
    """After its time, which is no less than an hour."""
    early = command("blob", "gc", "--data", blobs, "--json")
    refused = command("blob", "gc", "--data", blobs, "--grace", "0")

    assert (early.code, early.json) == (0, {"blobs": 0, "bytes": 0, "removed": 0, "failed": 0})
    assert refused.code == 2
    assert len(objects(blobs)) == 3


def test_what_is_nobodys_goes_if_that_is_asked_for(command: Command, blobs: Path) -> None:
    """And only then; what is not one of our objects is left alone."""
    stray = blobs / "blobs" / path_of(new_name())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"1234")
    (stray.parent / "README").write_text("the operator's")

    without = command("blob", "gc", "--data", blobs)
    kept = stray.exists()
    told = command("blob", "gc", "--orphans", "--data", blobs)

    assert (without.code, kept, told.code) == (0, True, 0)
    assert "1 objects removed" in told.out
    assert "1 objects that were nobody's." in told.out
    assert (stray.exists(), (stray.parent / "README").exists(), len(objects(blobs))) == (False, True, 3)


def test_an_account_that_is_not_there(command: Command, blobs: Path) -> None:
    """It is said, without a traceback."""
    ran = command("blob", "verify", "nobody.test", "--data", blobs)

    assert (ran.code, ran.err) == (1, "roost: There is no account nobody.test on this server\n")
