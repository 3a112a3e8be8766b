"""com.atproto.getSession, October 2022."""

from support.server import Person, Roost
from support.v2022 import check_done, check_refused, check_unauthenticated, check_wrong_verb

NSID = "com.atproto.getSession"
URL = f"/xrpc/{NSID}"


def test_whose_token_it_is(alice: Person) -> None:
    """The name and the DID, and nothing else."""
    check_done(alice.get(NSID), {"name": alice.handle, "did": alice.did}, private=True)


def test_head(roost: Roost, alice: Person) -> None:
    """The same without the body."""
    answer = roost.client.head(URL, headers=alice.auth)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == alice.get(NSID).headers["content-length"]


def test_a_token_is_needed(roost: Roost, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it, the answer is one, and never a fault of the server's."""
    for headers in credentials.values():
        check_unauthenticated(roost.client.get(URL, headers=headers))


def test_parameters_are_ignored(alice: Person) -> None:
    """There are none."""
    check_done(alice.get(NSID, name="x"), {"name": alice.handle, "did": alice.did}, private=True)


def test_a_body_is_refused(roost: Roost, alice: Person) -> None:
    """There is none."""
    answer = roost.client.request("GET", URL, json={"a": 1}, headers=alice.auth)

    check_refused(answer, "A request body was provided when none was expected")


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
