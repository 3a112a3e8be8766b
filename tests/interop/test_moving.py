"""An account that moves from the reference server to Roost, and on to another reference server."""

import re
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
PICTURES = [b"picture %d " % n * (n + 1) * 100 for n in range(10)]


def settle_in(server: Reference) -> tuple[str, str]:
    """Make an account there with a thousand records and ten pictures; return its DID and its token."""
    body = {"handle": "alice.test", "email": EMAIL, "password": FIRST}
    made = server.post("com.atproto.server.createAccount", json=body).json()
    did, token = made["did"], made["accessJwt"]
    records: list[dict[str, object]] = [{"$type": NOTE, "text": f"note {n}"} for n in range(990)]
    for each in PICTURES:
        uploaded = httpx.post(
            f"{server.url}/xrpc/com.atproto.repo.uploadBlob",
            content=each,
            headers={"authorization": f"Bearer {token}", "content-type": "image/png"},
        )
        records.append({"$type": NOTE, "picture": uploaded.json()["blob"]})
    for low in range(0, 1000, 200):
        writes = [
            {
                "$type": "com.atproto.repo.applyWrites#create",
                "collection": NOTE,
                "rkey": f"{n:04d}",
                "value": records[n],
            }
            for n in range(low, low + 200)
        ]
        answer = server.post("com.atproto.repo.applyWrites", token, json={"repo": did, "writes": writes})
        assert answer.status_code == 200, answer.text
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
    assert report.records == 1000
    return str(report.commit.data), {str(c): b for c, b in found.blocks.items() if c != found.roots[0]}


def pictures(url: str, did: str) -> set[bytes]:
    """Return all blobs that a server gives."""
    cids = httpx.get(f"{url}/xrpc/com.atproto.sync.listBlobs", params={"did": did}).json()["cids"]
    return {httpx.get(f"{url}/xrpc/com.atproto.sync.getBlob", params={"did": did, "cid": cid}).content for cid in cids}


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

        moved(
            monkeypatch, (FIRST, SECOND), lambda: one.token(EMAIL),
            "in", "alice.test", "--from", one.url, "--to", roost.url, "--plc", roost.plc_url,
        )  # fmt: skip

        assert tree_of(roost.get("com.atproto.sync.getRepo", did=did).content) == before
        assert pictures(roost.url, did) == set(PICTURES)
        late = {"repo": did, "collection": NOTE, "record": {"$type": NOTE}}
        assert one.post("com.atproto.repo.createRecord", token, json=late).status_code in (400, 401)
        session = roost.post("com.atproto.server.createSession", json={"identifier": did, "password": SECOND}).json()
        assert session["active"] is True

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
        assert pictures(two.url, did) == set(PICTURES)
        refused = roost.post(
            "com.atproto.repo.createRecord", json=late, headers={"authorization": f"Bearer {session['accessJwt']}"}
        )
        assert refused.json()["error"] == "AccountDeactivated"
        there = two.post(
            "com.atproto.server.createSession", json={"identifier": "alice.test", "password": THIRD}
        ).json()
        assert two.post("com.atproto.repo.createRecord", there["accessJwt"], json=late).status_code == 200
