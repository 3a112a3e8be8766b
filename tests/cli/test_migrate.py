"""`roost migrate`: an account moves between two servers that run."""

from pathlib import Path

import orjson
import pytest

from roost.cli.peer import Refused
from roost.crypto.keys import PrivateKey
from roost.storage import accounts
from roost.storage.db import Tx
from roost.syntax import Did
from support.calls import bearer, create, inside, refusal
from support.command import Command
from support.movers import (
    NEW,
    PICTURE,
    PREFERENCES,
    Killed,
    answering,
    code_in,
    killing,
    meddling,
    modern,
    owner,
    records,
    resident,
    upload,
    words,
)
from support.server import PASSWORD, Person, Roost

pytestmark = pytest.mark.usefixtures("passwords")


def rotation_keys(roost: Roost, person: Person) -> list[str]:
    """Return the keys that may change somebody's DID."""
    return list(roost.client.get(f"{roost.plc_url}/{person.did}/data").json()["rotationKeys"])


def sessions_of(server: Roost, person: Person) -> int:
    """Return how many sessions somebody's account has."""
    open_server = server.app.server
    assert open_server is not None

    def count(tx: Tx) -> int:
        account = accounts.by_did(tx, Did(person.did))
        assert account is not None
        row = tx.one("SELECT count(*) FROM session WHERE account = ?", account.id)
        assert row is not None
        return int(row[0])

    return inside(server, open_server.db.read(count))


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


def test_a_recovery_key_stays_in_front(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner's own key outranks the new server's, and is named; the old server's key is gone."""
    key = PrivateKey.generate().public.did_key
    person = owner(roost, recoveryKey=key)
    answering(monkeypatch, lambda: code_in(roost, person.email))
    before = rotation_keys(roost, person)

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert f"yes, it stays the most powerful one: {key}" in ran.out.replace("\n", "")
    after = rotation_keys(roost, person)
    assert (before[0], after[0], len(after)) == (key, key, 2)
    assert before[1] != after[1]


def test_nobody_is_told_of_a_recovery_key_that_they_do_not_have(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the new server's key is in the DID already."""
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))
    revive = killing(monkeypatch, "activateAccount", answered=False)
    with pytest.raises(Killed):
        command(*words(roost, there, person))
    revive()

    ran = command(*words(roost, there, person))
    again = command(*words(roost, there, person))

    assert (ran.code, again.code) == (0, 0), ran.err + again.err
    assert "the most powerful one" not in ran.out + again.out


def test_old_sessions_write_nothing_and_the_movers_own_end(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed account keeps its sessions, so that its owner can come back: they read, and do what moving takes, but no
    record is written with them. Those that the move has opened, on either server, are over.
    """
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))
    before = sessions_of(roost, person)

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert (sessions_of(roost, person), sessions_of(there, person)) == (before, 0)
    assert refusal(create(person, {"late": True}))[:2] == (401, "AccountDeactivated")
    told = person.get("com.atproto.server.getSession").json()
    assert (told["active"], told["status"]) == (False, "deactivated")
    assert person.get("com.atproto.server.checkAccountStatus").json()["validDid"] is False
    assert upload(person, b"nobody will see it")
    assert person.post("app.bsky.actor.putPreferences", json={"preferences": []}).status_code == 200
    assert person.get("com.atproto.server.getServiceAuth", aud="did:web:a.test", lxm="a.b.c").status_code == 200
    assert person.post("com.atproto.server.activateAccount").status_code == 400


def test_a_session_of_a_move_that_fails_ends_too(roost: Roost, there: Roost, command: Command) -> None:
    """Whatever comes of it."""
    person = owner(roost)
    before = sessions_of(roost, person)

    assert command(*words(roost, there, person, "--dry-run")).code == 0
    assert command(*words(roost, there, person, "--handle", "someone.elsewhere.dev")).code == 1

    assert sessions_of(roost, person) == before


def test_an_account_that_was_taken_down_moves(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its handle, with all that it has, and with its recovery key."""
    key = PrivateKey.generate().public.did_key
    person = owner(roost, recoveryKey=key)
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}
    body = {"subject": subject, "takedown": {"applied": True}}
    assert roost.post("com.atproto.admin.updateSubjectStatus", json=body, auth=roost.admin).status_code == 200
    answering(monkeypatch, lambda: "AAAAA-AAAAA")
    dry = command(*words(roost, there, person, "--dry-run"))
    stopped = command(*words(roost, there, person))
    answering(monkeypatch, lambda: code_in(roost, person.email))

    ran = command(*words(roost, there, person))

    assert dry.code == 0, dry.out + dry.err
    assert "refused signPlcOperation" in stopped.err
    assert ran.code == 0, ran.out + ran.err
    assert len(records(there, person.did)) == 4
    (cid,) = there.get("com.atproto.sync.listBlobs", did=person.did).json()["cids"]
    assert there.get("com.atproto.sync.getBlob", did=person.did, cid=cid).content == PICTURE
    arrived = modern(there, person, NEW)
    assert arrived.get("app.bsky.actor.getPreferences").json()["preferences"] == PREFERENCES
    assert rotation_keys(roost, person)[0] == key
    assert len(rotation_keys(roost, person)) == 2


def test_a_busy_server_does_not_cost_the_preferences(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move stops, and brings them when it is gone on with."""
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))

    def refuse() -> None:
        raise Refused("the new server", "app.bsky.actor.putPreferences", 503, "NotEnoughResources", "busy")

    meddling(monkeypatch, "putPreferences", refuse)

    stopped = command(*words(roost, there, person))
    ran = command(*words(roost, there, person))

    assert stopped.code == 1
    assert "busy" in stopped.err
    assert ran.code == 0, ran.out + ran.err
    arrived = modern(there, person, NEW)
    assert arrived.get("app.bsky.actor.getPreferences").json()["preferences"] == PREFERENCES


def test_names_that_are_somebody_elses_there(roost: Roost, there: Roost, command: Command) -> None:
    """A handle is told of before anything is done; an address too, where the new server is on this machine."""
    person = owner(roost)
    other = resident(there)
    here = ["--data", str(there.data), "--dev"]
    arriving = ["migrate", "in", person.handle, "--from", roost.url, "--to", there.url, "--plc", roost.plc_url]

    handle = command(*words(roost, there, person, "--dry-run", "--handle", other.handle))
    elsewhere = command(*words(roost, there, person, "--dry-run", "--email", other.email))
    email = command(*arriving, "--dry-run", "--email", other.email, *here)

    assert (handle.code, elsewhere.code, email.code) == (1, 0, 1)
    assert f"the handle {other.handle}, which is somebody else's ({other.did})" in handle.out.replace("\n", "")
    assert f"whether it takes {other.email}" in elsewhere.err.replace("\n", "")
    assert f"The email {other.email} belongs to {other.did} there" in email.out.replace("\n", "")


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
