"""com.atproto.sync.getBlocks."""

import httpx

from roost.data import car
from roost.data.cid import Cid
from support.calls import apply, at_once, create, delete, exported, fill, head, put, refusal
from support.server import Person, Roost
from support.states import INACTIVE, asking, check_credentials, check_states

NSID = "com.atproto.sync.getBlocks"
OTHER = str(Cid.of_cbor(b"\xa0"))


def blocks(roost: Roost, did: str, *cids: str) -> httpx.Response:
    """Ask for blocks."""
    return roost.client.get(f"/xrpc/{NSID}", params=[("did", did), *[("cids", cid) for cid in cids]])


def opened(answer: httpx.Response) -> car.Car:
    """Return the CAR of an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.ipld.car"
    return car.read(answer.content, max_blocks=10_000, max_bytes=1 << 26)


def test_every_block_of_a_repository_can_be_had(roost: Roost, person: Person) -> None:
    """The commit, each node and each record, in the order they are asked for, without a root."""
    fill(person, 60)
    delete(person, "07")
    all_ = exported(person).blocks
    asked = sorted(map(str, all_))

    found = opened(blocks(roost, person.did, *asked))

    assert found.roots == ()
    assert found.blocks == all_
    assert list(map(str, found.blocks)) == asked


def test_a_block_asked_for_twice_comes_once(roost: Roost, person: Person) -> None:
    """And one record at two paths is one block."""
    put(person, "a", {"n": 1})
    cid = put(person, "b", {"n": 1}).json()["cid"]

    answer = blocks(roost, person.did, cid, cid)

    assert answer.content == car.header(None) + car.frame(Cid.parse(cid), opened(answer).blocks[Cid.parse(cid)])


def test_what_is_missing_is_named(roost: Roost, person: Person, anybody: Person) -> None:
    """All that is missing, and no block at all: also another repository's blocks, and those of the past."""
    old = create(person, {"n": 1}).json()
    delete(person, old["uri"].rpartition("/")[2])
    theirs = head(anybody)[0]

    status, name, message = refusal(blocks(roost, person.did, head(person)[0], OTHER, theirs, old["cid"]))

    assert (status, name) == (400, "BlockNotFound")
    assert message == f"Could not find cids: {OTHER},{theirs},{old['cid']}"


def test_cids_are_needed_and_must_be_some(roost: Roost, anybody: Person) -> None:
    """None, an empty one, and what is no CID."""
    for cids in ((), ("",), ("nonsense",), (head(anybody)[0], "x" * 5000)):
        assert refusal(blocks(roost, anybody.did, *cids))[:2] == (400, "InvalidRequest")


def test_a_thousand_blocks_at_once(roost: Roost, person: Person) -> None:
    """As many as fit in a request."""
    for start in range(0, 800, 200):
        writes: list[dict[str, object]] = [
            {"action": "create", "rkey": f"{n:04d}", "value": {"n": n}} for n in range(start, start + 200)
        ]
        assert apply(person, *writes).status_code == 200
    asked = list(map(str, exported(person).blocks))[:850]

    assert len(opened(blocks(roost, person.did, *asked)).blocks) == 850


def test_readers_and_writers_do_not_disturb_each_other(roost: Roost, person: Person) -> None:
    """A commit that was told of is there, or has been replaced: never half of it."""
    fill(person, 20)

    def call(number: int) -> bool:
        if number % 2:
            return put(person, f"{number:02d}", {"n": "changed"}).status_code == 200
        commit = head(person)[0]
        answer = blocks(roost, person.did, commit)
        return answer.status_code == 200 or refusal(answer)[1] == "BlockNotFound"

    assert all(at_once(16, call))


@INACTIVE
def test_states(roost: Roost, status: str, name: str) -> None:
    """Blocks of an inactive account are its own and the administrator's to read."""
    heads: dict[str, str] = {}

    def params(person: Person) -> dict[str, object]:
        if person.did not in heads:
            heads[person.did] = head(person)[0]
        return {"did": person.did, "cids": heads[person.did]}

    check_states(roost, asking(roost, NSID, params), status, name)


def test_credentials(roost: Roost, anybody: Person) -> None:
    """Nobody need say who they are, but who does must be believed."""
    cid = head(anybody)[0]

    check_credentials(roost, asking(roost, NSID, lambda person: {"did": person.did, "cids": cid}), anybody)
