"""com.atproto.repo.putRecord."""

import pytest

from roost.data.cid import Cid
from support.blobs import picture, uploaded
from support.calls import POST, THING, at_once, create, head, inspected, put, read, refusal
from support.server import Person

ABSENT = str(Cid.of_cbor(b"\xa0"))

PROFILE = "app.bsky.actor.profile"


def test_it_creates_and_then_replaces(person: Person) -> None:
    """Each time with a commit, and the URI stays."""
    first, second = put(person, "a", {"n": 1}).json(), put(person, "a", {"n": 2}).json()

    assert first["uri"] == second["uri"] == f"at://{person.did}/{THING}/a"
    assert first["commit"]["rev"] < second["commit"]["rev"]
    assert read(person, "a").json()["value"]["n"] == 2
    assert set(second) == {"uri", "cid", "commit", "validationStatus"}


def test_the_same_again_is_no_commit(person: Person) -> None:
    """Neither the head moves nor is a swap looked at; the answer has no commit."""
    first = put(person, "a", {"n": 1}).json()
    before = head(person)

    again = put(person, "a", {"n": 1}, swapRecord=None, swapCommit=ABSENT).json()

    assert again == {key: value for key, value in first.items() if key != "commit"}
    assert head(person) == before


def test_swap_record_says_what_must_be_there(person: Person) -> None:
    """Null that there is nothing, a CID that it is the record; left out, nothing."""
    first = put(person, "a", {"n": 1}, swapRecord=None)
    cid = first.json()["cid"]

    assert refusal(put(person, "a", {"n": 2}, swapRecord=None)) == (400, "InvalidSwap", f"Record was at {cid}")
    assert refusal(put(person, "a", {"n": 2}, swapRecord=ABSENT)) == (400, "InvalidSwap", f"Record was at {cid}")
    assert refusal(put(person, "b", {"n": 2}, swapRecord=cid)) == (400, "InvalidSwap", "Record does not exist")
    assert put(person, "a", {"n": 2}, swapRecord=cid).status_code == 200
    assert put(person, "a", {"n": 3}).status_code == 200


def test_swap_commit_says_where_the_repository_must_be(person: Person) -> None:
    """A stale head is told the new one."""
    old, _ = head(person)
    new = put(person, "a", {"n": 1}, swapCommit=old).json()["commit"]["cid"]

    assert refusal(put(person, "a", {"n": 2}, swapCommit=old)) == (400, "InvalidSwap", f"Commit was at {new}")


def test_of_sixteen_with_one_swap_record_one_wins(person: Person) -> None:
    """A counter that is raised by many loses no step."""
    cid = put(person, "counter", {"n": 0}).json()["cid"]

    answers = at_once(16, lambda n: put(person, "counter", {"n": n + 1}, swapRecord=cid))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    assert {refusal(answer)[1] for answer in answers if answer.status_code == 400} == {"InvalidSwap"}


def test_sixteen_puts_at_one_key_leave_one_of_them(person: Person) -> None:
    """All succeed, one after another, and the repository is whole."""
    answers = at_once(16, lambda n: put(person, "a", {"n": n}))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["commit"]["rev"] for answer in answers}) == 16
    assert (inspected(person).records, inspected(person).problems) == (1, ())


@pytest.mark.parametrize(
    ("collection", "record", "extra", "name"),
    [
        (THING, {"$type": POST}, {}, "InvalidRequest"),
        (THING, {"n": 1.5}, {}, "InvalidRequest"),
        (THING, {}, {"validate": True}, "InvalidRequest"),
        (POST, {"text": "no date"}, {}, "InvalidRequest"),
        (THING, {}, {"swapRecord": "nonsense"}, "InvalidRequest"),
        (
            THING,
            {"b": {"$type": "blob", "ref": {"$link": str(Cid.of_raw(b"x"))}, "mimeType": "a/b", "size": 1}},
            {},
            "BlobNotFound",
        ),
    ],
)
def test_what_cannot_be_put_is_refused(
    anybody: Person, collection: str, record: object, extra: dict[str, object], name: str
) -> None:
    """The rules are those of createRecord."""
    assert refusal(put(anybody, "3jzfcijpj2z2a", record, collection, **extra))[:2] == (400, name)


def test_a_key_is_needed(anybody: Person) -> None:
    """The server chooses none here."""
    body = {"repo": anybody.did, "collection": THING, "record": {}}

    status, name, text = refusal(anybody.post("com.atproto.repo.putRecord", json=body))

    assert (status, name) == (400, "InvalidRequest")
    assert "rkey" in text


def test_another_repository_is_refused(anybody: Person, person: Person) -> None:
    """Nobody puts into somebody else's repository."""
    create(person, {"n": 1}, rkey="a")

    assert refusal(put(anybody, "a", {"n": 2}, repo=person.did))[:2] == (401, "AuthenticationRequired")
    assert read(person, "a").json()["value"]["n"] == 1


def test_a_profile_of_old_can_be_edited(person: Person) -> None:
    """Its pictures, in the old form, get today's, with the size that they have; then it is valid like any other."""
    avatar, banner = uploaded(person, picture("avatar")), uploaded(person, picture("banner"))
    old = {"cid": str(Cid.of_raw(picture("avatar"))), "mimeType": "image/png"}

    made = put(person, "self", {"displayName": "A", "avatar": old, "banner": banner}, PROFILE)
    again = put(person, "self", {"displayName": "B", "avatar": old, "banner": banner}, PROFILE)

    assert (made.status_code, made.json()["validationStatus"], again.status_code) == (200, "valid", 200)
    value = read(person, "self", PROFILE).json()["value"]
    assert (value["avatar"], value["banner"], value["displayName"]) == (avatar, banner, "B")


def test_elsewhere_the_old_form_stays_refused(person: Person) -> None:
    """In another record, in another way to write a profile, and for a blob that is not here."""
    uploaded(person, picture("avatar"))
    old = {"cid": str(Cid.of_raw(picture("avatar"))), "mimeType": "image/png"}
    missing = old | {"cid": str(Cid.of_raw(b"missing"))}

    for answer in (
        put(person, "self", {"avatar": old}),
        create(person, {"avatar": old}, PROFILE, rkey="self", validate=False),
        put(person, "self", {"extra": {"avatar": old}}, PROFILE, validate=False),
    ):
        assert refusal(answer)[:2] == (400, "InvalidRequest")
        assert "Legacy blobs are not allowed" in refusal(answer)[2]
    assert refusal(put(person, "self", {"avatar": missing}, PROFILE))[:2] == (400, "BlobNotFound")


@pytest.mark.parametrize("collection", [THING, PROFILE])
def test_a_record_is_an_object(anybody: Person, collection: str) -> None:
    """A link and bytes look like one in JSON, and are none."""
    for value in ({"$link": str(Cid.of_cbor(b"x"))}, {"$bytes": "AQID"}):
        assert refusal(put(anybody, "self", value, collection))[:2] == (400, "InvalidRequest")
