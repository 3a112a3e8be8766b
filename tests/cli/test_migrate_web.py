"""`roost migrate` for a did:web: its document is its owner's to change, and nobody can do that for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.calls import create, refusal
from support.command import Command
from support.movers import (
    NEW,
    Killed,
    WebHost,
    answering,
    code_in,
    killing,
    modern,
    records,
    web_host,
    web_owner,
    words,
)
from support.server import Person, Roost, running

pytestmark = pytest.mark.usefixtures("passwords")

NEW_HOME = "http://home.test:1"

Scene = tuple[Roost, Roost, Person, WebHost]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Two servers that trust the host of somebody's did:web, who has an account on the first."""
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    with web_host() as host, running(tmp_path / "from", trusted_origins=host.origin) as old:
        flags = {"plc_url": old.plc_url, "public_url": NEW_HOME, "trusted_origins": host.origin}
        with running(tmp_path / "to", **flags) as new:
            monkeypatch.setenv("ROOST_TRUSTED_ORIGINS", host.origin)
            yield old, new, web_owner(old, host), host


def key_at(server: Roost, person: Person, password: str) -> str:
    """Return the signing key that somebody's document has to name for a server."""
    wanted = modern(server, person, password).get("com.atproto.identity.getRecommendedDidCredentials").json()
    return str(wanted["verificationMethods"]["atproto"])


def test_it_waits_for_the_document(scene: Scene, command: Command) -> None:
    """What the document must say is told; until it does nothing has changed; then the move ends, with what was
    written in between.
    """
    old, new, person, host = scene

    asked = command(*words(old, new, person))
    again = command(*words(old, new, person))
    key = key_at(new, person, NEW)
    assert create(person, {"meanwhile": True}).status_code == 200
    host.write(key=key, endpoint=NEW_HOME, handle=person.handle)
    ran = command(*words(old, new, person))

    said = asked.out.replace("\n", "").replace(" ", "")
    assert (asked.code, again.code) == (1, 1)
    assert "This is a did:web" in asked.err
    for wanted in (f'"atproto":"{key}"', f'"endpoint":"{NEW_HOME}"', "AtprotoPersonalDataServer", person.handle):
        assert wanted in said
    assert "does not say that yet" in asked.err.replace("\n", " ")
    assert ran.code == 0, ran.out + ran.err
    assert records(new, person.did) == [{"number": 0}, {"meanwhile": True}]
    assert new.get("com.atproto.sync.getRepoStatus", did=person.did).json()["active"] is True
    assert refusal(old.get("com.atproto.sync.getLatestCommit", did=person.did))[1] == "RepoDeactivated"
    assert list(Path().iterdir()) == []


def test_it_can_be_undone_until_the_document_has_changed(
    scene: Scene, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document is fetched anew for that: whoever has changed it without telling anybody loses nothing."""
    old, new, person, host = scene
    assert command(*words(old, new, person)).code == 1
    before = host.document
    host.write(key=key_at(new, person, NEW), endpoint=NEW_HOME, handle=person.handle)
    answering(monkeypatch, lambda: code_in(new, person.email))

    refused = command("migrate", "undo", person.did)
    kept = new.get("com.atproto.sync.getRepoStatus", did=person.did)
    host.document = before
    ran = command("migrate", "undo", person.did)

    assert refused.code == 1
    assert kept.status_code == 200
    assert ran.code == 0, ran.out + ran.err
    assert refusal(new.get("com.atproto.sync.getRepoStatus", did=person.did))[1] == "RepoNotFound"
    assert create(person, {"still": "here"}).status_code == 200


def test_the_document_may_be_changed_first(scene: Scene, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything has come along, although the DID leads to the new server already."""
    old, new, person, host = scene
    revive = killing(monkeypatch, "importRepo", answered=False)
    with pytest.raises(Killed):
        command(*words(old, new, person))
    revive()
    host.write(key=key_at(new, person, NEW), endpoint=NEW_HOME, handle=person.handle)

    ran = command(*words(old, new, person))

    assert ran.code == 0, ran.out + ran.err
    assert records(new, person.did) == [{"number": 0}]
