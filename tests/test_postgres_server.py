"""The whole server on PostgreSQL: what it answers does not tell which engine is behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from roost.data import car
from roost.repo import inspect
from support import postgres
from support.server import PASSWORD, Roost, running

pytestmark = pytest.mark.slow


@pytest.fixture
def url() -> str:
    """The URL of an empty database."""
    return postgres.schema_url()


@pytest.fixture
def server(tmp_path: Path, url: str) -> Iterator[Roost]:
    """A server on that database."""
    with running(tmp_path, database_url=url) as server:
        yield server


def note(n: int) -> dict[str, object]:
    """Return the n-th record."""
    return {"$type": "com.example.note", "n": n}


def test_both_generations_write_to_one_repository(server: Roost) -> None:
    """An account, records of each generation, a deletion, an export that verifies, and the end of the account."""
    alice = server.person()
    params = {"did": alice.did, "type": "com.example.note", "validate": "false"}
    old = [alice.post("com.atproto.repoCreateRecord", params=params, json=note(n)) for n in range(20)]
    new = alice.post(
        "com.atproto.repo.createRecord", json={"repo": alice.did, "collection": "com.example.note", "record": note(20)}
    )
    assert [answer.status_code for answer in (*old, new)] == [200] * 21
    gone = old[3].json()["uri"].rpartition("/")[2]
    deleted = alice.post(
        "com.atproto.repoDeleteRecord", params={"did": alice.did, "type": "com.example.note", "tid": gone}
    )
    assert deleted.status_code == 200

    listed = alice.get("com.atproto.repoListRecords", nameOrDid=alice.handle, type="com.example.note").json()["records"]
    exported = server.get("com.atproto.sync.getRepo", did=alice.did)
    found = car.read(exported.content, max_blocks=1000, max_bytes=1 << 24)
    report = inspect(found.roots[0], found.blocks, None)

    assert [record["value"]["n"] for record in listed] == [n for n in range(21) if n != 3]
    assert (report.problems, report.records, report.unused) == ((), 20, 0)
    assert alice.post("com.atproto.deleteAccount").status_code == 200
    assert server.get("com.atproto.syncGetRoot", did=alice.did).status_code == 400


def test_everything_is_there_after_a_restart(tmp_path: Path, url: str) -> None:
    """The next process on the same database knows the account, its password and its token."""
    with running(tmp_path, database_url=url) as first:
        alice = first.person()
    with running(tmp_path, database_url=url) as second:
        body = {"username": alice.handle, "password": PASSWORD}
        session = second.post("com.atproto.createSession", json=body)
        account = second.client.get("/xrpc/com.atproto.getSession", headers=alice.auth)

    assert (session.status_code, account.status_code) == (200, 200)
    assert session.json()["did"] == account.json()["did"] == alice.did
