"""Every success of the 2022 methods, held against the method's lexicon document: encoding, schema, nothing else.

At run time nobody judges answers; this does it for all of them.
"""

import asyncio
from collections.abc import Callable
from importlib.resources import files

import httpx
import orjson
import pytest

from roost.api.v2022 import METHODS
from roost.lexicon import Catalog, parse_document
from roost.lexicon.defs import Object, Subscription
from roost.repo import Create
from support.owner import Owner, only_new, packed
from support.server import PASSWORD, Person, Roost
from support.v2022 import POST, post

DOCUMENTS = Catalog.of(
    parse_document(orjson.loads(file.read_bytes())) for file in (files("roost.lexicons") / "v2022").iterdir()
)


class World:
    """A server with somebody on it who has a record."""

    def __init__(self, roost: Roost) -> None:
        self.roost = roost
        self.person = roost.person("world")
        self.where = {"did": self.person.did, "type": POST}
        self.read = {"nameOrDid": self.person.did, "type": POST, "tid": "self"}
        self.write("repoPutRecord", {**self.where, "tid": "self"}, post())

    def write(self, name: str, params: dict[str, str], json: object = None) -> httpx.Response:
        """Call a procedure as that somebody."""
        return self.person.post(f"com.atproto.{name}", params=params, json=json)

    def other(self) -> Person:
        """Return somebody to be deleted."""
        return self.roost.person("other")


def _reset(world: World) -> httpx.Response:
    person = world.other()
    world.roost.post("com.atproto.requestAccountPasswordReset", json={"email": person.email})
    token = asyncio.run(world.roost.mailbox.wait_for(person.email)).tokens[0]
    return world.roost.post("com.atproto.resetAccountPassword", json={"token": token, "password": PASSWORD})


def _update(world: World) -> httpx.Response:
    owner = Owner.with_key(world.roost)
    made = owner.copy().draft(Create("com.example.a/b", b"\xa0"))
    return world.roost.post(
        "com.atproto.syncUpdateRepo",
        params={"did": owner.did},
        content=packed([made.commit.cid], only_new(made)),
        headers={"content-type": "application/cbor"},
    )


SUCCESSES: dict[str, Callable[[World], httpx.Response]] = {
    "createAccount": lambda world: world.roost.post(
        "com.atproto.createAccount", json={"email": "lex@mail.test", "username": "lexi-con.test", "password": PASSWORD}
    ),
    "createInviteCode": lambda world: world.roost.post(
        "com.atproto.createInviteCode", json={"useCount": 2}, auth=world.roost.admin
    ),
    "createSession": lambda world: world.roost.post(
        "com.atproto.createSession", json={"username": world.person.handle, "password": PASSWORD}
    ),
    "deleteAccount": lambda world: world.other().post("com.atproto.deleteAccount", json={}),
    "deleteSession": lambda world: world.other().post("com.atproto.deleteSession", json={}),
    "getAccount": lambda world: world.person.get("com.atproto.getAccount"),
    "getAccountsConfig": lambda world: world.roost.get("com.atproto.getAccountsConfig"),
    "getSession": lambda world: world.person.get("com.atproto.getSession"),
    "repoBatchWrite": lambda world: world.write(
        "repoBatchWrite",
        {"did": world.person.did},
        {"writes": [{"action": "create", "collection": POST, "value": post()}]},
    ),
    "repoCreateRecord": lambda world: world.write("repoCreateRecord", world.where, post()),
    "repoDeleteRecord": lambda world: world.write("repoDeleteRecord", {**world.where, "tid": "none"}),
    "repoDescribe": lambda world: world.roost.get("com.atproto.repoDescribe", nameOrDid=world.person.did),
    "repoGetRecord": lambda world: world.roost.get("com.atproto.repoGetRecord", **world.read),
    "repoListRecords": lambda world: world.roost.get("com.atproto.repoListRecords", **world.read),
    "repoPutRecord": lambda world: world.write("repoPutRecord", {**world.where, "tid": "self"}, post("new")),
    "requestAccountPasswordReset": lambda world: world.roost.post(
        "com.atproto.requestAccountPasswordReset", json={"email": world.person.email}
    ),
    "resetAccountPassword": _reset,
    "resolveName": lambda world: world.roost.get("com.atproto.resolveName", name=world.person.handle),
    "syncGetRepo": lambda world: world.roost.get("com.atproto.syncGetRepo", did=world.person.did),
    "syncGetRoot": lambda world: world.roost.get("com.atproto.syncGetRoot", did=world.person.did),
    "syncUpdateRepo": _update,
}


@pytest.fixture(scope="module")
def world(roost: Roost) -> World:
    """A server with somebody on it."""
    return World(roost)


def test_every_method_is_here() -> None:
    """All 21, and each is served."""
    assert sorted(f"com.atproto.{name}" for name in SUCCESSES) == sorted(method.nsid for method in METHODS)
    assert len(SUCCESSES) == 21


@pytest.mark.parametrize("name", SUCCESSES)
def test_an_answer_fits_its_lexicon(world: World, name: str) -> None:
    """The encoding and the schema of the output, with no field that the document does not have."""
    method = DOCUMENTS.method(f"com.atproto.{name}")
    assert method is not None
    assert not isinstance(method.definition, Subscription)

    answer = SUCCESSES[name](world)

    assert answer.status_code == 200, answer.text
    if method.output is None or method.definition.output is None:
        assert (answer.content, "content-type" in answer.headers) == (b"", False)
        return
    assert answer.headers["content-type"] == method.output.encoding
    if method.output.check is not None:
        body = answer.json()
        method.output.check(body)
        schema = method.definition.output.schema
        assert isinstance(schema, Object)
        # An object without properties is one of any shape.
        assert not schema.properties or body.keys() <= schema.properties.keys()
