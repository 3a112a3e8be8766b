"""com.atproto.deleteSession, October 2022."""

from functools import partial

import pytest

from support.server import PASSWORD, Person, Roost
from support.v2022 import (
    at_once,
    check_done,
    check_unauthenticated,
    check_wrong_verb,
)

NSID = "com.atproto.deleteSession"
URL = f"/xrpc/{NSID}"


def sign_in(roost: Roost, person: Person) -> dict[str, str]:
    """Open another session and return the header that proves it."""
    body = {"username": person.handle, "password": PASSWORD}
    return {"authorization": f"Bearer {roost.post('com.atproto.createSession', json=body).json()['jwt']}"}


def who(roost: Roost, headers: dict[str, str]) -> int:
    """Return the status of asking whose token it is."""
    return roost.client.get("/xrpc/com.atproto.getSession", headers=headers).status_code


def test_a_session_ends(roost: Roost, alice: Person) -> None:
    """The presented token's, at once, and no other."""
    first, second = sign_in(roost, alice), sign_in(roost, alice)

    check_done(roost.client.post(URL, headers=first), {}, private=True)

    check_unauthenticated(roost.client.get("/xrpc/com.atproto.getSession", headers=first))
    check_unauthenticated(roost.client.post(URL, headers=first))
    assert (who(roost, second), who(roost, alice.auth)) == (200, 200)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"anything": [1.5]}', b"not JSON", b"\xff\0"])
@pytest.mark.parametrize("type", [None, "application/json", "text/plain"])
def test_any_body_will_do(roost: Roost, alice: Person, content: bytes, type: str | None) -> None:
    """None is declared, so none is judged: a free-form input, of any type or none."""
    headers = sign_in(roost, alice)

    answer = roost.client.post(URL, content=content, headers=headers | ({"content-type": type} if type else {}))

    check_done(answer, {}, private=True)
    assert who(roost, headers) == 401


def test_a_token_is_needed(roost: Roost, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it."""
    for headers in credentials.values():
        check_unauthenticated(roost.client.post(URL, headers=headers, json={}))


def test_a_session_ends_once(roost: Roost, alice: Person) -> None:
    """Two at the same time are no fault of the server's."""
    headers = sign_in(roost, alice)

    answers = at_once([partial(roost.client.post, URL, headers=headers)] * 8)

    assert {answer.status_code for answer in answers} <= {200, 401}
    assert who(roost, headers) == 401


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
