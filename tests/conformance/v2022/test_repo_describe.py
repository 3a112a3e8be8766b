"""com.atproto.repoDescribe, October 2022."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from roost.syntax import Handle
from support.owner import Owner
from support.server import Person, Roost, running
from support.v2022 import POST, check_done, check_refused, check_wrong_verb

NSID = "com.atproto.repoDescribe"
URL = f"/xrpc/{NSID}"


def write(person: Person, *types: str) -> None:
    """Have a record of each type."""
    for type in types:
        params = {"did": person.did, "type": type, "validate": "false"}
        assert person.post("com.atproto.repoCreateRecord", params=params, json={}).status_code == 200


def test_a_repository_is_described(roost: Roost) -> None:
    """By name in any case or by DID, with the DID document as the directory has it."""
    person = roost.person()
    write(person, POST)
    document = httpx.get(f"{roost.plc_url}/{person.did}").json()

    for user in (person.handle, person.handle.upper(), person.did):
        told = {
            "name": person.handle,
            "did": person.did,
            "didDoc": document,
            "collections": [POST],
            "nameIsCorrect": True,
        }
        check_done(roost.get(NSID, nameOrDid=user), told)


def test_collections_are_told_once_and_sorted(roost: Roost) -> None:
    """However many records each has; an emptied one is none."""
    person = roost.person()
    write(person, "com.example.b", "com.example.a-b.c", "com.example.a.c", "com.example.b", "com.example.gone")
    listed = roost.get("com.atproto.repoListRecords", nameOrDid=person.did, type="com.example.gone").json()
    tid = listed["records"][0]["uri"].rpartition("/")[2]
    where = {"did": person.did, "type": "com.example.gone", "tid": tid}
    person.post("com.atproto.repoDeleteRecord", params=where)

    collections = roost.get(NSID, nameOrDid=person.did).json()["collections"]

    assert collections == ["com.example.a-b.c", "com.example.a.c", "com.example.b"]


def test_an_empty_repository(roost: Roost) -> None:
    """It has no collections."""
    assert roost.get(NSID, nameOrDid=roost.person().did).json()["collections"] == []


def test_a_name_that_the_document_does_not_say(roost: Roost) -> None:
    """It is not correct, and comes with the document that says another, as it is now."""
    owner = Owner.join(roost)
    assert roost.get(NSID, nameOrDid=owner.did).json()["nameIsCorrect"] is True

    owner.change_identity(lambda state: state.with_handle(Handle.parse("else.where.test")))

    told = roost.get(NSID, nameOrDid=owner.did).json()
    assert told["name"] == owner.person.handle
    # The document may be one that was fetched before; it is never told with the judgement of another.
    assert told["nameIsCorrect"] is (told["didDoc"]["alsoKnownAs"][0] == f"at://{owner.person.handle}")


def test_a_did_that_cannot_be_resolved(tmp_path: Path) -> None:
    """Its identity has ended, and nobody remembers what the document said."""
    with running(tmp_path) as server:
        owner = Owner.join(server)
        owner.end_identity()
    with closing(sqlite3.connect(tmp_path / "pds" / "roost.sqlite", isolation_level=None)) as db:
        db.execute("DELETE FROM did_document")

    with running(tmp_path) as server:
        check_refused(server.get(NSID, nameOrDid=owner.did), f"Could not resolve DID: {owner.did}")


@pytest.mark.parametrize(
    "user",
    ["nobody.test", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "nonsense", "two words", "did:", "@alice1.test", "at: x"],
)
def test_a_user_who_is_not_here(roost: Roost, user: str) -> None:
    """Told in the words of the time, with what was asked for."""
    check_refused(roost.get(NSID, nameOrDid=user), f"Could not find user: {user}")


def test_parameters(roost: Roost, alice: Person) -> None:
    """`nameOrDid` is required and given once, others are ignored, credentials too."""
    check_refused(roost.get(NSID), "Required parameter not supplied: nameOrDid")
    check_refused(roost.get(NSID, nameOrDid=""), "Required parameter not supplied: nameOrDid")
    check_refused(roost.get(NSID, user=alice.did), "Required parameter not supplied: nameOrDid")
    twice = roost.client.get(f"{URL}?nameOrDid={alice.did}&nameOrDid={alice.did}")
    check_refused(twice, "Parameter 'nameOrDid' must not be given more than once")
    answer = roost.client.get(f"{URL}?nameOrDid={alice.did}&x=1", headers={"authorization": "nonsense"})
    assert answer.json()["did"] == alice.did


def test_head(roost: Roost, alice: Person) -> None:
    """The same without the body."""
    answer = roost.client.head(URL, params={"nameOrDid": alice.did})

    assert (answer.status_code, answer.content) == (200, b"")


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
