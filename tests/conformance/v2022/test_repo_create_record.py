"""com.atproto.repoCreateRecord, October 2022."""

import re
from functools import partial

import httpx
import pytest

from roost.data.cid import Cid
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
from support.v2022_records import BAD_BOOLEANS, BAD_DIDS, BAD_RECORDS, BAD_TYPES, GOOD_RECORDS

NSID = "com.atproto.repoCreateRecord"
URL = f"/xrpc/{NSID}"
JSON = {"content-type": "application/json"}


def create(person: Person, value: object, type: str = POST, **params: str) -> httpx.Response:
    """Ask for a record in one's own repository."""
    return person.post(NSID, params={"did": person.did, "type": type} | params, json=value)


def send(person: Person, content: bytes, type: str = "com.example.good", validate: str = "false") -> httpx.Response:
    """Do the same with the bytes of the body."""
    params = {"did": person.did, "type": type, "validate": validate}
    return person.client.post(URL, params=params, content=content, headers=person.auth | JSON)


def read(roost: Roost, uri: str) -> object:
    """Return the record that stands there."""
    did, type, tid = uri.removeprefix("at://").split("/")
    return roost.get("com.atproto.repoGetRecord", nameOrDid=did, type=type, tid=tid).json()["value"]


def test_a_record_is_created(roost: Roost, alice: Person) -> None:
    """The answer says where, under a TID that the server has minted, and nothing else."""
    before = root(roost, alice.did)

    answer = create(alice, post())

    uri = answer.json()["uri"]
    check_done(answer, {"uri": uri}, private=True)
    assert re.fullmatch(rf"at://{alice.did}/app\.bsky\.post/[234567abcdefghij][2-7a-z]{{12}}", uri)
    assert read(roost, uri) == post()
    assert root(roost, alice.did) != before


def test_keys_grow(alice: Person) -> None:
    """Whoever lists records by key lists them by age."""
    uris = [create(alice, post()).json()["uri"] for _ in range(5)]

    assert uris == sorted(set(uris))


def test_the_tree_has_the_record(roost: Roost, alice: Person) -> None:
    """At its path, with its CID, under a signed commit."""
    uri = create(alice, post("in the tree")).json()["uri"]

    copy = exported(roost, alice.did)
    cid = leaves(copy)[uri.removeprefix(f"at://{alice.did}/")]
    assert Cid.of_cbor(copy.blocks[cid]) == cid
    assert b"in the tree" in copy.blocks[cid]
    assert judged(roost, alice.did).signed


def test_the_type_is_filled_in(roost: Roost, alice: Person) -> None:
    """A record of today says what it is; one of 2022 did not have to."""
    value = {"text": "plain", "createdAt": "2022-10-12T10:00:00Z"}

    assert read(roost, create(alice, value).json()["uri"]) == {"$type": POST, **value}


def test_another_type_than_its_collection_s(roost: Roost, alice: Person) -> None:
    """It is refused, validated or not."""
    before = root(roost, alice.did)

    for validate in ("true", "false"):
        answer = create(alice, {"$type": "com.example.other"}, validate=validate)
        check_refused(answer, "Invalid $type: expected app.bsky.post, got com.example.other")
    assert root(roost, alice.did) == before


def test_an_unknown_type_is_refused(roost: Roost, alice: Person) -> None:
    """Unless validation is declined; it is on when nothing is said, or nothing after the `=`."""
    before = root(roost, alice.did)
    refusal = "Invalid com.example.unknown record: Schema not found"

    check_refused(create(alice, {}, "com.example.unknown"), refusal)
    check_refused(create(alice, {}, "com.example.unknown", validate="true"), refusal)
    check_refused(create(alice, {}, "com.example.unknown", validate=""), refusal)
    assert root(roost, alice.did) == before
    assert create(alice, {}, "com.example.unknown", validate="false").status_code == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": None}, "#/properties/text/type: must be string"),
        ({"text": 1}, "#/properties/text/type: must be string"),
        ({"text": "x" * 257}, "#/properties/text/maxLength: must NOT have more than 256 characters"),
        ({"createdAt": "yesterday"}, '#/properties/createdAt/format: must match format "datetime"'),
        ({"createdAt": 1}, "#/properties/createdAt/type: must be string"),
        ({"reply": {}}, "#/properties/reply/required: must have required property 'root'"),
        ({"reply": []}, "#/properties/reply/type: must be object"),
        ({"entities": [1]}, "#/properties/entities/items/type: must be object"),
    ],
)
def test_a_record_of_a_known_type_is_validated(
    roost: Roost, alice: Person, change: dict[str, object], message: str
) -> None:
    """In the words of the time; unless validation is declined."""
    before = root(roost, alice.did)

    answer = create(alice, post() | change)

    check_refused(answer, f"Invalid app.bsky.post record: Failed app.bsky.post validation for {message}")
    assert root(roost, alice.did) == before
    assert create(alice, post() | change, validate="false").status_code == 200


def test_a_required_property(alice: Person) -> None:
    """In the words of the time."""
    answer = create(alice, {"$type": POST, "createdAt": "2022-10-12T10:00:00Z"})

    failure = "Failed app.bsky.post validation for #/required: must have required property 'text'"
    check_refused(answer, f"Invalid app.bsky.post record: {failure}")


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
        answer = send(alice, content)
        assert answer.status_code == 200, (name, answer.text)
        assert read(roost, answer.json()["uri"]) == {"$type": "com.example.good", **value}, name


def test_the_largest_record(roost: Roost, alice: Person) -> None:
    """One megabyte as DAG-CBOR, and not a byte more, though its JSON would still be let in."""
    overhead = len('{"$type":"com.example.good","t":""}')
    largest = b'{"$type":"com.example.good","t":"%b"}' % (b"x" * (1_000_000 - overhead))
    assert len(largest) == 1_000_000

    assert send(alice, largest).status_code == 200
    before = root(roost, alice.did)
    check_invalid(send(alice, b'{"t":"%b"}' % (b"x" * (1_000_000 - 8))), "this one has 1000023")
    check_refused(send(alice, largest + b" "), "request entity too large", status=413, name="PayloadTooLarge")
    assert root(roost, alice.did) == before
    check_done(
        alice.post("com.atproto.repoBatchWrite", params={"did": alice.did}, json={"writes": []}), {}, private=True
    )


def test_a_type_is_an_nsid(roost: Roost, alice: Person) -> None:
    """Whether or not records are validated."""
    before = root(roost, alice.did)

    for type in BAD_TYPES:
        check_invalid(create(alice, {}, type, validate="false"), "")
    assert root(roost, alice.did) == before


def test_a_did_is_a_did(alice: Person) -> None:
    """A name will not do, not even one's own."""
    for did in (alice.handle, *BAD_DIDS):
        check_invalid(create(alice, post(), did=did), "")


def test_somebody_else_s_repository(roost: Roost, alice: Person, bob: Person) -> None:
    """It is not told whether it exists."""
    before = root(roost, bob.did)

    for did in (bob.did, "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:localhost"):
        check_unauthenticated(create(alice, post(), did=did))
    assert root(roost, bob.did) == before


def test_a_token_is_needed(roost: Roost, alice: Person, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it; before the record is looked at."""
    params = {"did": alice.did, "type": POST}

    for headers in credentials.values():
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers, json=post()))
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers, content=b"nonsense"))


@pytest.mark.parametrize("name", ["did", "type"])
def test_a_parameter_is_required(alice: Person, name: str) -> None:
    """An empty one is none, and two are one too many."""
    params = {"did": alice.did, "type": POST}
    rest = {key: value for key, value in params.items() if key != name}

    check_refused(alice.post(NSID, params=rest, json=post()), f"Required parameter not supplied: {name}")
    check_refused(alice.post(NSID, params=rest | {name: ""}, json=post()), f"Required parameter not supplied: {name}")
    twice = [*params.items(), (name, params[name])]
    check_refused(alice.post(NSID, params=twice, json=post()), f"Parameter '{name}' must not be given more than once")


def test_validate_is_true_or_false(alice: Person) -> None:
    """Nothing else is either of them."""
    for validate in BAD_BOOLEANS:
        check_refused(create(alice, post(), validate=validate), "Parameter 'validate' must be a boolean")


def test_unknown_parameters_are_ignored(alice: Person) -> None:
    """A newer client may send more, and parameters in the body are none."""
    assert create(alice, post(), collection="x", rkey="y").status_code == 200
    check_refused(alice.post(NSID, json={"did": alice.did, "type": POST}), "Required parameter not supplied: did")


def test_the_rules_of_bodies(roost: Roost, alice: Person) -> None:
    """Absent, of another type, too long, not JSON, not an object."""
    before = root(roost, alice.did)

    check_body_rules(roost, f"{URL}?did={alice.did}&type={POST}", alice.auth, limit=1_000_000)
    assert root(roost, alice.did) == before


def test_records_that_are_created_at_once(roost: Roost) -> None:
    """All are listed, all are in the tree, and each has a key of its own."""
    person = roost.person()

    answers = at_once([partial(create, person, post(f"number {n}")) for n in range(RACERS)])

    uris = sorted(answer.json()["uri"] for answer in answers)
    assert len(set(uris)) == RACERS
    listed = roost.get("com.atproto.repoListRecords", nameOrDid=person.did, type=POST).json()["records"]
    assert [record["uri"] for record in listed] == uris
    assert [f"at://{person.did}/{path}" for path in leaves(exported(roost, person.did))] == uris
    report = judged(roost, person.did)
    assert (report.records, report.signed) == (RACERS, True)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
