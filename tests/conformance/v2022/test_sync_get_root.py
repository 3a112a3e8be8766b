"""com.atproto.syncGetRoot, October 2022."""

import pytest

from roost.data.cid import DAG_CBOR, Cid
from support.server import Person, Roost
from support.v2022 import POST, check_done, check_invalid, check_refused, check_wrong_verb, exported, post
from support.v2022_records import BAD_DIDS

NSID = "com.atproto.syncGetRoot"
URL = f"/xrpc/{NSID}"


def test_the_root_is_the_commit(roost: Roost, alice: Person) -> None:
    """The one that the repository's CAR begins with; it moves with every write."""
    roots = []
    for _ in range(3):
        params = {"did": alice.did, "type": POST}
        alice.post("com.atproto.repoCreateRecord", params=params, json=post())
        root = exported(roost, alice.did).roots[0]
        check_done(roost.get(NSID, did=alice.did), {"root": str(root)})
        roots.append(root)

    assert len(set(roots)) == 3
    assert Cid.parse(str(roots[0])).codec == DAG_CBOR
    assert str(roots[0]).startswith("bafyrei")


def test_a_new_repository_has_a_root(roost: Roost) -> None:
    """Its first commit is made with the account."""
    person = roost.person()

    assert roost.get(NSID, did=person.did).json()["root"] == str(exported(roost, person.did).roots[0])


@pytest.mark.parametrize("did", ["did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:localhost", "did:web:nobody.test"])
def test_a_repository_that_is_not_here(roost: Roost, did: str) -> None:
    """In the words of the time."""
    check_refused(roost.get(NSID, did=did), f"Could not find root for DID: {did}")


def test_a_did_is_a_did(roost: Roost, alice: Person) -> None:
    """A name will not do."""
    for did in (alice.handle, *BAD_DIDS):
        check_invalid(roost.get(NSID, did=did), "")


def test_parameters(roost: Roost, alice: Person) -> None:
    """`did` is required and given once, others are ignored, credentials too."""
    check_refused(roost.get(NSID), "Required parameter not supplied: did")
    check_refused(roost.get(NSID, did=""), "Required parameter not supplied: did")
    twice = roost.client.get(f"{URL}?did={alice.did}&did={alice.did}")
    check_refused(twice, "Parameter 'did' must not be given more than once")
    answer = roost.client.get(f"{URL}?did={alice.did}&x=1", headers={"authorization": "nonsense"})
    assert answer.status_code == 200


def test_head(roost: Roost, alice: Person) -> None:
    """The same without the body."""
    answer = roost.client.head(URL, params={"did": alice.did})

    assert (answer.status_code, answer.content) == (200, b"")


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
