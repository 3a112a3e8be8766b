"""Accounts of October 2022."""

import pytest

from roost.api.v2022.accounts import username
from roost.api.v2022.errors import InvalidUsername
from support.calls import sign_in
from support.server import PASSWORD, Person, Roost


def test_both_generations_are_one_account(roost: Roost, person: Person) -> None:
    """Whoever joined in old words signs in in new ones, and sessions of one kind leave those of the other alone."""
    session = sign_in(roost, person)
    body = {"username": person.handle, "password": PASSWORD}
    old = roost.post("com.atproto.createSession", json=body).json()

    assert old["did"] == session.get().json()["did"] == person.did
    headers = {"authorization": f"Bearer {old['jwt']}"}
    assert roost.post("com.atproto.deleteSession", headers=headers).status_code == 200
    assert roost.client.get("/xrpc/com.atproto.getSession", headers=headers).status_code == 401
    assert session.get().status_code == 200
    assert person.get("com.atproto.getSession").json() == {"name": person.handle, "did": person.did}


def test_a_username_is_a_handle() -> None:
    """In lower case; what looks like a DID is told apart from what is no domain."""
    assert username("Alice.TEST") == "alice.test"
    with pytest.raises(InvalidUsername, match=r"^Cannot register a username that starts with `did:`$"):
        username("did:plc:abc")
    with pytest.raises(InvalidUsername, match=r"^Username is not a valid domain name: a\.\.b$"):
        username("a..b")
