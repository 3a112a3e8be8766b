"""An account that moves from the reference server to Roost, and on to another reference server."""

import re
from base64 import b64decode
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from roost import cli
from roost.data import car
from roost.repo import inspect
from support import reference
from support.movers import Killed, answering, killing
from support.reference import Reference
from support.server import Roost, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FIRST, SECOND, THIRD = "the first password", "the second password", "the third password"
EMAIL = "alice@mail.dev"
NOTE = "com.example.note"
RECORDS = 500

IMAGES = {
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "image/jpeg": "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP"
    + "/" * 86
    + "wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=",
    "image/gif": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "image/webp": "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==",
}
"""A point each: the reference server looks at how large they are."""

KINDS = [
    *((kind, b64decode(image)) for kind, image in IMAGES.items()),
    ("video/mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"),
    ("application/pdf", b"%PDF-1.7\n"),
    ("audio/mpeg", b"ID3\x03\x00\x00\x00\x00\x00\x00"),
    ("text/plain", b"only words "),
    ("application/json", b'{"only": "words"}'),
    ("application/octet-stream", b"\x00\x01\x02"),
]
"""Types of files, each with how one begins: servers look."""

SIZES = [1, 100, 1000, 4096, 10_000, 65_536, 100_000, 262_144, 300_000, 500_000]
LARGE = 5_000_000
"""Bytes of the largest: the reference server takes no more than five mebibytes unless it is told to."""

PREFERENCES = [
    {"$type": "app.bsky.actor.defs#adultContentPref", "enabled": True},
    {"$type": "app.bsky.actor.defs#personalDetailsPref", "birthDate": "1990-01-31T00:00:00.000Z"},
]


def files() -> list[tuple[str, bytes]]:
    """Return twenty files, each with its type: of each type a small and a larger one, of all sizes."""
    made = []
    for n in range(20):
        kind, head = KINDS[n % len(KINDS)]
        size = LARGE if n == 14 else SIZES[(n * 7) % len(SIZES)] + n
        made.append((kind, head + (b"%d " % n * size)[:size]))
    return made


FILES = files()


def settle_in(server: Reference) -> tuple[str, str]:
    """Make an account there with records, files and preferences; return its DID and its token."""
    body = {"handle": "alice.test", "email": EMAIL, "password": FIRST}
    made = server.post("com.atproto.server.createAccount", json=body).json()
    did, token = made["did"], made["accessJwt"]
    records: list[dict[str, object]] = [{"$type": NOTE, "text": f"note {n}"} for n in range(RECORDS - len(FILES))]
    for kind, content in FILES:
        uploaded = httpx.post(
            f"{server.url}/xrpc/com.atproto.repo.uploadBlob",
            content=content,
            headers={"authorization": f"Bearer {token}", "content-type": kind},
            timeout=60,
        )
        assert uploaded.status_code == 200, (kind, len(content), uploaded.text)
        records.append({"$type": NOTE, "file": uploaded.json()["blob"]})
    for low in range(0, RECORDS, 100):
        writes = [
            {
                "$type": "com.atproto.repo.applyWrites#create",
                "collection": NOTE,
                "rkey": f"{n:04d}",
                "value": records[n],
            }
            for n in range(low, low + 100)
        ]
        answer = server.post("com.atproto.repo.applyWrites", token, json={"repo": did, "writes": writes})
        assert answer.status_code == 200, answer.text
    put = server.post("app.bsky.actor.putPreferences", token, json={"preferences": PREFERENCES})
    assert put.status_code == 200, put.text
    return did, token


def moved(monkeypatch: pytest.MonkeyPatch, passwords: tuple[str, str], code: Callable[[], str], *words: str) -> None:
    """Run `roost migrate`, with its questions answered."""
    monkeypatch.setenv("ROOST_OLD_PASSWORD", passwords[0])
    monkeypatch.setenv("ROOST_NEW_PASSWORD", passwords[1])
    answering(monkeypatch, code)
    with pytest.raises(SystemExit) as done:
        cli.run(["migrate", *words, "--yes"])
    assert not done.value.code


def tree_of(body: bytes) -> tuple[str, dict[str, bytes]]:
    """Return a repository's root, and its blocks without the commit."""
    found = car.read(body, max_blocks=10_000, max_bytes=1 << 26)
    report = inspect(found.roots[0], found.blocks, None)
    assert report.problems == ()
    assert report.commit is not None
    assert report.records == RECORDS
    return str(report.commit.data), {str(c): b for c, b in found.blocks.items() if c != found.roots[0]}


def blobs(url: str, did: str) -> dict[str, tuple[str, bytes]]:
    """Return all blobs that a server gives, with their types."""
    cids = httpx.get(f"{url}/xrpc/com.atproto.sync.listBlobs", params={"did": did}).json()["cids"]
    found = {}
    for cid in cids:
        answer = httpx.get(f"{url}/xrpc/com.atproto.sync.getBlob", params={"did": did, "cid": cid}, timeout=60)
        assert answer.status_code == 200, answer.text
        found[cid] = (answer.headers["content-type"].partition(";")[0], answer.content)
    return found


def preferences(url: str, token: str) -> list[object]:
    """Return what is kept of the account's preferences."""
    headers = {"authorization": f"Bearer {token}"}
    found = httpx.get(f"{url}/xrpc/app.bsky.actor.getPreferences", headers=headers).json()["preferences"]
    return [each for each in found if each["$type"] != "app.bsky.actor.defs#declaredAgePref"]


def roost_code(roost: Roost) -> str:
    """Return the code in the last mail that the server has sent."""
    found = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}", roost.mailbox.to(EMAIL)[-1].text)
    assert found is not None
    return found[0]


def write_and_delete(roost: Roost, did: str, token: str) -> None:
    """Have the old server stand elsewhere than when the move has looked last, and with the same records."""
    auth = {"authorization": f"Bearer {token}"}
    for method, record in (("createRecord", {"record": {"$type": NOTE}}), ("deleteRecord", {})):
        body = {"repo": did, "collection": NOTE, "rkey": "late"} | record
        assert roost.post(f"com.atproto.repo.{method}", json=body, headers=auth).status_code == 200


def test_from_the_reference_server_to_roost_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record and every byte comes along twice; each old account is closed, and its tokens write nothing more. The
    second move is killed when the identity has changed: it is not undone then, and goes on.
    """
    monkeypatch.chdir(tmp_path)
    folder = reference.installed()
    (tmp_path / "roost").mkdir()
    with ExitStack() as stack:
        roost = stack.enter_context(running(tmp_path / "roost", public_url="http://roost.test:1"))
        one = stack.enter_context(reference.running_reference(folder, tmp_path / "one", roost.plc_url))
        two = stack.enter_context(reference.running_reference(folder, tmp_path / "two", roost.plc_url))
        did, token = settle_in(one)
        before = tree_of(one.get("com.atproto.sync.getRepo", did=did).content)
        had = blobs(one.url, did)
        assert len(had) == 20
        assert {content for _, content in had.values()} == {content for _, content in FILES}

        moved(
            monkeypatch, (FIRST, SECOND), lambda: one.token(EMAIL),
            "in", "alice.test", "--from", one.url, "--to", roost.url, "--plc", roost.plc_url,
        )  # fmt: skip

        assert tree_of(roost.get("com.atproto.sync.getRepo", did=did).content) == before
        assert blobs(roost.url, did) == had
        late = {"repo": did, "collection": NOTE, "record": {"$type": NOTE}}
        assert one.post("com.atproto.repo.createRecord", token, json=late).status_code in (400, 401)
        session = roost.post("com.atproto.server.createSession", json={"identifier": did, "password": SECOND}).json()
        assert session["active"] is True
        assert preferences(roost.url, session["accessJwt"]) == PREFERENCES

        way_out = ("out", "alice.test", "--from", roost.url, "--to", two.url, "--plc", roost.plc_url)
        revive = killing(monkeypatch, "submitPlcOperation", answered=True)
        with pytest.raises(Killed):
            moved(monkeypatch, (SECOND, THIRD), lambda: roost_code(roost), *way_out)
        revive()
        write_and_delete(roost, did, session["accessJwt"])
        with pytest.raises(SystemExit) as undone:
            cli.run(["migrate", "undo", did])
        assert undone.value.code == 1
        moved(monkeypatch, (SECOND, THIRD), lambda: roost_code(roost), *way_out)

        assert tree_of(two.get("com.atproto.sync.getRepo", did=did).content) == before
        assert blobs(two.url, did) == had
        refused = roost.post(
            "com.atproto.repo.createRecord", json=late, headers={"authorization": f"Bearer {session['accessJwt']}"}
        )
        assert refused.json()["error"] == "AccountDeactivated"
        there = two.post(
            "com.atproto.server.createSession", json={"identifier": "alice.test", "password": THIRD}
        ).json()
        assert preferences(two.url, there["accessJwt"]) == PREFERENCES
        assert two.post("com.atproto.repo.createRecord", there["accessJwt"], json=late).status_code == 200
