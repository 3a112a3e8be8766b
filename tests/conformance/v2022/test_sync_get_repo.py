"""com.atproto.syncGetRepo, October 2022."""

import random
from functools import partial

import httpx
import pytest

from roost.data import car
from roost.repo import inspect
from support.server import Person, Roost
from support.v2022 import (
    POST,
    at_once,
    check_invalid,
    check_refused,
    check_wrong_verb,
    exported,
    judged,
    leaves,
    post,
    root,
)
from support.v2022_records import BAD_DIDS, CID

NSID = "com.atproto.syncGetRepo"
URL = f"/xrpc/{NSID}"


def put(person: Person, tid: str, text: str) -> None:
    """Have a record at a key."""
    params = {"did": person.did, "type": POST, "tid": tid}
    assert person.post("com.atproto.repoPutRecord", params=params, json=post(text)).status_code == 200


def since(roost: Roost, person: Person, commit: object) -> car.Car:
    """Return what came after a commit."""
    return exported(roost, person.did, **{"from": str(commit)})


def test_the_whole_repository(roost: Roost, alice: Person) -> None:
    """One root, the current commit, which comes first; every block is needed, none is missing."""
    put(alice, "whole", "whole")

    answer = roost.get(NSID, did=alice.did)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/cbor"
    assert answer.headers["access-control-allow-origin"] == "*"
    copy = exported(roost, alice.did)
    assert [str(cid) for cid in copy.roots] == [root(roost, alice.did)]
    assert next(iter(copy.blocks)) == copy.roots[0]
    assert judged(roost, alice.did).signed
    assert roost.get(NSID, did=alice.did, **{"from": ""}).content == answer.content


def test_a_new_repository(roost: Roost) -> None:
    """A commit and the empty tree."""
    assert len(exported(roost, roost.person().did).blocks) == 2


def test_what_came_after_a_commit(roost: Roost) -> None:
    """With the state at any earlier commit, it is the whole current state; what that state had is left out."""
    person = roost.person()
    rng = random.Random(2022)
    states = [exported(roost, person.did)]
    for n in range(24):
        key = f"k{rng.randrange(12):02}"
        if rng.random() < 0.3:
            params = {"did": person.did, "type": POST, "tid": key}
            assert person.post("com.atproto.repoDeleteRecord", params=params).status_code == 200
        else:
            put(person, key, f"{n}")
        states.append(exported(roost, person.did))
    now = states[-1]

    for state in states:
        gained = since(roost, person, state.roots[0])
        assert gained.roots == now.roots
        assert now.roots[0] in gained.blocks
        together = inspect(now.roots[0], state.blocks | gained.blocks, None)
        assert together.problems == ()
        assert (state.blocks | gained.blocks).keys() >= now.blocks.keys()
        assert gained.blocks.keys() <= now.blocks.keys()
        stayed = set(leaves(state).items()) & set(leaves(now).items())
        assert not gained.blocks.keys() & {cid for _, cid in stayed}


def test_a_record_that_stayed_is_left_out(roost: Roost) -> None:
    """Only what is new is sent: the record, the nodes above it, and the commit."""
    person = roost.person()
    for n in range(30):
        put(person, f"old{n}", f"old {n}")
    before = exported(roost, person.did)
    put(person, "new", "new")

    gained = since(roost, person, before.roots[0])

    records = set(leaves(exported(roost, person.did)).values())
    assert len(gained.blocks.keys() & records) == 1
    assert not gained.blocks.keys() & set(leaves(before).values())


def test_nothing_came_after_the_current_commit(roost: Roost, alice: Person) -> None:
    """The commit is sent all the same: it says that this is all."""
    now = exported(roost, alice.did)

    gained = since(roost, alice, now.roots[0])

    assert (gained.roots, list(gained.blocks)) == (now.roots, [now.roots[0]])


def test_a_commit_that_is_not_one_of_the_repository_s(roost: Roost, alice: Person, bob: Person) -> None:
    """Unknown, or somebody else's, or no commit at all: never the whole repository instead."""
    put(alice, "mine", "mine")
    copy = exported(roost, alice.did)
    record = leaves(copy)["app.bsky.post/mine"]

    for other in (CID, root(roost, bob.did), str(record)):
        answer = roost.get(NSID, did=alice.did, **{"from": other})
        check_refused(answer, f"This repository was never at the commit {other}")


@pytest.mark.parametrize(
    "cid",
    ["nonsense", "bafy", CID[:-1], CID.upper(), "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", "3jzfcijpj2z2a"],
)
def test_a_malformed_commit(roost: Roost, alice: Person, cid: str) -> None:
    """It is refused, and is no fault of the server's."""
    check_invalid(roost.get(NSID, did=alice.did, **{"from": cid}), "")


@pytest.mark.parametrize("did", ["did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:localhost"])
def test_a_repository_that_is_not_here(roost: Roost, did: str) -> None:
    """In the words of the time, whatever it is asked from."""
    check_refused(roost.get(NSID, did=did), f"Could not find repo for DID: {did}")
    check_refused(roost.get(NSID, did=did, **{"from": CID}), f"Could not find repo for DID: {did}")


def test_a_did_is_a_did(roost: Roost, alice: Person) -> None:
    """A name will not do."""
    for did in (alice.handle, *BAD_DIDS):
        check_invalid(roost.get(NSID, did=did), "")


def test_parameters(roost: Roost, alice: Person) -> None:
    """`did` is required, both are given once, others are ignored (today's `since` too), credentials too."""
    check_refused(roost.get(NSID), "Required parameter not supplied: did")
    check_refused(roost.get(NSID, did=""), "Required parameter not supplied: did")
    for name in ("did", "from"):
        params = [("did", alice.did), ("from", root(roost, alice.did))]
        answer = roost.client.get(URL, params=[*params, *(each for each in params if each[0] == name)])
        check_refused(answer, f"Parameter '{name}' must not be given more than once")
    answer = roost.client.get(f"{URL}?did={alice.did}&since=x", headers={"authorization": "nonsense"})
    assert answer.content == roost.get(NSID, did=alice.did).content


def test_a_repository_that_is_written_to(roost: Roost) -> None:
    """Each export is of one moment."""
    person = roost.person()

    def export() -> httpx.Response:
        return roost.get(NSID, did=person.did)

    calls = [partial(_put, person, f"k{n}") for n in range(12)]
    answers = at_once([call for pair in zip(calls, [export] * 12, strict=True) for call in pair])

    for answer in answers[1::2]:
        copy = car.read(answer.content, max_blocks=10_000, max_bytes=1 << 30)
        report = inspect(copy.roots[0], copy.blocks, None)
        assert (report.problems, report.unused) == ((), 0)
    assert judged(roost, person.did).records == 12


def _put(person: Person, tid: str) -> httpx.Response:
    params = {"did": person.did, "type": POST, "tid": tid}
    return person.post("com.atproto.repoPutRecord", params=params, json=post(tid))


def test_head(roost: Roost, alice: Person) -> None:
    """The same without the body."""
    answer = roost.client.head(URL, params={"did": alice.did})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/cbor"


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
