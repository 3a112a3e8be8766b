"""A whole reference server, taken over from the directory that it has left behind."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import pytest

from roost import cli
from roost.data import car
from roost.repo import inspect
from support import reference
from support.calls import inside
from support.reference import ADMIN_PASSWORD, ROTATION_KEY, Reference
from support.server import Roost, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PASSWORD = "reference password"
NOTE = "com.example.note"


@dataclass
class Left:
    """What a reference server has left behind, and what it said of it while it ran."""

    data: Path
    network: Roost
    dids: dict[str, str] = field(default_factory=dict)
    cars: dict[str, bytes] = field(default_factory=dict)
    blob: str = ""
    app_password: str = ""
    seq: int = 0


def join(server: Reference, name: str) -> tuple[str, str]:
    """Make an account there and return its DID and its token."""
    body = {"handle": f"{name}.test", "email": f"{name.upper()}@mail.dev", "password": PASSWORD}
    made = server.post("com.atproto.server.createAccount", json=body)
    assert made.status_code == 200, made.text
    return made.json()["did"], made.json()["accessJwt"]


def write(server: Reference, did: str, token: str, records: list[dict[str, object]]) -> None:
    """Write records there."""
    writes = [
        {"$type": "com.atproto.repo.applyWrites#create", "collection": NOTE, "rkey": f"{n:03d}", "value": record}
        for n, record in enumerate(records)
    ]
    answer = server.post("com.atproto.repo.applyWrites", token, json={"repo": did, "writes": writes})
    assert answer.status_code == 200, answer.text


def live(server: Reference, left: Left) -> None:
    """Do on the reference server what its people do."""
    for name in ("alice", "bobby", "carol"):
        did, token = join(server, name)
        left.dids[name] = did
        uploaded = httpx.post(
            f"{server.url}/xrpc/com.atproto.repo.uploadBlob",
            content=b"a picture of " + name.encode(),
            headers={"authorization": f"Bearer {token}", "content-type": "text/plain"},
        ).json()["blob"]
        picture: dict[str, object] = {"$type": NOTE, "text": "with a picture", "picture": uploaded}
        notes: list[dict[str, object]] = [{"$type": NOTE, "text": f"note {n}"} for n in range(99)]
        write(server, did, token, [*notes, picture])
        if name == "alice":
            left.blob = uploaded["ref"]["$link"]
            app = {"name": "my app", "privileged": True}
            left.app_password = server.post("com.atproto.server.createAppPassword", token, json=app).json()["password"]
            preferences = {"preferences": [{"$type": "app.bsky.actor.defs#adultContentPref", "enabled": True}]}
            assert server.post("app.bsky.actor.putPreferences", token, json=preferences).status_code == 200
        left.cars[name] = server.get("com.atproto.sync.getRepo", did=did).content
        if name == "bobby":
            assert server.post("com.atproto.server.deactivateAccount", token, json={}).status_code == 200
    admin = ("admin", ADMIN_PASSWORD)
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": left.dids["carol"]}
    body = {"subject": subject, "takedown": {"applied": True, "ref": "because"}}
    taken = server.post("com.atproto.admin.updateSubjectStatus", json=body, auth=admin)
    assert taken.status_code == 200, taken.text
    invite = server.post("com.atproto.server.createInviteCode", json={"useCount": 3}, auth=admin)
    assert invite.status_code == 200, invite.text


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """What three people have left behind; their PLC directory still runs."""
    folder = reference.installed()
    base = tmp_path_factory.mktemp("reference")
    (base / "network").mkdir()
    with running(base / "network") as network:
        found = Left(base / "reference", network)
        with reference.running_reference(folder, base / "reference", network.plc_url) as server:
            live(server, found)
        settings = f"PDS_HOSTNAME=localhost\n{reference.ROTATION_SETTING}={ROTATION_KEY}\n"
        (found.data / "pds.env").write_text(settings)
        yield found


def command(*words: str | Path) -> int:
    """Run a command, and return its code."""
    with pytest.raises(SystemExit) as done:
        cli.run([str(word) for word in words])
    return int(done.value.code or 0)


def squeezed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was answered, with two spaces where there are more."""
    return re.sub(r"  +", "  ", capsys.readouterr().out)


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of every file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_everybody_is_taken_over(left: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Passwords, repositories to the last byte, blobs, states; the old directory stays as it was."""
    before = digests(left.data)
    words = ("import-reference", left.data, "--data", tmp_path / "pds", "--dev")

    assert command(*words, "--dry-run") == 0
    assert not (tmp_path / "pds").exists()
    assert "Accounts  3" in squeezed(capsys)
    assert command(*words) == 0
    assert "Records  300" in squeezed(capsys)
    assert command(*words) == 0
    assert "3 that were here already" in squeezed(capsys)

    assert digests(left.data) == before
    with running(tmp_path, plc_url=left.network.plc_url) as roost:
        check_alice(left, roost)
        check_others(left, roost)


def check_alice(left: Left, roost: Roost) -> None:
    """She signs in as ever, and her repository is the very one that she had."""
    did = left.dids["alice"]
    for _ in range(2):  # the second time against a hash of ours
        body = {"identifier": "alice@mail.dev", "password": PASSWORD}
        session = roost.post("com.atproto.server.createSession", json=body)
        assert session.status_code == 200, session.text
        app = {"identifier": "alice.test", "password": left.app_password}
        assert roost.post("com.atproto.server.createSession", json=app).status_code == 200
    wrong = {"identifier": "alice.test", "password": "wrong password"}
    assert roost.post("com.atproto.server.createSession", json=wrong).status_code == 401
    old, new = (
        car.read(body, max_blocks=10_000, max_bytes=1 << 24)
        for body in (left.cars["alice"], roost.get("com.atproto.sync.getRepo", did=did).content)
    )
    assert (new.roots, new.blocks) == (old.roots, old.blocks)
    blob = roost.get("com.atproto.sync.getBlob", did=did, cid=left.blob)
    assert (blob.status_code, blob.content) == (200, b"a picture of alice")
    token = {"authorization": f"Bearer {session.json()['accessJwt']}"}
    listed = roost.client.get("/xrpc/com.atproto.server.listAppPasswords", headers=token).json()["passwords"]
    assert [(each["name"], each["privileged"]) for each in listed] == [("my app", True)]
    assert preferences_of(roost, did) == [{"$type": "app.bsky.actor.defs#adultContentPref", "enabled": True}]
    record = {"repo": did, "collection": NOTE, "record": {"$type": NOTE, "text": "here"}}
    made = roost.post("com.atproto.repo.createRecord", json=record, headers=token)
    assert made.status_code == 200, made.text
    before = inspect(old.roots[0], old.blocks, None).commit
    assert before is not None
    assert made.json()["commit"]["rev"] > before.rev


def preferences_of(roost: Roost, did: str) -> object:
    """Return what is kept of an account's preferences."""
    server = roost.app.server
    assert server is not None
    sql = "SELECT json FROM preference WHERE account = (SELECT id FROM account WHERE did = ?)"
    row = inside(roost, server.db.read(lambda tx: tx.one(sql, did)))
    assert row is not None
    return orjson.loads(row[0])


def check_others(left: Left, roost: Roost) -> None:
    """One is deactivated and one taken down, as they were; the directory knows one of the server's keys for both."""
    assert roost.get("com.atproto.sync.getRepo", did=left.dids["bobby"]).json()["error"] == "RepoDeactivated"
    assert roost.get("com.atproto.sync.getRepo", did=left.dids["carol"]).json()["error"] == "RepoTakendown"
    bobby = {"identifier": "bobby.test", "password": PASSWORD}
    assert roost.post("com.atproto.server.createSession", json=bobby).json()["status"] == "deactivated"
    carol = {"identifier": "carol.test", "password": PASSWORD}
    assert roost.post("com.atproto.server.createSession", json=carol).json()["error"] == "AccountTakedown"


def test_what_is_damaged_is_left_out_and_told(left: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An account whose key is gone, a blob that is not what it was; all else is taken."""
    copy = tmp_path / "copy"
    shutil.copytree(left.data, copy)
    next(copy.glob(f"actors/*/{left.dids['carol']}/key")).unlink()
    (copy / "blobs" / left.dids["alice"] / left.blob).write_bytes(b"something else")
    words = ("import-reference", copy, "--data", tmp_path / "pds", "--dev")

    assert command(*words, "--dry-run") == 1
    first = squeezed(capsys)
    assert command(*words) == 1
    second = squeezed(capsys)

    for told in (first, second):
        assert f"alice.test: blob {left.blob} is damaged" in told
        assert "carol.test: not taken over" in told
        assert "Accounts  2" in told
    with running(tmp_path, plc_url=left.network.plc_url) as roost:
        found = roost.get("com.atproto.sync.listBlobs", did=left.dids["alice"])
        assert found.json()["cids"] == [left.blob]
        assert roost.get("com.atproto.sync.getBlob", did=left.dids["alice"], cid=left.blob).status_code == 400
        assert roost.get("com.atproto.sync.getRepoStatus", did=left.dids["carol"]).json()["error"] == "RepoNotFound"


def test_a_server_that_still_runs(left: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its accounts would go on without us."""
    folder = reference.installed()
    shutil.copytree(left.data, tmp_path / "copy")

    with reference.running_reference(folder, tmp_path / "copy", left.network.plc_url):
        assert command("import-reference", tmp_path / "copy", "--data", tmp_path / "pds", "--dev") == 1

    assert "stop the reference server first" in capsys.readouterr().err
