"""What stands in the way of a move, found before it."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from roost.cli import carrying, preflight
from roost.cli.carrying import blobs_of
from roost.cli.move_state import MoveState
from roost.cli.peer import Peer
from roost.cli.preflight import Findings
from roost.config import Config, load
from support.server import PASSWORD, Person, Roost, running


def examined(old: Roost, new: Roost, person: Person, *, here: Config | None = None, **changed: str) -> Findings:
    """Look at the move of somebody."""
    state = MoveState(person.did, old.url, new.url, changed.get("handle", person.handle), person.email)
    with closing(Peer("the old server", old.url)) as one, closing(Peer("the new server", new.url)) as two:
        one.sign_in(person.handle, PASSWORD)
        invite, own = changed.get("invite"), {"yes": ["did:key:mine"], "no": []}.get(changed.get("own", "no"))
        return preflight.examine(one, two, state, invite=invite, own_keys=own, thorough=True, here=here)


def with_blobs(person: Person, *contents: bytes) -> None:
    """Give somebody records with blobs."""
    for content in contents:
        headers = person.auth | {"content-type": "text/plain"}
        blob = person.client.post("/xrpc/com.atproto.repo.uploadBlob", content=content, headers=headers).json()["blob"]
        body = {"repo": person.did, "collection": "com.example.pic", "record": {"pic": blob}}
        assert person.post("com.atproto.repo.createRecord", json=body).status_code == 200


def test_a_move_that_can_be_made(roost: Roost) -> None:
    """The facts are told: how much, under which name, where the code goes."""
    person = roost.person()
    with_blobs(person, b"one", b"three")

    found = examined(roost, roost, person, own="yes")

    facts = dict(found.facts)
    assert found.obstacles == []
    assert facts["Files"] == "2, 8 bytes"
    assert facts["Records"].startswith("2, ")
    assert facts["Code goes to"] == person.email
    assert facts["Your own recovery key"].startswith("yes")


def test_what_stops_it(roost: Roost, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No invite code, a handle that is not to be had there; a file that is too large there is only a warning."""
    person = roost.person()
    with_blobs(person, b"x" * 2000)
    flags = {"invite_required": True, "handle_domains": ".elsewhere.dev", "blob_limit": 1000, "plc_url": roost.plc_url}
    with running(tmp_path_factory.mktemp("other"), **flags) as other:
        found = examined(roost, other, person)
        better = examined(roost, other, person, invite="code", handle="alice.elsewhere.dev")

    assert [text.partition(":")[0] for text in found.obstacles] == [
        "The new server wants an invite code",
        f"The new server cannot give the handle {person.handle}",
    ]
    assert better.obstacles == []
    assert "is larger than the 1.0 KB" in better.warnings[0]


def test_an_administrator_who_is_not_let_in(roost: Roost) -> None:
    """It is told what could not be found out, and stops nothing."""
    person = roost.person()
    known = load(flags={"dev": True, "data": roost.data, "admin_password": "not the administrator's"})

    found = examined(roost, roost, person, here=known)

    assert found.obstacles == []
    assert found.warnings[0].startswith("Whether the names are free on the new server cannot be told:")


def test_what_does_not_fit_on_this_machine(roost: Roost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new server's settings are known, its limits are, and its disk."""
    person = roost.person()
    with_blobs(person, b"x" * 2000)
    small = {"import_limit": 100, "blob_quota": 1000, "plc_url": roost.plc_url}
    with running(tmp_path, **small) as tight:
        known = load(flags={"dev": True, "data": tight.data} | small)
        found = examined(roost, tight, person, here=known)
        closed = examined(roost, tight, person, here=replace(known, accept_imports=False))
        roomy = replace(known, import_limit=1 << 20, blob_quota=1 << 20)
        fits = examined(roost, tight, person, here=roomy)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10_000, 9_000, 1_000))
        full = examined(roost, tight, person, here=roomy)

    assert [text.partition(" (ROOST")[0] for text in found.obstacles] == [
        "The repository is larger than the 100 bytes that the new server takes in",
        "The files are more than the 1.0 KB that an account may have on the new server",
    ]
    assert closed.obstacles[0] == "The new server takes no repositories in: set ROOST_ACCEPT_IMPORTS"
    assert (fits.obstacles, fits.warnings) == ([], [])
    assert full.obstacles[0].startswith(f"The new server's disk has 1.0 KB left in {known.data}, and needs")


def test_blobs_are_listed_to_the_end(roost: Roost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page."""
    monkeypatch.setattr(carrying, "PAGE", 2)
    person = roost.person()
    with_blobs(person, *[b"%d" % n for n in range(5)])

    with closing(Peer("here", roost.url)) as here:
        assert len(set(blobs_of(here, person.did))) == 5
