"""com.atproto.repoDeleteRecord, October 2022."""

from functools import partial

import httpx
import pytest

from support.server import Person, Roost
from support.v2022 import (
    POST,
    RACERS,
    at_once,
    check_empty,
    check_invalid,
    check_refused,
    check_unauthenticated,
    check_wrong_verb,
    exported,
    judged,
    leaves,
    post,
    root,
)
from support.v2022_records import BAD_DIDS, BAD_KEYS, BAD_TYPES

NSID = "com.atproto.repoDeleteRecord"
URL = f"/xrpc/{NSID}"


def delete(person: Person, tid: str, type: str = POST, **params: str) -> httpx.Response:
    """Ask for a record's removal."""
    return person.post(NSID, params={"did": person.did, "type": type, "tid": tid} | params)


def put(person: Person, tid: str) -> None:
    """Have a record at a key."""
    params = {"did": person.did, "type": POST, "tid": tid}
    assert person.post("com.atproto.repoPutRecord", params=params, json=post(tid)).status_code == 200


def test_a_record_goes(roost: Roost, alice: Person) -> None:
    """From readers and from the tree; the answer is empty, and has no type."""
    put(alice, "gone")
    before = root(roost, alice.did)

    answer = delete(alice, "gone")

    check_empty(answer)
    assert answer.headers["cache-control"] == "private"
    missing = roost.get("com.atproto.repoGetRecord", nameOrDid=alice.did, type=POST, tid="gone")
    check_refused(missing, f"Could not locate record: at://{alice.did}/app.bsky.post/gone")
    copy = exported(roost, alice.did)
    assert "app.bsky.post/gone" not in leaves(copy)
    assert str(copy.roots[0]) != before
    judged(roost, alice.did)


def test_what_is_not_there(roost: Roost, alice: Person) -> None:
    """Deleting it succeeds and makes no commit; so does deleting twice."""
    put(alice, "twice")
    delete(alice, "twice")
    before = root(roost, alice.did)

    check_empty(delete(alice, "twice"))
    check_empty(delete(alice, "never"))
    check_empty(delete(alice, "never", "com.example.never"))
    assert root(roost, alice.did) == before


def test_the_last_record_goes(roost: Roost) -> None:
    """The tree is empty again, and the collection is gone."""
    person = roost.person()
    empty = exported(roost, person.did)
    put(person, "only")

    delete(person, "only")

    assert leaves(exported(roost, person.did)) == {}
    report = judged(roost, person.did)
    assert report.commit is not None
    assert report.commit.data in empty.blocks
    assert roost.get("com.atproto.repoDescribe", nameOrDid=person.did).json()["collections"] == []


@pytest.mark.parametrize("content", [b"{}", b" {} \n"])
@pytest.mark.parametrize("type", ["application/json", "text/plain", None])
def test_an_empty_object_is_no_body(alice: Person, content: bytes, type: str | None) -> None:
    """Clients of the time sent one along."""
    params = {"did": alice.did, "type": POST, "tid": "never"}
    headers = alice.auth | ({} if type is None else {"content-type": type})

    check_empty(alice.client.post(URL, params=params, content=content, headers=headers))


@pytest.mark.parametrize("content", [b'{"tid":"kept"}', b"[]", b"null", b"x", b" " * 2000, b"x" * 200_000])
def test_a_body_is_refused(roost: Roost, alice: Person, content: bytes) -> None:
    """None is declared, and nothing is deleted."""
    put(alice, "kept")
    before = root(roost, alice.did)
    params = {"did": alice.did, "type": POST, "tid": "kept"}

    answer = alice.client.post(URL, params=params, content=content, headers=alice.auth)

    check_refused(answer, "A request body was provided when none was expected")
    assert root(roost, alice.did) == before


def test_what_is_no_key(alice: Person) -> None:
    """It is refused, though nothing could be there."""
    for tid in BAD_KEYS:
        check_invalid(delete(alice, tid), "")


def test_a_type_is_an_nsid(alice: Person) -> None:
    """It is refused, though nothing could be there."""
    for type in BAD_TYPES:
        check_invalid(delete(alice, "x", type), "")


def test_a_did_is_a_did(alice: Person) -> None:
    """A name will not do, not even one's own."""
    for did in (alice.handle, *BAD_DIDS):
        check_invalid(delete(alice, "x", did=did), "")


def test_somebody_else_s_repository(roost: Roost, alice: Person, bob: Person) -> None:
    """Nothing of it can be deleted, nor found out."""
    put(bob, "mine")
    before = root(roost, bob.did)

    for did in (bob.did, "did:plc:ewvi7nxzyoun6zhxrhs64oiz"):
        check_unauthenticated(delete(alice, "mine", did=did))
    assert root(roost, bob.did) == before


def test_a_token_is_needed(roost: Roost, alice: Person, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it."""
    params = {"did": alice.did, "type": POST, "tid": "x"}

    for headers in credentials.values():
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers))


@pytest.mark.parametrize("name", ["did", "type", "tid"])
def test_a_parameter_is_required(alice: Person, name: str) -> None:
    """An empty one is none, and two are one too many."""
    params = {"did": alice.did, "type": POST, "tid": "x"}
    rest = {key: value for key, value in params.items() if key != name}

    check_refused(alice.post(NSID, params=rest), f"Required parameter not supplied: {name}")
    check_refused(alice.post(NSID, params=rest | {name: ""}), f"Required parameter not supplied: {name}")
    twice = [*params.items(), (name, params[name])]
    check_refused(alice.post(NSID, params=twice), f"Parameter '{name}' must not be given more than once")


def test_unknown_parameters_are_ignored(alice: Person) -> None:
    """Validation is not asked for here, so whatever it is said to be does not matter."""
    check_empty(delete(alice, "never", validate="maybe"))


def test_deletions_at_once(roost: Roost, alice: Person) -> None:
    """Of different records, each goes; of one, it goes once and the others find it gone."""
    keys = [f"many{n}" for n in range(RACERS // 2)]
    for key in keys:
        put(alice, key)

    answers = at_once([partial(delete, alice, key) for key in keys] * 2)

    assert [answer.status_code for answer in answers] == [200] * RACERS
    assert not leaves(exported(roost, alice.did)).keys() & {f"app.bsky.post/{key}" for key in keys}
    judged(roost, alice.did)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
