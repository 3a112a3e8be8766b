"""com.atproto.sync.getRecord."""

import httpx
import pytest

from roost.crypto.keys import PublicKey
from roost.data import car, cbor
from roost.repo import commit as commits
from roost.repo import mst
from roost.repo.mst import Link
from roost.repo.proof import partial_tree
from support.calls import POST, THING, WHEN, create, delete, fill, head, put, refusal
from support.server import Person, Roost
from support.states import INACTIVE, asking, check_credentials, check_states

NSID = "com.atproto.sync.getRecord"


def proof(roost: Roost, person: Person, rkey: str, collection: str = THING) -> car.Car:
    """Ask for the proof of a record."""
    params = {"did": person.did, "collection": collection, "rkey": rkey}
    answer = roost.client.get(f"/xrpc/{NSID}", params=params, headers={"accept-encoding": "identity"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.ipld.car"
    assert answer.headers["content-length"] == str(len(answer.content))
    return car.read(answer.content, max_blocks=100, max_bytes=1 << 24)


def checked(roost: Roost, person: Person, found: car.Car) -> Link:
    """Check the commit as a stranger would, and return the part of the tree that was sent."""
    (root,) = found.roots
    assert next(iter(found.blocks)) == root, "the commit comes first"
    commit = commits.parse(found.blocks[root])
    (method,) = roost.client.get(f"{roost.plc_url}/{person.did}").json()["verificationMethod"]
    commits.verify(commit, PublicKey.from_did_key(f"did:key:{method['publicKeyMultibase']}"))
    assert commit.did == person.did
    return partial_tree(commit.data, found.blocks)


@pytest.mark.parametrize("records", [1, 2, 40, 200])
def test_it_proves_that_a_record_is_there(roost: Roost, person: Person, records: int) -> None:
    """Signed commit, the way through the tree, and the record itself; and not a block more."""
    for start in range(0, records, 100):
        fill_from(person, start, min(records, start + 100))
    for n in {0, records // 2, records - 1}:
        found = proof(roost, person, f"{n:04d}")

        tree = checked(roost, person, found)
        cid = mst.find(tree, f"{THING}/{n:04d}".encode())
        assert cid is not None
        assert cbor.decode(found.blocks[cid]) == {"$type": THING, "n": n}
        assert len(found.blocks) == 2 + len(list(mst.toward(tree, f"{THING}/{n:04d}".encode())))


def fill_from(person: Person, start: int, end: int) -> None:
    """Make records under four digits."""
    for n in range(start, end):
        assert put(person, f"{n:04d}", {"n": n}).status_code == 200


def test_it_proves_that_none_is(roost: Roost, person: Person) -> None:
    """The way to the gap where the record would stand is the proof, whoever asks for what was never there."""
    fill(person, 50)
    delete(person, "25")
    for rkey in ("25", "0", "zzz", "nope", "10.5"):
        found = proof(roost, person, rkey)

        tree = checked(roost, person, found)
        assert mst.find(tree, f"{THING}/{rkey}".encode()) is None


def test_an_empty_repository_proves_it_too(roost: Roost, person: Person) -> None:
    """A commit and an empty node."""
    found = proof(roost, person, "self", collection="app.bsky.actor.profile")

    assert mst.find(checked(roost, person, found), b"app.bsky.actor.profile/self") is None
    assert len(found.blocks) == 2


def test_it_is_of_the_present_state(roost: Roost, person: Person) -> None:
    """The root is the latest commit, and the record the one that stands there now."""
    created = create(person, {"$type": POST, "text": "one", "createdAt": WHEN}, collection=POST).json()
    rkey = created["uri"].rpartition("/")[2]
    put(person, rkey, {"$type": POST, "text": "two", "createdAt": WHEN}, collection=POST)

    found = proof(roost, person, rkey, collection=POST)

    assert str(found.roots[0]) == head(person)[0]
    assert created["cid"] not in map(str, found.blocks)


@pytest.mark.parametrize(
    ("name", "value"),
    [("collection", "nonsense"), ("rkey", "a/b"), ("rkey", ".."), ("did", "alice.test"), ("rkey", "")],
)
def test_what_cannot_be_is_refused(roost: Roost, anybody: Person, name: str, value: str) -> None:
    """A collection is an NSID, a record key one, and a repository is named by its DID."""
    params = {"did": anybody.did, "collection": THING, "rkey": "a"} | {name: value}
    answer: httpx.Response = roost.get(NSID, **params)

    assert refusal(answer)[:2] == (400, "InvalidRequest")


@INACTIVE
def test_states(roost: Roost, status: str, name: str) -> None:
    """What an inactive account has is its own and the administrator's to read."""
    ask = asking(roost, NSID, lambda person: {"did": person.did, "collection": THING, "rkey": "a"})

    check_states(roost, ask, status, name)


def test_credentials(roost: Roost, anybody: Person) -> None:
    """Nobody need say who they are, but who does must be believed."""
    ask = asking(roost, NSID, lambda person: {"did": person.did, "collection": THING, "rkey": "a"})

    check_credentials(roost, ask, anybody)
