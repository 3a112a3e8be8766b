"""What tests of methods do with a server: call it as clients of today do, many times at once, and read its refusals."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from roost.data import car
from roost.data.cid import Cid
from roost.repo import Report, inspect
from support.server import PASSWORD, Person, Roost

T = TypeVar("T")

THING = "com.example.thing"
"""A type of record that no lexicon document describes."""

POST = "app.bsky.feed.post"
WHEN = "2026-11-23T10:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Session:
    """The tokens of a session of today."""

    access: str
    refresh: str
    roost: Roost

    def get(self) -> httpx.Response:
        """Use the access token."""
        return self.roost.client.get("/xrpc/com.atproto.server.getSession", headers=bearer(self.access))

    def renew(self) -> httpx.Response:
        """Use the refresh token."""
        return self.roost.client.post("/xrpc/com.atproto.server.refreshSession", headers=bearer(self.refresh))

    def end(self) -> httpx.Response:
        """Sign out."""
        return self.roost.client.post("/xrpc/com.atproto.server.deleteSession", headers=bearer(self.refresh))


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents a token."""
    return {"authorization": f"Bearer {token}"}


def session_of(roost: Roost, answer: httpx.Response) -> Session:
    """Return the session that an answer gives."""
    assert answer.status_code == 200, answer.text
    return Session(answer.json()["accessJwt"], answer.json()["refreshJwt"], roost)


def sign_in(roost: Roost, person: Person, password: str = PASSWORD) -> Session:
    """Open a session of today's kind."""
    body = {"identifier": person.handle, "password": password}
    return session_of(roost, roost.post("com.atproto.server.createSession", json=body))


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Return the status, the name and the text of a refusal."""
    told = answer.json()
    assert set(told) == {"error", "message"}, told
    return answer.status_code, told["error"], told["message"]


def at_once(times: int, call: Callable[[int], T]) -> list[T]:
    """Make so many calls at the same moment, each from a thread of its own."""
    gate = threading.Barrier(times)

    def run(number: int) -> T:
        gate.wait(10)
        return call(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def create(person: Person, record: object, collection: str = THING, **extra: object) -> httpx.Response:
    """Call createRecord."""
    body = {"repo": person.did, "collection": collection, "record": record} | extra
    return person.post("com.atproto.repo.createRecord", json=body)


def put(person: Person, rkey: str, record: object, collection: str = THING, **extra: object) -> httpx.Response:
    """Call putRecord."""
    body = {"repo": person.did, "collection": collection, "rkey": rkey, "record": record} | extra
    return person.post("com.atproto.repo.putRecord", json=body)


def delete(person: Person, rkey: str, collection: str = THING, **extra: object) -> httpx.Response:
    """Call deleteRecord."""
    body = {"repo": person.did, "collection": collection, "rkey": rkey} | extra
    return person.post("com.atproto.repo.deleteRecord", json=body)


def apply(person: Person, *writes: dict[str, object], **extra: object) -> httpx.Response:
    """Call applyWrites; the action of each write is given as `action`."""
    full = [
        {"$type": f"com.atproto.repo.applyWrites#{write['action']}", "collection": THING}
        | {name: value for name, value in write.items() if name != "action"}
        for write in writes
    ]
    return person.post("com.atproto.repo.applyWrites", json={"repo": person.did, "writes": full} | extra)


def fill(person: Person, records: int) -> None:
    """Make records 00, 01, … in one commit."""
    writes: list[dict[str, object]] = [
        {"action": "create", "rkey": f"{n:02d}", "value": {"n": n}} for n in range(records)
    ]
    answer = apply(person, *writes)
    assert answer.status_code == 200, answer.text


def read(person: Person, rkey: str, collection: str = THING, **extra: object) -> httpx.Response:
    """Call getRecord."""
    return person.get("com.atproto.repo.getRecord", repo=person.did, collection=collection, rkey=rkey, **extra)


def head(person: Person) -> tuple[str, str]:
    """Return the CID and the rev of a repository."""
    answer = person.get("com.atproto.sync.getLatestCommit", did=person.did)
    assert answer.status_code == 200, answer.text
    return answer.json()["cid"], answer.json()["rev"]


def rkey_of(answer: httpx.Response) -> str:
    """Return the record key in the URI of an answer."""
    assert answer.status_code == 200, answer.text
    return str(answer.json()["uri"]).rpartition("/")[2]


def exported(person: Person, **params: object) -> car.Car:
    """Return a repository's CAR, or what it has gained."""
    answer = person.get("com.atproto.sync.getRepo", did=person.did, **params)
    assert answer.status_code == 200, answer.text
    return car.read(answer.content, max_blocks=100_000, max_bytes=1 << 28)


def inspected(person: Person) -> Report:
    """Fetch a repository and judge it, without its signature."""
    found = exported(person)
    (root,) = found.roots
    return inspect(Cid(root), found.blocks, None)


def set_status(roost: Roost, person: Person, status: str | None) -> None:
    """Give an account another status: no method can, so far."""
    server = roost.app.server
    assert server is not None

    async def change() -> None:
        await server.db.write(lambda tx: tx.run("UPDATE account SET status = ? WHERE did = ?", status, person.did))

    inside(roost, change())


def inside(roost: Roost, work: Coroutine[Any, Any, T]) -> T:
    """Run something on the server's own event loop and return what comes of it."""
    return asyncio.run_coroutine_threadsafe(work, roost.loop).result(10)
