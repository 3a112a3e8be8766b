"""A server that is killed while a large repository comes in has the old one or the new one, and no mixture."""

import contextlib
import random
import threading
import time
from secrets import token_hex

import httpx
import pytest

from roost.crypto import service_jwt
from roost.crypto.keys import PrivateKey
from roost.data import car
from roost.identity import plc
from roost.repo import Create, inspect
from support.moving import CAR, CREATE
from support.process import ServerProcess
from support.repos import MemoryRepo, record
from support.server import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

KILLS = 5
RECORDS = 25_000
"""More than are moved at once, so that there is a time in which some have moved and others have not."""


def settle_in(server: ServerProcess) -> MemoryRepo:
    """Give a DID of its own an account, and return the repository that it has elsewhere, empty."""
    key, rotation = PrivateKey.generate(), PrivateKey.generate()
    state = plc.State((rotation.public.did_key,), {"atproto": key.public.did_key}, (), {})
    first = plc.genesis(state, rotation)
    did = plc.did_of(first)
    assert httpx.post(f"{server.plc_url}/{did}", json=plc.to_json(first)).status_code == 200
    now = int(time.time())
    service = httpx.get(f"{server.url}/xrpc/com.atproto.server.describeServer").json()["did"]
    claims: dict[str, object] = {"iss": did, "aud": service, "exp": now + 60, "iat": now, "lxm": CREATE}
    token = service_jwt.encode(claims | {"jti": token_hex(16)}, key)
    body = {"did": did, "handle": "mover.test", "email": "mover@mail.test", "password": PASSWORD}
    made = httpx.post(f"{server.url}/xrpc/{CREATE}", json=body, headers={"authorization": f"Bearer {token}"})
    assert made.status_code == 200, made.text
    return MemoryRepo(did, key)


def session(server: ServerProcess) -> dict[str, str]:
    """Sign in."""
    body = {"identifier": "mover.test", "password": PASSWORD}
    answer = httpx.post(f"{server.url}/xrpc/com.atproto.server.createSession", json=body)
    return {"authorization": f"Bearer {answer.json()['accessJwt']}"}


def stored(server: ServerProcess, repo: MemoryRepo) -> int:
    """Return how many records the repository has, which must be a whole one."""
    answer = httpx.get(
        f"{server.url}/xrpc/com.atproto.sync.getRepo", params={"did": repo.did}, headers=session(server), timeout=60
    )
    assert answer.status_code == 200, answer.text
    found = car.read(answer.content, max_blocks=1_000_000, max_bytes=1 << 30)
    report = inspect(found.roots[0], found.blocks, None)
    assert (report.problems, report.unused) == ((), 0)
    return report.records


def send(server: ServerProcess, body: bytes, answers: list[int]) -> None:
    """Send a repository, for as long as the server is there."""
    headers = session(server) | {"content-type": CAR}
    with contextlib.suppress(httpx.HTTPError):
        url = f"{server.url}/xrpc/com.atproto.repo.importRepo"
        answers.append(httpx.post(url, content=body, headers=headers, timeout=120).status_code)


def test_kills_in_the_middle(server: ServerProcess) -> None:
    """At moments of chance; what was answered is there, and in the end it comes through."""
    rng = random.Random()
    repo = settle_in(server)
    for low in range(0, RECORDS, 1000):
        repo.commit(*[Create(f"com.example.record/{n:05d}", record(n)) for n in range(low, low + 1000)])
    body = repo.export()

    for _ in range(KILLS):
        answers: list[int] = []
        sender = threading.Thread(target=send, args=(server, body, answers))
        sender.start()
        time.sleep(rng.uniform(0.3, 6))
        server.kill()
        sender.join(120)
        server.start()
        count = stored(server, repo)
        assert count in (0, RECORDS)
        if answers == [200]:
            assert count == RECORDS

    answers = []
    send(server, body, answers)
    assert answers == [200]
    assert stored(server, repo) == RECORDS
