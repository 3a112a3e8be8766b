"""com.atproto.repoPutRecord, October 2022."""

from functools import partial

import httpx
import pytest

from support.server import Person, Roost
from support.v2022 import (
    POST,
    RACERS,
    at_once,
    check_body_rules,
    check_done,
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
from support.v2022_records import (
    BAD_BOOLEANS,
    BAD_DIDS,
    BAD_KEYS,
    BAD_RECORDS,
    BAD_TYPES,
    GOOD_KEYS,
    GOOD_RECORDS,
)

NSID = "com.atproto.repoPutRecord"
URL = f"/xrpc/{NSID}"


def put(person: Person, tid: str, value: object, type: str = POST, **params: str) -> httpx.Response:
    """Ask for a record at a key."""
    return person.post(NSID, params={"did": person.did, "type": type, "tid": tid} | params, json=value)


def send(person: Person, content: bytes) -> httpx.Response:
    """Do the same with the bytes of the body."""
    params = {"did": person.did, "type": "com.example.good", "tid": "good", "validate": "false"}
    headers = person.auth | {"content-type": "application/json"}
    return person.client.post(URL, params=params, content=content, headers=headers)


def read(roost: Roost, person: Person, tid: str, type: str = POST) -> object:
    """Return the record at a key."""
    return roost.get("com.atproto.repoGetRecord", nameOrDid=person.did, type=type, tid=tid).json()["value"]


def test_a_record_is_put_where_none_is(roost: Roost, alice: Person) -> None:
    """It is created."""
    answer = put(alice, "created", post("new"))

    check_done(answer, {"uri": f"at://{alice.did}/app.bsky.post/created"}, private=True)
    assert read(roost, alice, "created") == post("new")


def test_a_record_is_replaced(roost: Roost, alice: Person) -> None:
    """Readers and the tree have the new one, in a new commit."""
    put(alice, "replaced", post("old"))
    before = root(roost, alice.did)

    answer = put(alice, "replaced", post("new"))

    check_done(answer, {"uri": f"at://{alice.did}/app.bsky.post/replaced"}, private=True)
    assert read(roost, alice, "replaced") == post("new")
    copy = exported(roost, alice.did)
    assert str(copy.roots[0]) != before
    assert b"new" in copy.blocks[leaves(copy)["app.bsky.post/replaced"]]


def test_the_same_again_makes_no_commit(roost: Roost, alice: Person) -> None:
    """Not even with its properties in another order, or its type left to be filled in."""
    put(alice, "same", post("same"))
    before = root(roost, alice.did)

    for value in (post("same"), dict(reversed(post("same").items())), {**post("same"), "$type": POST}):
        check_done(put(alice, "same", value), {"uri": f"at://{alice.did}/app.bsky.post/same"}, private=True)
    untyped = {key: value for key, value in post("same").items() if key != "$type"}
    assert put(alice, "same", untyped).status_code == 200

    assert root(roost, alice.did) == before


def test_a_key_is_any_record_key(roost: Roost, alice: Person) -> None:
    """It is kept, and echoed, as it was sent."""
    for tid in GOOD_KEYS:
        check_done(put(alice, tid, post(tid[:9])), {"uri": f"at://{alice.did}/app.bsky.post/{tid}"}, private=True)
        assert read(roost, alice, tid) == post(tid[:9])


def test_what_is_no_key(roost: Roost, alice: Person) -> None:
    """It is refused, and nothing changes."""
    before = root(roost, alice.did)

    for tid in BAD_KEYS:
        check_invalid(put(alice, tid, post()), "")
    assert root(roost, alice.did) == before


def test_an_unknown_type_is_refused(roost: Roost, alice: Person) -> None:
    """Unless validation is declined; it is on when nothing is said."""
    before = root(roost, alice.did)
    refusal = "Invalid com.example.unknown record: Schema not found"

    check_refused(put(alice, "x", {}, "com.example.unknown"), refusal)
    check_refused(put(alice, "x", {}, "com.example.unknown", validate="true"), refusal)
    assert root(roost, alice.did) == before
    assert put(alice, "x", {}, "com.example.unknown", validate="false").status_code == 200


def test_a_record_of_a_known_type_is_validated(roost: Roost, alice: Person) -> None:
    """A refused one leaves the one that is there."""
    put(alice, "kept", post("kept"))
    before = root(roost, alice.did)

    answer = put(alice, "kept", post() | {"text": 1})

    failure = "Failed app.bsky.post validation for #/properties/text/type: must be string"
    check_refused(answer, f"Invalid app.bsky.post record: {failure}")
    assert (read(roost, alice, "kept"), root(roost, alice.did)) == (post("kept"), before)


def test_what_no_record_may_be(roost: Roost, alice: Person) -> None:
    """Validated or not, and nothing changes."""
    before = root(roost, alice.did)

    for name, (content, words) in BAD_RECORDS.items():
        answer = send(alice, content)
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), name
        assert words in answer.json()["message"], name
    assert root(roost, alice.did) == before


def test_what_a_record_may_be(roost: Roost, alice: Person) -> None:
    """It is read as it was written."""
    for name, (content, value) in GOOD_RECORDS.items():
        assert send(alice, content).status_code == 200, name
        assert read(roost, alice, "good", "com.example.good") == {"$type": "com.example.good", **value}, name


def test_a_type_is_an_nsid(alice: Person) -> None:
    """Whether or not records are validated."""
    for type in BAD_TYPES:
        check_invalid(put(alice, "x", {}, type, validate="false"), "")


def test_a_did_is_a_did(alice: Person) -> None:
    """A name will not do, not even one's own."""
    for did in (alice.handle, *BAD_DIDS):
        check_invalid(put(alice, "x", post(), did=did), "")


def test_somebody_else_s_repository(roost: Roost, alice: Person, bob: Person) -> None:
    """It is not told whether it exists."""
    before = root(roost, bob.did)

    for did in (bob.did, "did:plc:ewvi7nxzyoun6zhxrhs64oiz"):
        check_unauthenticated(put(alice, "x", post(), did=did))
    assert root(roost, bob.did) == before


def test_a_token_is_needed(roost: Roost, alice: Person, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it; before the record is looked at."""
    params = {"did": alice.did, "type": POST, "tid": "x"}

    for headers in credentials.values():
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers, json=post()))
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers, content=b"nonsense"))


@pytest.mark.parametrize("name", ["did", "type", "tid"])
def test_a_parameter_is_required(alice: Person, name: str) -> None:
    """An empty one is none, and two are one too many."""
    params = {"did": alice.did, "type": POST, "tid": "x"}
    rest = {key: value for key, value in params.items() if key != name}

    check_refused(alice.post(NSID, params=rest, json=post()), f"Required parameter not supplied: {name}")
    check_refused(alice.post(NSID, params=rest | {name: ""}, json=post()), f"Required parameter not supplied: {name}")
    twice = [*params.items(), (name, params[name])]
    check_refused(alice.post(NSID, params=twice, json=post()), f"Parameter '{name}' must not be given more than once")


def test_validate_is_true_or_false(alice: Person) -> None:
    """Nothing else is either of them."""
    for validate in BAD_BOOLEANS:
        check_refused(put(alice, "x", post(), validate=validate), "Parameter 'validate' must be a boolean")


def test_the_rules_of_bodies(roost: Roost, alice: Person) -> None:
    """Absent, of another type, too long, not JSON, not an object."""
    before = root(roost, alice.did)

    check_body_rules(roost, f"{URL}?did={alice.did}&type={POST}&tid=x", alice.auth, limit=1_000_000)
    assert root(roost, alice.did) == before


def test_puts_to_one_key_at_once(roost: Roost, alice: Person) -> None:
    """The last one stands, for readers and in the tree alike."""
    values = [post(f"number {n}") for n in range(RACERS)]

    answers = at_once([partial(put, alice, "raced", value) for value in values])

    assert [answer.status_code for answer in answers] == [200] * RACERS
    stands = read(roost, alice, "raced")
    assert stands in values
    copy = exported(roost, alice.did)
    assert isinstance(stands, dict)
    assert stands["text"].encode() in copy.blocks[leaves(copy)["app.bsky.post/raced"]]
    judged(roost, alice.did)


def test_puts_and_deletions_at_once(roost: Roost) -> None:
    """Whatever the order was, what is listed is what is in the tree."""
    person = roost.person()
    keys = ["a", "b", "c", "d"]
    where = {"did": person.did, "type": POST}
    calls = [partial(put, person, key, post(f"{n}")) for n in range(2) for key in keys]
    calls += [partial(person.post, "com.atproto.repoDeleteRecord", params=where | {"tid": key}) for key in keys] * 2

    answers = at_once(calls)

    assert {answer.status_code for answer in answers} == {200}
    listed = roost.get("com.atproto.repoListRecords", nameOrDid=person.did, type=POST).json()["records"]
    in_tree = [f"at://{person.did}/{path}" for path in leaves(exported(roost, person.did))]
    assert [record["uri"] for record in listed] == in_tree
    assert judged(roost, person.did).records == len(listed)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
