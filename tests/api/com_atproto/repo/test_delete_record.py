"""com.atproto.repo.deleteRecord."""

from roost.data.cid import Cid
from support.calls import THING, at_once, create, delete, fill, head, inspected, put, read, refusal
from support.server import Person

ABSENT = str(Cid.of_cbor(b"\xa0"))


def test_a_deleted_record_is_gone(person: Person) -> None:
    """With a commit; nobody finds it any more."""
    create(person, {"n": 1}, rkey="a")

    told = delete(person, "a").json()

    assert set(told) == {"commit"}
    assert (told["commit"]["cid"], told["commit"]["rev"]) == head(person)
    assert refusal(read(person, "a")) == (
        400,
        "RecordNotFound",
        f"Could not locate record: at://{person.did}/{THING}/a",
    )


def test_deleting_again_is_no_error_and_no_commit(person: Person) -> None:
    """Whoever wanted it gone has what he wanted; a swap of the record is not looked at."""
    create(person, {"n": 1}, rkey="a")
    delete(person, "a")
    before = head(person)

    for extra in ({}, {"swapRecord": ABSENT}):
        answer = delete(person, "a", **extra)
        assert (answer.status_code, answer.json()) == (200, {})
    assert head(person) == before


def test_swaps_are_honoured(person: Person) -> None:
    """Of the record while there is one; of the commit always."""
    old, _ = head(person)
    made = put(person, "a", {"n": 1}).json()
    cid, now = made["cid"], made["commit"]["cid"]

    assert refusal(delete(person, "a", swapRecord=ABSENT)) == (400, "InvalidSwap", f"Record was at {cid}")
    for rkey in ("a", "b"):
        assert refusal(delete(person, rkey, swapCommit=old)) == (400, "InvalidSwap", f"Commit was at {now}")
    assert delete(person, "a", swapRecord=cid, swapCommit=now).status_code == 200


def test_of_sixteen_who_delete_one_record_one_commits(person: Person) -> None:
    """All succeed, and there is one commit for it."""
    fill(person, 5)

    answers = at_once(16, lambda _: delete(person, "03"))

    assert {answer.status_code for answer in answers} == {200}
    assert sum("commit" in answer.json() for answer in answers) == 1
    assert (inspected(person).records, inspected(person).problems) == (4, ())


def test_the_body_is_not_one_of_the_large_ones(anybody: Person) -> None:
    """A deletion brings no record, so 150 KiB must do."""
    answer = delete(anybody, "a", padding="x" * 160_000)

    assert refusal(answer) == (413, "PayloadTooLargeError", "request entity too large")


def test_another_repository_is_refused(anybody: Person, person: Person) -> None:
    """Nobody deletes in somebody else's repository."""
    create(person, {"n": 1}, rkey="a")

    assert refusal(delete(anybody, "a", repo=person.did))[:2] == (401, "AuthenticationRequired")
    assert read(person, "a").status_code == 200
