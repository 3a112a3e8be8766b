"""com.atproto.repo.createRecord."""

import httpx
import pytest

from roost.data import cbor
from roost.data.cid import Cid
from roost.syntax import Tid
from support.blobs import fetch, last_ops, picture, reference, uploaded
from support.calls import (
    POST,
    THING,
    WHEN,
    apply,
    at_once,
    bearer,
    create,
    delete,
    head,
    inspected,
    put,
    read,
    refusal,
    rkey_of,
    set_status,
    sign_in,
)
from support.server import Person, Roost

LIKE = "app.bsky.feed.like"
LIKED = "at://did:plc:abcdefghijklmnopqrstuvwx/app.bsky.feed.post/3jzfcijpj2z2a"


def test_the_answer_says_where_the_record_is(person: Person) -> None:
    """URI, CID and commit are those that everybody else sees."""
    answer = create(person, {"text": "hi"})

    told = answer.json()
    assert set(told) == {"uri", "cid", "commit", "validationStatus"}
    assert told["uri"].startswith(f"at://{person.did}/{THING}/")
    assert told["cid"] == str(Cid.of_cbor(cbor.encode({"$type": THING, "text": "hi"})))
    assert (told["commit"]["cid"], told["commit"]["rev"]) == head(person)
    assert read(person, rkey_of(answer)).json() == {
        "uri": told["uri"],
        "cid": told["cid"],
        "value": {"$type": THING, "text": "hi"},
    }


def test_the_server_chooses_keys_that_grow(person: Person) -> None:
    """Without an rkey a record gets the TID of this moment."""
    keys = [rkey_of(create(person, {})) for _ in range(3)]

    assert keys == sorted(set(keys))
    assert abs(Tid.parse(keys[0]).micros - Tid.parse(head(person)[1]).micros) < 10_000_000


def test_the_repository_may_be_named_by_handle(person: Person) -> None:
    """The URI has the DID all the same."""
    assert create(person, {}, repo=person.handle.upper()).json()["uri"].startswith(f"at://{person.did}/")


@pytest.mark.parametrize("rkey", ["self", "a~b_c:d.e-f", "x" * 512])
def test_the_caller_may_choose_the_key(person: Person, rkey: str) -> None:
    """Any record key will do."""
    assert rkey_of(create(person, {}, rkey=rkey)) == rkey


@pytest.mark.parametrize("rkey", ["../x", "a/b", ".", "..", "", "x" * 513, "a b", "ä", "a\n", 7])
def test_what_is_no_record_key_is_refused(anybody: Person, rkey: object) -> None:
    """It would be no path of a repository."""
    assert refusal(create(anybody, {}, rkey=rkey))[:2] == (400, "InvalidRequest")


def test_a_record_that_is_there_is_not_replaced(person: Person) -> None:
    """It stays as it was; the refusal has a name."""
    create(person, {"n": 1}, rkey="a")

    answer = create(person, {"n": 2}, rkey="a")

    assert refusal(answer) == (400, "RecordAlreadyExists", f"Record already exists: {THING}/a")
    assert read(person, "a").json()["value"]["n"] == 1


def test_of_sixteen_who_create_one_record_one_does(person: Person) -> None:
    """All others are told that it exists; none is told that something broke."""
    answers = at_once(16, lambda n: create(person, {"n": n}, rkey="a"))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    assert {refusal(answer)[1] for answer in answers if answer.status_code == 400} == {"RecordAlreadyExists"}
    assert inspected(person).records == 1


def test_sixteen_records_at_once_all_stand(person: Person) -> None:
    """Each has its own key, whichever of them share a commit, and the repository is whole."""
    answers = at_once(16, lambda n: create(person, {"n": n}))

    assert len({rkey_of(answer) for answer in answers}) == 16
    assert (inspected(person).records, inspected(person).problems) == (16, ())


def test_of_sixteen_with_one_swap_commit_one_wins(person: Person) -> None:
    """Whoever read the same head writes on it once; the others are told what it is now."""
    cid, _ = head(person)

    answers = at_once(16, lambda n: create(person, {"n": n}, swapCommit=cid))

    (won,) = [answer for answer in answers if answer.status_code == 200]
    commit = won.json()["commit"]["cid"]
    assert [refusal(answer) for answer in answers if answer is not won] == [
        (400, "InvalidSwap", f"Commit was at {commit}")
    ] * 15


@pytest.mark.parametrize(
    ("collection", "record", "validate", "status"),
    [
        (POST, {"text": "hi", "createdAt": WHEN}, None, "valid"),
        (POST, {"text": "hi", "createdAt": WHEN}, True, "valid"),
        (POST, {"text": "hi", "createdAt": WHEN}, False, None),
        (POST, {"text": "no date"}, False, None),
        (THING, {"text": "hi"}, None, "unknown"),
        (THING, {"text": "hi"}, False, None),
    ],
)
def test_how_a_record_was_checked_is_told(
    anybody: Person, collection: str, record: object, validate: bool | None, status: str | None
) -> None:
    """Known types are valid, others unknown; and what was not checked is not said to be anything."""
    extra = {} if validate is None else {"validate": validate}

    told = create(anybody, record, collection, **extra).json()

    assert told.get("validationStatus") == status
    assert ("validationStatus" in told) == (status is not None)


@pytest.mark.parametrize(
    ("collection", "record", "extra", "message"),
    [
        (POST, {"text": "no date"}, {}, f'Invalid {POST} record: Record must have the property "createdAt"'),
        (POST, {"text": "x", "createdAt": "2026-11-23"}, {}, f"Invalid {POST} record: Record/createdAt must be "),
        (POST, {"text": "x" * 301, "createdAt": WHEN}, {}, "Record/text must not be longer than 300 graphemes"),
        (POST, {"text": "hi", "createdAt": WHEN}, {"rkey": "self"}, "Invalid "),
        ("app.bsky.actor.profile", {}, {"rkey": "other"}, "Invalid "),
        (THING, {"text": "hi"}, {"validate": True}, f"Unknown lexicon type: {THING}"),
        (THING, {"$type": POST}, {"validate": False}, f"Invalid $type: expected {THING}, got {POST}"),
        (THING, {"n": 1.5}, {"validate": False}, "Invalid com.atproto.repo.createRecord input: "),
        (THING, {"n": 2**53}, {"validate": False}, "Invalid com.atproto.repo.createRecord input: "),
        (THING, {"l": {"$link": "nonsense"}}, {}, "Invalid com.atproto.repo.createRecord input: "),
        (THING, {"l": {"$bytes": "AQ", "x": 1}}, {}, "Invalid com.atproto.repo.createRecord input: "),
        (THING, "text", {}, "Invalid com.atproto.repo.createRecord input: Input/record must be an object"),
        (THING, {"pic": {"cid": str(Cid.of_raw(b"x")), "mimeType": "image/png"}}, {}, "Legacy blobs are not allowed"),
        ("nonsense", {}, {}, "Invalid com.atproto.repo.createRecord input: Input/collection must be "),
    ],
)
def test_what_cannot_be_a_record_is_refused(
    anybody: Person, collection: str, record: object, extra: dict[str, object], message: str
) -> None:
    """The refusal says what is wrong and where."""
    status, name, text = refusal(create(anybody, record, collection, **extra))

    assert (status, name) == (400, "InvalidRequest")
    assert message in text


def test_integral_floats_are_integers(person: Person) -> None:
    """As JavaScript reads them."""
    answer = create(person, {"a": 1.0, "b": 1e3}, rkey="a")

    assert answer.status_code == 200
    assert read(person, "a").json()["value"] == {"$type": THING, "a": 1, "b": 1000}


def like(person: Person, uri: str, **extra: object) -> httpx.Response:
    """Like a post."""
    cid = str(Cid.of_cbor(b"a post"))
    record = {"$type": LIKE, "subject": {"uri": uri, "cid": cid}, "createdAt": WHEN}
    return create(person, record, LIKE, **extra)


def likes(person: Person) -> list[str]:
    """Return the keys of somebody's likes, the oldest first."""
    page = person.get("com.atproto.repo.listRecords", repo=person.did, collection=LIKE, reverse=True).json()
    return [record["uri"].rpartition("/")[2] for record in page["records"]]


def test_a_second_like_takes_the_place_of_the_first(roost: Roost) -> None:
    """In one commit, told as a deletion and a creation, and in the tree as in the list."""
    person = roost.person()
    first, other = rkey_of(like(person, LIKED)), rkey_of(like(person, LIKED + "b"))
    rev = head(person)[1]
    second = rkey_of(like(person, LIKED))

    assert likes(person) == [other, second]
    assert refusal(read(person, first, LIKE))[1] == "RecordNotFound"
    report = inspected(person)
    assert (report.problems, report.records) == ((), 2)
    assert [op["action"] for op in last_ops(roost, person)] == ["delete", "create"]
    assert [op["path"] for op in last_ops(roost, person)] == [f"{LIKE}/{first}", f"{LIKE}/{second}"]
    assert head(person)[1] > rev


@pytest.mark.parametrize(
    ("collection", "subject"),
    [
        ("app.bsky.feed.repost", {"uri": LIKED, "cid": str(Cid.of_cbor(b"a post"))}),
        ("app.bsky.graph.follow", "did:plc:abcdefghijklmnopqrstuvwx"),
        ("app.bsky.graph.block", "did:plc:abcdefghijklmnopqrstuvwx"),
    ],
)
def test_so_does_a_second_repost_follow_or_block(roost: Roost, collection: str, subject: object) -> None:
    """Of the same subject, and of the same kind."""
    person = roost.person()
    record = {"subject": subject, "createdAt": WHEN}
    keys = [rkey_of(create(person, record, collection)) for _ in range(3)]

    assert [read(person, key, collection).status_code for key in keys] == [400, 400, 200]


def test_who_does_not_validate_may_like_twice(roost: Roost) -> None:
    """And so may whoever writes otherwise than by createRecord; the next like takes the place of all of them."""
    person = roost.person()
    like(person, LIKED)
    like(person, LIKED, validate=False)
    record = {"subject": {"uri": LIKED, "cid": str(Cid.of_cbor(b"a post"))}, "createdAt": WHEN}
    put(person, "3jzfcijpj2z2a", record, LIKE)
    assert apply(person, {"action": "create", "collection": LIKE, "value": record}).status_code == 200
    before = likes(person)

    last = rkey_of(like(person, LIKED))

    assert (len(before), likes(person)) == (4, [last])


def test_a_like_that_was_changed_or_deleted_is_nobodys_first(roost: Roost) -> None:
    """What counts is what records say now."""
    person = roost.person()
    changed, deleted = rkey_of(like(person, LIKED)), rkey_of(like(person, LIKED + "b"))
    record = {"subject": {"uri": LIKED + "c", "cid": str(Cid.of_cbor(b"a post"))}, "createdAt": WHEN}
    put(person, changed, record, LIKE)
    delete(person, deleted, LIKE)

    again = [rkey_of(like(person, LIKED)), rkey_of(like(person, LIKED + "b"))]
    kept = likes(person)
    like(person, LIKED + "c")

    assert kept == [changed, *again]
    assert changed not in likes(person)


def test_a_like_at_the_key_of_the_first_is_refused(roost: Roost) -> None:
    """A record that is to be replaced at its own key is not created."""
    person = roost.person()
    first = rkey_of(like(person, LIKED))

    assert refusal(like(person, LIKED, rkey=first))[1] == "RecordAlreadyExists"
    assert likes(person) == [first]


def test_sixteen_likes_at_once_are_one(roost: Roost) -> None:
    """Whoever comes last stays."""
    person = roost.person()

    answers = at_once(16, lambda _: like(person, LIKED))

    assert {answer.status_code for answer in answers} == {200}
    assert len(likes(person)) == 1
    assert inspected(person).problems == ()


@pytest.mark.parametrize(
    ("wrong", "name", "said"),
    [
        ({"mimeType": "image/jpeg"}, "InvalidMimeType", "was uploaded as image/png, not image/jpeg"),
        ({"size": 1}, "InvalidSize", "bytes, not 1"),
    ],
)
def test_a_reference_that_lies_is_refused(roost: Roost, wrong: dict[str, object], name: str, said: str) -> None:
    """And leaves the blob temporary; the truth is taken."""
    person = roost.person()
    blob = uploaded(person, picture("true"))

    refused = refusal(create(person, {"deep": [{"pic": blob | wrong}]}))
    hidden = fetch(roost, person, picture("true")).status_code

    assert (refused[:2], hidden) == ((400, name), 400)
    assert said in refused[2]
    assert create(person, {"deep": [{"pic": blob}]}, validate=False).status_code == 200
    assert fetch(roost, person, picture("true")).status_code == 200


def test_a_commit_that_is_refused_makes_no_blob_permanent(roost: Roost) -> None:
    """Whatever it is refused for."""
    person = roost.person()
    blob = uploaded(person, picture("kept back"))
    taken = rkey_of(create(person, {"n": 1}))

    refusals = [
        create(person, {"pic": blob}, rkey=taken),
        create(person, {"pic": blob}, swapCommit=str(Cid.of_cbor(b"x"))),
        create(person, {"pic": blob, "other": reference(picture("not here"))}),
        apply(person, {"action": "create", "value": {"pic": blob}}, {"action": "delete", "rkey": "none"}),
        create(person, {"pic": blob, "old": {"cid": blob["ref"]["$link"], "mimeType": "image/png"}}),  # type: ignore[index]
    ]

    assert [answer.status_code for answer in refusals] == [400] * 5
    assert fetch(roost, person, picture("kept back")).status_code == 400


def test_too_many_blobs_in_one_commit(roost: Roost) -> None:
    """They are counted before any is looked for."""
    person = roost.person()
    refs = [reference(b"%d" % n) for n in range(1001)]

    assert refusal(create(person, {"pics": refs}))[2] == "Too many blobs in one commit. Max: 1000"


def test_a_reference_to_a_blob_that_is_not_here_is_refused(anybody: Person) -> None:
    """By its own name."""
    cid = str(Cid.of_raw(b"picture"))
    blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/png", "size": 7}

    assert refusal(create(anybody, {"pic": blob})) == (400, "BlobNotFound", f"Could not find blob: {cid}")


def test_deep_nesting_is_refused(anybody: Person) -> None:
    """Four thousand levels are an attack, and an answer like any other."""
    deep = '{"a":' * 4000 + "1" + "}" * 4000
    body = f'{{"repo":"{anybody.did}","collection":"{THING}","record":{deep}}}'

    answer = anybody.client.post(
        "/xrpc/com.atproto.repo.createRecord",
        content=body,
        headers=anybody.auth | {"content-type": "application/json"},
    )

    assert refusal(answer)[:2] == (400, "InvalidRequest")


def test_a_body_over_a_megabyte_is_refused_and_one_below_is_not(person: Person) -> None:
    """A write may be larger than other requests."""
    assert create(person, {"x": "x" * 900_000}).status_code == 200
    assert refusal(create(person, {"x": "x" * 1_000_000})) == (413, "PayloadTooLargeError", "request entity too large")


def test_another_repository_is_refused(anybody: Person, person: Person) -> None:
    """By DID or by handle, of an account that exists or of none."""
    for repo in (person.did, person.handle, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "nobody.test"):
        assert refusal(create(anybody, {}, repo=repo)) == (
            401,
            "AuthenticationRequired",
            f"The token is not one of {repo}",
        )


def test_who_writes_must_be_known(roost: Roost, person: Person) -> None:
    """No token, a made-up one, a refresh token: each is refused in its way."""
    body = {"repo": person.did, "collection": THING, "record": {}}

    def call(headers: dict[str, str]) -> tuple[int, str, str]:
        return refusal(roost.post("com.atproto.repo.createRecord", json=body, headers=headers))

    assert call({}) == (401, "AuthMissing", "Authentication Required")
    assert call({"authorization": "nonsense"}) == (400, "InvalidToken", "Malformed authorization header")
    assert call(bearer("nonsense")) == (400, "InvalidToken", "Token could not be verified")
    assert call(bearer(sign_in(roost, person).refresh)) == (400, "InvalidToken", "Bad token scope")


@pytest.mark.parametrize(
    ("status", "name", "text"),
    [
        ("deactivated", "AccountDeactivated", "Account is deactivated"),
        ("takendown", "AccountTakedown", "Account has been taken down"),
    ],
)
def test_an_inactive_account_does_not_write(roost: Roost, person: Person, status: str, name: str, text: str) -> None:
    """All four ways to write refuse alike."""
    set_status(roost, person, status)

    for answer in (create(person, {}), delete(person, "a"), apply(person, {"action": "create", "value": {}})):
        assert refusal(answer) == (401, name, text)
