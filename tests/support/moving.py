"""Accounts that come from elsewhere: a stranger with a repository of their own, and what they send."""

import itertools
from collections.abc import Iterator

import httpx

from roost.crypto.keys import PrivateKey
from roost.data import car
from roost.data.cid import Cid
from roost.repo import Create
from roost.repo import commit as commits
from roost.services.keyring import Keyring
from roost.storage import accounts
from roost.storage.db import Tx
from roost.syntax import Did, Tid
from support.calls import bearer, inside
from support.repos import MemoryRepo, record
from support.server import PASSWORD, Person, Roost
from support.strangers import Stranger

CREATE = "com.atproto.server.createAccount"
CAR = "application/vnd.ipld.car"
_numbers = itertools.count(1)


def ask_in(roost: Roost, stranger: Stranger, token: str | None = None, **changed: str) -> httpx.Response:
    """Ask for an account for a stranger's DID; without a `token`, with a good one."""
    name = f"newcomer{next(_numbers)}"
    usual = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD, "did": str(stranger.did)}
    body = usual | changed
    return roost.post(CREATE, json=body, headers=bearer(token or stranger.token(roost, CREATE)))


def newcomer(roost: Roost) -> tuple[Stranger, Person]:
    """Return a stranger, and the account that they have been given here."""
    stranger = Stranger.register(roost)
    answer = ask_in(roost, stranger)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    return stranger, Person(made["did"], made["handle"], "", made["accessJwt"], roost.client)


def repo_of(stranger: Stranger, count: int) -> MemoryRepo:
    """Return a repository that a stranger has elsewhere."""
    repo = MemoryRepo(stranger.did, stranger.key)
    if count:
        repo.commit(*[Create(f"com.example.record/{n:05d}", record(n)) for n in range(count)])
    return repo


def resigned(repo: MemoryRepo, *, rev: Tid) -> bytes:
    """Return a repository's CAR at another rev."""
    assert repo.head is not None
    made = commits.sign(repo.did, data=repo.head.data, rev=rev, key=repo.key)
    blocks = {cid: block for cid, block in repo.blocks().items() if cid != repo.head.cid}
    return packed(made.cid, {made.cid: made.block} | blocks)


def packed(root: Cid, blocks: dict[Cid, bytes]) -> bytes:
    """Return a CAR of blocks."""
    return car.header(root) + b"".join(car.frame(cid, block) for cid, block in blocks.items())


def send(person: Person, body: bytes | Iterator[bytes]) -> httpx.Response:
    """Call importRepo."""
    return person.client.post(
        "/xrpc/com.atproto.repo.importRepo", content=body, headers=person.auth | {"content-type": CAR}
    )


def key_of(roost: Roost, person: Person) -> PrivateKey:
    """Return the key that an account's commits are signed with here."""
    server = roost.app.server
    assert server is not None
    keyring = Keyring(bytes.fromhex((roost.data / "master.key").read_text()))

    def read(tx: Tx) -> PrivateKey:
        account = accounts.by_did(tx, Did(person.did))
        assert account is not None
        return keyring.signing_key(tx, account.id, account.did)

    return inside(roost, server.db.read(read))
