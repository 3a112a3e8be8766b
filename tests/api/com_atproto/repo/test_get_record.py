"""com.atproto.repo.getRecord."""

import pytest

from roost.data.cid import Cid
from support.blobs import hide
from support.calls import THING, exported, put, read, refusal, set_status
from support.server import Person, Roost


def test_anybody_may_read(roost: Roost, person: Person) -> None:
    """By DID or handle, with or without the CID; a token is not even looked at."""
    cid = put(person, "a", {"n": 1}).json()["cid"]

    expected = {"uri": f"at://{person.did}/{THING}/a", "cid": cid, "value": {"$type": THING, "n": 1}}
    for repo in (person.did, person.handle):
        for extra in ({}, {"cid": cid}):
            answer = roost.get("com.atproto.repo.getRecord", repo=repo, collection=THING, rkey="a", **extra)
            assert answer.json() == expected
    headers = {"authorization": "nonsense"}
    url = f"/xrpc/com.atproto.repo.getRecord?repo={person.did}&collection={THING}&rkey=a"
    assert roost.client.get(url, headers=headers).json() == expected


def test_values_come_back_as_they_were_sent(person: Person) -> None:
    """Links, bytes, null, nesting and every script; nothing is reordered by meaning."""
    value = {
        "$type": THING,
        "link": {"$link": str(Cid.of_cbor(b"x"))},
        "bytes": {"$bytes": "AQID"},
        "null": None,
        "bool": True,
        "int": -(2**53) + 1,
        "text": 'é 日本語 👩‍👩‍👧 \u2028 \u0001 \\ " /',
        "list": [[], {}, [1, [2, {"a": None}]]],
    }

    put(person, "a", value)

    assert read(person, "a").json()["value"] == value


def test_only_the_current_version_is_there(person: Person) -> None:
    """An earlier record, or another one's CID, is not found."""
    old = put(person, "a", {"n": 1}).json()["cid"]
    put(person, "a", {"n": 2})

    assert refusal(read(person, "a", cid=old)) == (
        400,
        "RecordNotFound",
        f"Could not locate record: at://{person.did}/{THING}/a",
    )


def test_a_missing_record_is_named_by_did(roost: Roost, anybody: Person) -> None:
    """Also when it was asked for by handle."""
    answer = roost.get("com.atproto.repo.getRecord", repo=anybody.handle, collection=THING, rkey="none")

    assert refusal(answer) == (400, "RecordNotFound", f"Could not locate record: at://{anybody.did}/{THING}/none")


@pytest.mark.parametrize(("status", "name"), [("deactivated", "RepoDeactivated"), ("takendown", "RepoTakendown")])
def test_an_inactive_repository_is_not_read(roost: Roost, person: Person, status: str, name: str) -> None:
    """Its records are nobody's to see."""
    put(person, "a", {"n": 1})
    set_status(roost, person, status)

    assert refusal(read(person, "a")) == (400, name, f"Repo has been {status}: {person.did}")


def test_an_unknown_repository_is_not_found(roost: Roost) -> None:
    """Where the settings name nobody else to ask."""
    answer = roost.get("com.atproto.repo.getRecord", repo="nobody.test", collection=THING, rkey="a")

    assert refusal(answer) == (400, "RepoNotFound", "Could not find repo: nobody.test")


@pytest.mark.parametrize("missing", ["repo", "collection", "rkey"])
def test_every_parameter_but_the_cid_is_needed(roost: Roost, anybody: Person, missing: str) -> None:
    """What is left out or empty is told."""
    given = {"repo": anybody.did, "collection": THING, "rkey": "a"}

    for params in ({k: v for k, v in given.items() if k != missing}, given | {missing: ""}):
        status, name, text = refusal(roost.get("com.atproto.repo.getRecord", **params))
        assert (status, name) == (400, "InvalidRequest")
        assert missing in text


def test_what_was_taken_down_is_not_read(roost: Roost, person: Person) -> None:
    """Nor is what its owner writes there, until it is restored; it stays in the repository."""
    put(person, "hidden", {"n": 1})
    hide(roost, person, f"{THING}/hidden", "why")

    hidden = refusal(read(person, "hidden"))
    cid = put(person, "hidden", {"n": 2}).json()["cid"]
    still = refusal(read(person, "hidden"))
    in_repo = Cid.parse(cid) in exported(person).blocks
    hide(roost, person, f"{THING}/hidden", None)

    said = f"Could not locate record: at://{person.did}/{THING}/hidden"
    assert (hidden, still, in_repo) == ((400, "RecordNotFound", said), (400, "RecordNotFound", said), True)
    assert read(person, "hidden").json()["value"]["n"] == 2
