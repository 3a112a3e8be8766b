"""com.atproto.repo.applyWrites."""

import pytest

from roost.data.cid import Cid
from support.calls import POST, THING, WHEN, apply, at_once, create, fill, head, inspected, put, read, refusal
from support.server import Person

NSID = "com.atproto.repo.applyWrites"


def test_results_come_in_the_order_of_the_writes(person: Person) -> None:
    """One commit for all; each result says what became of its write."""
    fill(person, 3)

    told = apply(
        person,
        {"action": "delete", "rkey": "00"},
        {"action": "create", "rkey": "z", "value": {"n": "z"}},
        {"action": "update", "rkey": "01", "value": {"n": "new"}},
        {"action": "create", "collection": POST, "value": {"text": "hi", "createdAt": WHEN}},
    ).json()

    assert (told["commit"]["cid"], told["commit"]["rev"]) == head(person)
    assert [result["$type"].partition("#")[2] for result in told["results"]] == [
        "deleteResult",
        "createResult",
        "updateResult",
        "createResult",
    ]
    assert told["results"][0] == {"$type": f"{NSID}#deleteResult"}
    assert told["results"][1]["uri"] == f"at://{person.did}/{THING}/z"
    assert [result.get("validationStatus") for result in told["results"]] == [None, "unknown", "unknown", "valid"]
    assert read(person, "01").json()["cid"] == told["results"][2]["cid"]
    assert (inspected(person).records, inspected(person).problems) == (4, ())


def test_nothing_to_do_is_no_commit(person: Person) -> None:
    """An empty list leaves the head where it is."""
    before = head(person)

    assert apply(person).json() == {"results": []}
    assert head(person) == before


def test_two_hundred_writes_fit(person: Person) -> None:
    """One more is refused before any of them is looked at."""
    writes: list[dict[str, object]] = [{"action": "create", "rkey": f"{n:03d}", "value": {"n": n}} for n in range(200)]

    assert refusal(apply(person, *writes, {"action": "create", "value": {"n": 1.5}}))[0] == 400
    assert refusal(apply(person, *writes, {"action": "create", "value": {"$type": "other"}})) == (
        400,
        "InvalidRequest",
        "Too many writes. Max: 200",
    )
    assert len(apply(person, *writes).json()["results"]) == 200
    assert inspected(person).records == 200


@pytest.mark.parametrize(
    ("bad", "name", "message"),
    [
        ({"action": "create", "rkey": "00", "value": {}}, "RecordAlreadyExists", f"Record already exists: {THING}/00"),
        ({"action": "update", "rkey": "zz", "value": {}}, "InvalidRequest", f"Could not locate record: {THING}/zz"),
        ({"action": "delete", "rkey": "zz"}, "InvalidRequest", f"Could not locate record: {THING}/zz"),
        ({"action": "delete", "rkey": "x05"}, "InvalidRequest", "Write 10 is the second to "),
        ({"action": "create", "value": {"$type": POST}}, "InvalidRequest", "Invalid $type: expected "),
        ({"action": "create", "collection": POST, "value": {}}, "InvalidRequest", f"Invalid {POST} record: "),
        ({"action": "create", "rkey": "../x", "value": {}}, "InvalidRequest", f"Invalid {NSID} input: "),
        ({"action": "create"}, "InvalidRequest", f"Invalid {NSID} input: "),
        ({"action": "rename", "rkey": "00"}, "InvalidRequest", f"Invalid {NSID} input: "),
        (
            {
                "action": "create",
                "value": {
                    "b": {"$type": "blob", "ref": {"$link": str(Cid.of_raw(b"x"))}, "mimeType": "a/b", "size": 1}
                },
            },
            "BlobNotFound",
            "Could not find blob: ",
        ),
    ],
)
def test_one_bad_write_undoes_all(person: Person, bad: dict[str, object], name: str, message: str) -> None:
    """Nothing of the batch has happened, whatever was wrong with its last write."""
    fill(person, 3)
    before = head(person)
    good: list[dict[str, object]] = [{"action": "create", "rkey": f"x{n:02d}", "value": {"n": n}} for n in range(10)]

    status, error, text = refusal(apply(person, *good, bad))

    assert (status, error) == (400, name)
    assert text.startswith(message)
    assert head(person) == before
    assert inspected(person).records == 3


def test_checking_is_for_the_whole_batch(person: Person) -> None:
    """`validate` false stores all as they are, true insists on all types being known."""
    write: dict[str, object] = {"action": "create", "collection": POST, "value": {"text": "no date"}}
    other: dict[str, object] = {"action": "create", "value": {}}

    results = apply(person, write, other, validate=False).json()["results"]
    assert [result.get("validationStatus") for result in results] == [None, None]
    assert refusal(apply(person, other, validate=True)) == (400, "InvalidRequest", f"Unknown lexicon type: {THING}")


def test_swap_commit_is_for_the_whole_batch(person: Person) -> None:
    """A stale head stops all of it."""
    old, _ = head(person)
    now = put(person, "a", {}).json()["commit"]["cid"]

    answer = apply(person, {"action": "create", "value": {}}, swapCommit=old)

    assert refusal(answer) == (400, "InvalidSwap", f"Commit was at {now}")
    assert apply(person, {"action": "create", "value": {}}, swapCommit=now).status_code == 200


def test_sixteen_batches_at_once_are_each_whole(person: Person) -> None:
    """Of two batches that want one key only one happens, and then all of it."""

    def call(n: int) -> int:
        writes: list[dict[str, object]] = [
            {"action": "create", "rkey": f"{n // 2:02d}", "value": {"n": n}},
            {"action": "create", "rkey": f"of{n:02d}", "value": {"n": n}},
        ]
        return apply(person, *writes).status_code

    statuses = at_once(16, call)

    assert [sorted(pair) for pair in zip(statuses[::2], statuses[1::2], strict=True)] == [[200, 400]] * 8
    assert (inspected(person).records, inspected(person).problems) == (16, ())
    for n in range(16):
        assert (read(person, f"of{n:02d}").status_code == 200) == (statuses[n] == 200)


def test_another_repository_is_refused(anybody: Person, person: Person) -> None:
    """Nobody writes into somebody else's repository."""
    create(person, {"n": 1}, rkey="a")

    answer = apply(anybody, {"action": "delete", "rkey": "a"}, repo=person.did)

    assert refusal(answer)[:2] == (401, "AuthenticationRequired")
    assert read(person, "a").status_code == 200
