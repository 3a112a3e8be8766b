"""com.atproto.getAccount, October 2022."""

import re

import pytest

from support.server import Person, Roost
from support.v2022 import check_done, check_unauthenticated, check_wrong_verb

NSID = "com.atproto.getAccount"
URL = f"/xrpc/{NSID}"


def test_the_account_is_told_to_its_owner(alice: Person) -> None:
    """Both words for its name, its address, its age, and nothing secret."""
    answer = alice.get(NSID)

    created = answer.json()["createdAt"]
    told = {
        "did": alice.did,
        "username": alice.handle,
        "name": alice.handle,
        "email": alice.email,
        "createdAt": created,
    }
    check_done(answer, told, private=True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"not JSON"])
def test_any_body_will_do(roost: Roost, alice: Person, content: bytes) -> None:
    """An input was declared for this query, which hardly any client could send."""
    answer = roost.client.request("GET", URL, content=content, headers=alice.auth)

    assert answer.json()["did"] == alice.did


def test_a_token_is_needed(roost: Roost, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it."""
    for headers in credentials.values():
        check_unauthenticated(roost.client.get(URL, headers=headers))


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
