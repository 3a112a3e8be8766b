"""Blobs and a server that is killed: nothing that was acknowledged is lost, and nothing is left for ever."""

import contextlib
import os
import random
import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from roost.data.cid import Cid
from roost.storage.objects import is_name
from support.blobs import picture, reference
from support.process import ServerProcess
from support.server import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

KILLS = 8


class Someone:
    """An account, and what it knows to be there: blobs that were answered, and records that refer to one."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self.server = server
        body = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD}
        made = httpx.post(self._url("server.createAccount"), json=body, timeout=30).json()
        self.did = str(made["did"])
        self.headers = {"authorization": f"Bearer {made['accessJwt']}"}
        self.uploaded: list[bytes] = []
        self.referred: dict[str, bytes] = {}
        self.removed: list[bytes] = []

    def _url(self, name: str) -> str:
        return f"{self.server.url}/xrpc/com.atproto.{name}"

    def upload(self, data: bytes) -> None:
        """Upload a blob; raises httpx.TransportError when the server is gone."""
        headers = self.headers | {"content-type": "image/png"}
        answer = httpx.post(self._url("repo.uploadBlob"), headers=headers, content=data, timeout=30)
        assert answer.status_code == 200, answer.text
        self.uploaded.append(data)

    def refer(self, rkey: str, data: bytes) -> None:
        """Refer to a blob in a record."""
        self._write("repo.putRecord", rkey, {"record": {"pic": reference(data)}})
        self.referred[rkey] = data

    def remove(self, rkey: str) -> None:
        """Take the record away; from then on nobody knows."""
        data = self.referred.pop(rkey)
        self._write("repo.deleteRecord", rkey, {})
        self.removed.append(data)

    def _write(self, name: str, rkey: str, body: dict[str, object]) -> None:
        where = {"repo": self.did, "collection": "com.example.thing", "rkey": rkey}
        answer = httpx.post(self._url(name), headers=self.headers, json=where | body, timeout=30)
        assert answer.status_code == 200, answer.text

    def storm(self, rng: random.Random, stem: str) -> None:
        """Upload, refer and remove until the server is gone."""
        with contextlib.suppress(httpx.TransportError):
            for n in range(10_000):
                data = picture(f"{self.did} {stem} {n}") + bytes(rng.randrange(400_000))
                self.upload(data)
                if rng.random() < 0.7:
                    self.refer(f"{stem}{n}", data)
                if self.referred and rng.random() < 0.4:
                    self.remove(rng.choice(sorted(self.referred)))

    def fetch(self, data: bytes) -> httpx.Response:
        """Ask for a blob."""
        params = {"did": self.did, "cid": str(Cid.of_raw(data))}
        return httpx.get(self._url("sync.getBlob"), params=params, timeout=30)

    def check(self) -> None:
        """Hold what the server has against what was acknowledged."""
        for data in self.referred.values():
            assert self.fetch(data).content == data
        for data in self.removed:
            assert self.fetch(data).status_code == 400


def objects(data: Path) -> set[str]:
    """Return the names of all objects in a data directory."""
    return {path.name for path in (data / "blobs").glob("??/*") if is_name(path.name)}


def listed(data: Path) -> tuple[set[str], set[str]]:
    """Return the objects that are blobs', and those that are to go."""
    with closing(sqlite3.connect(f"file:{data}/roost.sqlite?mode=ro", uri=True)) as db:
        blobs = {name for (name,) in db.execute("SELECT object FROM blob WHERE object IS NOT NULL")}
        doomed = {name for (name,) in db.execute("SELECT object FROM doomed_object")}
        torn = db.execute(
            "SELECT count(*) FROM record_blob WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = record_blob.cid"
            " AND blob.account = record_blob.account AND temporary_since IS NULL AND object IS NOT NULL)"
        ).fetchone()
        assert torn == (0,), "what a record refers to is here"
        for account, size in db.execute("SELECT account, bytes FROM blob_usage"):
            counted = db.execute("SELECT sum(size) FROM blob WHERE account = ?", (account,)).fetchone()[0]
            assert (counted or 0) == size, "what is counted is what there is"
    return blobs, doomed


def test_kills_lose_no_blob_and_leave_none(server: ServerProcess) -> None:
    """Killed at random moments between uploads, references and removals, the server has what it acknowledged; every
    object is a blob's or will go.
    """
    rng = random.Random()
    people = [Someone(server, f"alice{n}") for n in range(3)]
    for kill in range(KILLS):
        threads = [
            threading.Thread(target=who.storm, args=(random.Random(rng.random()), f"k{kill}x")) for who in people
        ]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.1, 1.0))
        server.kill()
        for thread in threads:
            thread.join(60)

        server.start()
        for who in people:
            who.check()
        blobs, doomed = listed(server.data)
        stored = objects(server.data)
        assert blobs <= stored, "a blob has its bytes"
        assert stored - blobs <= doomed, "and no others stay"
    assert sum(len(who.uploaded) for who in people) > KILLS
    assert sum(len(who.removed) for who in people) > 0
    assert server.stop() == 0


def test_a_kill_in_the_middle_of_an_upload_leaves_nothing(server: ServerProcess) -> None:
    """What had arrived is removed by a later start; no blob comes of it."""
    who = Someone(server, "alice")
    arriving = server.data / "blobs" / "incoming"

    def body() -> Iterator[bytes]:
        for _ in range(1000):
            yield bytes(64 * 1024)
            time.sleep(0.01)

    def send() -> None:
        headers = who.headers | {"content-type": "image/png"}
        with contextlib.suppress(httpx.TransportError):
            httpx.post(who._url("repo.uploadBlob"), headers=headers, content=body(), timeout=30)

    thread = threading.Thread(target=send)
    thread.start()
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size > 500_000 for path in arriving.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    server.kill()
    thread.join(60)
    left = list(arriving.iterdir())
    for path in left:
        os.utime(path, (0, 0))

    server.start()

    assert (len(left), list(arriving.iterdir()), objects(server.data)) == (1, [], set())
    who.upload(picture("after"))


def test_a_kill_between_upload_and_reference(server: ServerProcess) -> None:
    """An answered upload may be referred to after the restart."""
    who = Someone(server, "alice")
    who.upload(picture("kept") + bytes(300_000))
    server.kill()
    server.start()

    who.refer("a", who.uploaded[0])

    who.check()
    assert objects(server.data) == listed(server.data)[0]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="NOT TESTED: no limit on another process's files here")
def test_a_full_disk_refuses_blobs_and_heals(server: ServerProcess) -> None:
    """What has no room is refused without a trace, what has is taken, and with room again so is the rest."""
    who = Someone(server, "alice")
    large, small = picture("large") + bytes(3_000_000), picture("small")
    room = (server.data / "roost.sqlite-wal").stat().st_size + 1_000_000
    resource.prlimit(server.running.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    headers = who.headers | {"content-type": "image/png"}
    refused = [httpx.post(who._url("repo.uploadBlob"), headers=headers, content=large, timeout=30) for _ in range(3)]
    who.upload(small)
    who.refer("small", small)
    left = [*(server.data / "blobs" / "incoming").iterdir()]
    resource.prlimit(server.running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    who.upload(large)
    who.refer("large", large)

    assert {answer.status_code for answer in refused} == {500}
    assert left == []
    who.check()
    assert objects(server.data) == listed(server.data)[0]


def test_a_removal_that_was_killed_goes_on(server: ServerProcess) -> None:
    """Bytes that were to go when the server was killed are gone soon after the next start."""
    who = Someone(server, "alice")
    who.upload(picture("x"))
    who.refer("a", picture("x"))
    server.stop()
    with closing(sqlite3.connect(server.data / "roost.sqlite")) as db:
        # What a kill leaves behind between the commit that removes a blob and the removal of its bytes.
        db.execute("INSERT INTO doomed_object (object, due) SELECT object, 0 FROM blob")
        db.execute("DELETE FROM record_blob")
        db.execute("DELETE FROM blob")
        db.execute("DELETE FROM blob_usage")
        db.commit()
    assert len(objects(server.data)) == 1

    server.start()

    deadline = time.monotonic() + 20
    while objects(server.data) or listed(server.data)[1]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
