"""com.atproto.repoBatchWrite, October 2022."""

from functools import partial

import httpx
import pytest

from support.server import Person, Roost
from support.v2022 import (
    NO_LISTS,
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
from support.v2022_records import BAD_BOOLEANS, BAD_DIDS, BAD_KEYS, BAD_RECORDS, BAD_TYPES

NSID = "com.atproto.repoBatchWrite"
URL = f"/xrpc/{NSID}"

Write = dict[str, object]


def create(value: object, collection: str = POST) -> Write:
    """Return a write that creates."""
    return {"action": "create", "collection": collection, "value": value}


def update(tid: str, value: object, collection: str = POST) -> Write:
    """Return a write that updates."""
    return {"action": "update", "collection": collection, "tid": tid, "value": value}


def delete(tid: str, collection: str = POST) -> Write:
    """Return a write that deletes."""
    return {"action": "delete", "collection": collection, "tid": tid}


def batch(person: Person, *writes: object, **params: str) -> httpx.Response:
    """Ask for the writes."""
    return person.post(NSID, params={"did": person.did} | params, json={"writes": writes})


def put(person: Person, tid: str) -> None:
    """Have a record at a key."""
    params = {"did": person.did, "type": POST, "tid": tid}
    assert person.post("com.atproto.repoPutRecord", params=params, json=post(tid)).status_code == 200


def texts(roost: Roost, person: Person) -> list[str]:
    """Return the texts of all posts, oldest first."""
    listed = roost.get("com.atproto.repoListRecords", nameOrDid=person.did, type=POST, limit=100).json()["records"]
    return [record["value"]["text"] for record in listed]


def test_all_writes_are_one_commit(roost: Roost) -> None:
    """Creations, updates and deletions; the answer tells nothing of them."""
    person = roost.person()
    put(person, "changed")
    put(person, "gone")
    before = exported(roost, person.did)

    answer = batch(person, create(post("one")), update("changed", post("other")), delete("gone"), create(post("two")))

    check_done(answer, {}, private=True)
    assert texts(roost, person) == ["one", "two", "other"]
    after = exported(roost, person.did)
    assert [path.rpartition("/")[2] for path in leaves(after)][2:] == ["changed"]
    # One commit: all that came after the old one came with the new one.
    gained = exported(roost, person.did, **{"from": str(before.roots[0])})
    assert gained.roots == after.roots
    assert judged(roost, person.did).records == 3


def test_creations_keep_their_order(roost: Roost) -> None:
    """Their keys grow, 200 at a time; one more is too many."""
    person = roost.person()
    writes = [create(post(f"{n:03}")) for n in range(200)]

    check_done(batch(person, *writes), {}, private=True)

    before = root(roost, person.did)
    assert texts(roost, person) == [f"{n:03}" for n in range(100)]
    check_refused(batch(person, *writes, create(post())), "Too many writes. Max: 200")
    assert root(roost, person.did) == before


def test_no_writes_are_no_commit(roost: Roost, alice: Person) -> None:
    """And no error."""
    before = root(roost, alice.did)

    check_done(batch(alice), {}, private=True)
    assert root(roost, alice.did) == before


def test_writes_that_change_nothing_are_no_commit_s_business(roost: Roost, alice: Person) -> None:
    """An update to what is there already still succeeds, and readers find what they found before."""
    put(alice, "same")

    check_done(batch(alice, update("same", post("same"))), {}, private=True)
    judged(roost, alice.did)


@pytest.mark.parametrize("bad", [update("missing", post()), delete("missing"), delete("missing", "com.example.none")])
def test_what_is_missing_refuses_all(roost: Roost, alice: Person, bad: Write) -> None:
    """Nothing of the batch is done, not what stands before it either."""
    put(alice, "kept")
    before = root(roost, alice.did)

    answer = batch(alice, create(post()), delete("kept"), bad, create(post()))

    check_refused(answer, f"Could not locate record: {bad['collection']}/{bad['tid']}")
    assert root(roost, alice.did) == before


def test_an_invalid_record_refuses_all(roost: Roost, alice: Person) -> None:
    """In the words of the time; unless validation is declined."""
    before = root(roost, alice.did)
    bad = {"$type": POST, "createdAt": "2022-10-12T10:00:00Z"}

    failure = "Failed app.bsky.post validation for #/required: must have required property 'text'"
    check_refused(batch(alice, create(post()), create(bad)), f"Invalid app.bsky.post record: {failure}")
    unknown = batch(alice, create(post()), create({}, "com.example.unknown"))
    check_refused(unknown, "Invalid com.example.unknown record: Schema not found")
    assert root(roost, alice.did) == before
    accepted = batch(alice, create(bad), create({}, "com.example.unknown"), validate="false")
    check_done(accepted, {}, private=True)


def test_what_no_record_may_be(roost: Roost, alice: Person) -> None:
    """Validated or not, and nothing changes."""
    before = root(roost, alice.did)
    start = b'{"writes":[{"action":"create","collection":"com.example.good","value":'

    for name, (content, words) in BAD_RECORDS.items():
        answer = alice.client.post(
            f"{URL}?did={alice.did}&validate=false",
            content=start + content + b"}]}",
            headers=alice.auth | {"content-type": "application/json"},
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), name
        assert words in answer.json()["message"], name
    assert root(roost, alice.did) == before


def test_a_value_is_an_object(roost: Roost, alice: Person) -> None:
    """Nothing else can be a record."""
    before = root(roost, alice.did)

    for value in (["list"], "text", 1, True):
        check_invalid(batch(alice, create(value, "com.example.good"), validate="false"), "")
    assert root(roost, alice.did) == before


@pytest.mark.parametrize(
    ("write", "message"),
    [
        ({}, "data/writes/1 must have required property 'action'"),
        ({"action": "create"}, "data/writes/1 must have required property 'collection'"),
        ({"action": "create", "collection": POST}, "data/writes/1 must have required property 'value'"),
        ({"action": "update", "collection": POST, "value": {}}, "data/writes/1 must have required property 'tid'"),
        ({"action": "update", "collection": POST, "tid": "a"}, "data/writes/1 must have required property 'value'"),
        ({"action": "delete", "collection": POST}, "data/writes/1 must have required property 'tid'"),
        ({"action": "delete", "tid": "a"}, "data/writes/1 must have required property 'collection'"),
        ({"action": "put", "collection": POST}, "data/writes/1/action must be equal to one of the allowed values"),
        ({"action": 1, "collection": POST}, "data/writes/1/action must be string"),
        ({"action": "delete", "collection": 1, "tid": "a"}, "data/writes/1/collection must be string"),
        ({"action": "delete", "collection": POST, "tid": 1}, "data/writes/1/tid must be string"),
        ("create", "data/writes/1 must be object"),
        (None, "data/writes/1 must be object"),
    ],
)
def test_a_write_has_a_form(roost: Roost, alice: Person, write: object, message: str) -> None:
    """What is wrong is told with its place; nothing of the batch is done."""
    before = root(roost, alice.did)

    check_refused(batch(alice, create(post()), write), message)
    assert root(roost, alice.did) == before


def test_a_batch_has_writes(alice: Person) -> None:
    """A list of them."""
    params = {"did": alice.did}

    check_refused(alice.post(NSID, params=params, json={}), "data must have required property 'writes'")
    for value in NO_LISTS:
        check_refused(alice.post(NSID, params=params, json={"writes": value}), "data/writes must be array")


def test_names_and_keys_are_well_formed(roost: Roost, alice: Person) -> None:
    """Whether or not records are validated."""
    before = root(roost, alice.did)

    for collection in ("", *BAD_TYPES):
        check_invalid(batch(alice, create({}, collection), validate="false"), "")
        check_invalid(batch(alice, delete("a", collection)), "")
    for tid in ("", *BAD_KEYS):
        check_invalid(batch(alice, update(tid, post())), "")
        check_invalid(batch(alice, delete(tid)), "")
    assert root(roost, alice.did) == before


def test_a_did_is_a_did(alice: Person) -> None:
    """A name will not do, not even one's own."""
    for did in (alice.handle, *BAD_DIDS):
        check_invalid(batch(alice, create(post()), did=did), "")


def test_somebody_else_s_repository(roost: Roost, alice: Person, bob: Person) -> None:
    """It is not told whether it exists; not for an empty batch either."""
    before = root(roost, bob.did)

    for did in (bob.did, "did:plc:ewvi7nxzyoun6zhxrhs64oiz"):
        check_unauthenticated(batch(alice, create(post()), did=did))
        check_unauthenticated(batch(alice, did=did))
        check_unauthenticated(batch(alice, create({}), did=did))
    assert root(roost, bob.did) == before


def test_a_token_is_needed(roost: Roost, alice: Person, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it; before the writes are looked at."""
    params = {"did": alice.did}

    for headers in credentials.values():
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers, json={"writes": []}))
        check_unauthenticated(roost.client.post(URL, params=params, headers=headers, content=b"nonsense"))


def test_parameters(alice: Person) -> None:
    """`did` is required and given once, `validate` is true or false, others are ignored."""
    writes: dict[str, object] = {"writes": []}

    check_refused(alice.post(NSID, json=writes), "Required parameter not supplied: did")
    check_refused(alice.post(NSID, params={"did": ""}, json=writes), "Required parameter not supplied: did")
    twice = [("did", alice.did)] * 2
    check_refused(alice.post(NSID, params=twice, json=writes), "Parameter 'did' must not be given more than once")
    for validate in BAD_BOOLEANS:
        check_refused(batch(alice, validate=validate), "Parameter 'validate' must be a boolean")
    check_done(batch(alice, validate="", repo="x"), {}, private=True)


def test_the_rules_of_bodies(roost: Roost, alice: Person) -> None:
    """Absent, of another type, too long, not JSON, not an object."""
    before = root(roost, alice.did)

    check_body_rules(roost, f"{URL}?did={alice.did}", alice.auth, limit=1_000_000)
    assert root(roost, alice.did) == before


def test_batches_at_once(roost: Roost) -> None:
    """All are listed, and all are in the tree."""
    person = roost.person()

    answers = at_once([partial(batch, person, *[create(post(f"{n}"))] * 3) for n in range(RACERS)])

    assert [answer.status_code for answer in answers] == [200] * RACERS
    assert sorted(texts(roost, person)) == sorted([f"{n}" for n in range(RACERS)] * 3)
    assert judged(roost, person.did).records == RACERS * 3


def test_one_record_is_deleted_once(roost: Roost) -> None:
    """Of batches that delete the same record, one wins; the others have done nothing."""
    person = roost.person()
    put(person, "wanted")

    answers = at_once([partial(batch, person, create(post(f"{n}")), delete("wanted")) for n in range(RACERS)])

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (RACERS - 1)
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert texts(roost, person) == [f"{winner}"]
    judged(roost, person.did)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
