"""A server that is killed while handles are changed: afterwards it and the directory agree, and so do the events."""

import contextlib
import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest

from support.house import opened
from support.process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

KILLS = 8
PEOPLE = 4
LONGEST = 0.4
"""Seconds of changes before a kill at the most: some dozens of them, so that it hits a different step each time."""

SETTLED_SECONDS = 20.0
"""A start looks at once at what was left; this is for a machine that does other things too."""


@dataclass
class Person:
    """An account, and the handles that it was given for certain."""

    did: str
    handle: str
    jwt: str


def register(server: ServerProcess, name: str) -> Person:
    """Make an account."""
    body = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": "correct horse"}
    made = httpx.post(f"{server.url}/xrpc/com.atproto.server.createAccount", json=body, timeout=30).json()
    return Person(made["did"], made["handle"], made["accessJwt"])


def change_until_gone(server: ServerProcess, person: Person, stem: str) -> None:
    """Change the account's handle again and again, and note each that was acknowledged."""
    with httpx.Client(base_url=server.url, timeout=10) as client, contextlib.suppress(httpx.TransportError):
        for n in range(10_000):
            answer = client.post(
                "/xrpc/com.atproto.identity.updateHandle",
                json={"handle": f"{stem}{n}.test"},
                headers={"authorization": f"Bearer {person.jwt}"},
            )
            # After a kill the first change may have to wait for the last one: that is a refusal, and no change.
            if answer.status_code == 200:
                person.handle = f"{stem}{n}.test"


def agree(server: ServerProcess, person: Person) -> str | None:
    """Return the handle that both sides have, None if they differ."""
    theirs = httpx.get(f"{server.plc_url}/{person.did}").json()["alsoKnownAs"][0].removeprefix("at://")
    ours = httpx.get(f"{server.url}/xrpc/com.atproto.repo.describeRepo", params={"repo": person.did}).json()["handle"]
    return str(ours) if ours == theirs else None


def settled(server: ServerProcess, person: Person) -> str:
    """Wait until both sides have one handle, and return it."""
    end = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < end:
        handle = agree(server, person)
        if handle is not None:
            return handle
        time.sleep(0.05)
    raise AssertionError(f"{person.did} has two handles")


def told(server: ServerProcess, person: Person) -> object:
    """Return the handle that the account's last #identity tells, as it stands in the file."""
    with closing(sqlite3.connect(f"file:{server.data / 'roost.sqlite'}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT frame FROM event WHERE account = (SELECT id FROM account WHERE did = ?) ORDER BY seq", (person.did,)
        ).fetchall()
    return [body["handle"] for name, body in (opened(frame) for (frame,) in rows) if name == "#identity"][-1]


def test_kills_leave_no_two_handles(server: ServerProcess) -> None:
    """Whichever step a kill hits: nothing acknowledged is lost, both sides agree, and the last event says so."""
    rng = random.Random()
    people = [register(server, f"person{n}") for n in range(PEOPLE)]

    for kill in range(KILLS):
        threads = [
            threading.Thread(target=change_until_gone, args=(server, person, f"p{n}-{kill}-"))
            for n, person in enumerate(people)
        ]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.02, LONGEST))
        server.kill()
        for thread in threads:
            thread.join(30)
        server.start()

        for person in people:
            handle = settled(server, person)
            assert told(server, person) == handle
            assert _number(handle) >= _number(person.handle), "an acknowledged handle is lost"


def _number(handle: str) -> tuple[int, int]:
    """Return the place of a handle in the order in which it was asked for."""
    _, kill, n = [*handle.removesuffix(".test").split("-"), "-1", "-1"][:3]
    return int(kill), int(n)
