"""`roost migrate`: an account moves between two servers that run."""

from pathlib import Path

import orjson
import pytest

from support.calls import bearer, create, refusal
from support.command import Command
from support.movers import NEW, answering, code_in, owner, words
from support.server import PASSWORD, Person, Roost

pytestmark = pytest.mark.usefixtures("passwords")


def test_an_account_moves(roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it: records, files, identity; the old account is closed, and what was in the way of nothing is gone."""
    person = owner(roost)
    before = roost.get("com.atproto.sync.getRepo", did=person.did).content
    answering(monkeypatch, lambda: code_in(roost, person.email))

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert f"{person.handle} ({person.did}) lives on {there.url} now." in ran.out
    document = roost.client.get(f"{roost.plc_url}/{person.did}").json()
    assert document["service"][0]["serviceEndpoint"] == "http://there.test:1"
    body = {"identifier": person.handle, "password": NEW}
    session = there.post("com.atproto.server.createSession", json=body).json()
    assert (session["did"], session["active"]) == (person.did, True)
    assert len(before) > 100
    listed = there.get("com.atproto.repo.listRecords", repo=person.did, collection="com.example.thing").json()
    assert len(listed["records"]) == 4
    (cid,) = there.get("com.atproto.sync.listBlobs", did=person.did).json()["cids"]
    assert there.get("com.atproto.sync.getBlob", did=person.did, cid=cid).content == b"a picture"
    assert refusal(roost.get("com.atproto.sync.getLatestCommit", did=person.did))[1] == "RepoDeactivated"
    assert refusal(create(person, {"late": True}))[1] == "AccountDeactivated"
    mover = Person(person.did, person.handle, "", session["accessJwt"], there.client)
    assert create(mover, {"here": True}).status_code == 200
    assert list(Path().iterdir()) == []


def test_a_dry_run_changes_nothing(roost: Roost, there: Roost, command: Command) -> None:
    """It tells what would move, and where the code would go."""
    person = owner(roost)

    ran = command(*words(roost, there, person, "--dry-run"))

    assert ran.code == 0, ran.out + ran.err
    assert "Nothing stands in the way." in ran.out
    assert person.email in ran.out
    assert refusal(there.get("com.atproto.sync.getRepoStatus", did=person.did))[1] == "RepoNotFound"
    assert list(Path().iterdir()) == []


def test_a_move_that_stopped_goes_on(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong code ends it before the identity has changed; what was written meanwhile comes along the next time."""
    person = owner(roost)
    answering(monkeypatch, lambda: "AAAAA-AAAAA")
    stopped = command(*words(roost, there, person))
    (folder,) = Path().iterdir()
    state = orjson.loads((folder / "state.json").read_bytes())
    assert create(person, {"meanwhile": True}).status_code == 200
    answering(monkeypatch, lambda: code_in(roost, person.email))

    ran = command(*words(roost, there, person))

    assert stopped.code == 1
    assert "refused signPlcOperation" in stopped.err
    assert state["done"] == ["create", "repo", "blobs", "preferences", "identity-begun"]
    assert (folder / "state.json").exists() is False
    assert ran.code == 0, ran.out + ran.err
    listed = there.get("com.atproto.repo.listRecords", repo=person.did, collection="com.example.thing").json()
    assert len(listed["records"]) == 5


def test_no_password_is_kept(roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is not worth stealing, and nobody else may read it anyway."""
    person = owner(roost)
    answering(monkeypatch, lambda: "AAAAA-AAAAA")

    command(*words(roost, there, person))

    (folder,) = Path().iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert PASSWORD not in path.read_text()
        assert NEW not in path.read_text()


def test_it_can_be_undone_until_the_identity_changes(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account on the new server is gone then, the old one has never been touched."""
    person = owner(roost)
    answering(monkeypatch, lambda: "AAAAA-AAAAA")
    command(*words(roost, there, person))
    answering(monkeypatch, lambda: code_in(there, person.email))

    ran = command("migrate", "undo", person.did)

    assert ran.code == 0, ran.out + ran.err
    assert refusal(there.get("com.atproto.sync.getRepoStatus", did=person.did))[1] == "RepoNotFound"
    assert create(person, {"still": "here"}).status_code == 200
    assert list(Path().iterdir()) == []
    assert command("migrate", "undo", person.did).code == 2


def test_what_stands_in_the_way_is_told_first(roost: Roost, there: Roost, command: Command) -> None:
    """A handle that is not to be had there, a password that is wrong, a server that is not there, one server twice."""
    person = owner(roost)

    handle = command(*words(roost, there, person, "--handle", "someone.elsewhere.dev"))
    nowhere = command("migrate", "out", person.handle, "--from", roost.url, "--to", roost.url)
    unknown = command("migrate", "in", "nobody-at-all.test", "--from", roost.url, "--to", there.url)

    assert handle.code == 1
    assert "choose another with --handle" in handle.out
    assert nowhere.code == 2
    assert unknown.code == 1
    assert "the old server refused createSession: Invalid identifier or password" in unknown.err
    assert list(Path().iterdir()) == []


def test_a_wrong_password(roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not got it moves nothing."""
    person = owner(roost)
    monkeypatch.setenv("ROOST_OLD_PASSWORD", "something else")

    ran = command(*words(roost, there, person))

    assert ran.code == 1
    assert "the old server refused createSession" in ran.err
    with_token = there.get("com.atproto.sync.getRepoStatus", did=person.did)
    assert refusal(with_token)[1] == "RepoNotFound"
    assert bearer("x") == {"authorization": "Bearer x"}
