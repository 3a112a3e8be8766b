"""com.atproto.deleteAccount, October 2022."""

from functools import partial

import httpx
import pytest

from support.server import PASSWORD, Person, Roost
from support.v2022 import (
    at_once,
    check_done,
    check_refused,
    check_unauthenticated,
    check_wrong_verb,
    post,
    root,
)

NSID = "com.atproto.deleteAccount"
URL = f"/xrpc/{NSID}"


def test_an_account_goes(roost: Roost) -> None:
    """With its token, its password, and everything that anybody could read of it by name or DID."""
    gone = roost.person()
    where = {"did": gone.did, "type": "app.bsky.post"}
    uri = gone.post("com.atproto.repoCreateRecord", params=where, json=post()).json()["uri"]
    tid = uri.rpartition("/")[2]

    check_done(gone.post(NSID), {}, private=True)

    check_unauthenticated(gone.get("com.atproto.getSession"))
    check_unauthenticated(gone.post("com.atproto.repoCreateRecord", params=where, json=post()))
    for username in (gone.handle, gone.did, gone.email):
        answer = roost.post("com.atproto.createSession", json={"username": username, "password": PASSWORD})
        check_refused(answer, "Invalid username or password", status=401, name="AuthenticationRequired")
    for user in (gone.handle, gone.did):
        for nsid in ("repoDescribe", "repoListRecords", "repoGetRecord"):
            answer = roost.get(f"com.atproto.{nsid}", nameOrDid=user, type="app.bsky.post", tid=tid)
            check_refused(answer, f"Could not find user: {user}")
    check_refused(roost.get("com.atproto.syncGetRoot", did=gone.did), f"Could not find root for DID: {gone.did}")
    check_refused(roost.get("com.atproto.syncGetRepo", did=gone.did), f"Could not find repo for DID: {gone.did}")
    check_refused(roost.get("com.atproto.resolveName", name=gone.handle), "Unable to resolve name")


def test_the_name_is_held_back_and_the_address_is_free(roost: Roost) -> None:
    """Nobody becomes who has just left; but one may come back, under another name."""
    gone = roost.person()
    gone.post(NSID)
    body = {"email": gone.email, "username": gone.handle, "password": PASSWORD}

    taken = roost.post("com.atproto.createAccount", json=body)
    check_refused(taken, f"Username already taken: {gone.handle}", name="UsernameNotAvailable")
    assert roost.post("com.atproto.createAccount", json=body | {"username": f"x{gone.handle}"}).status_code == 200


def test_the_did_stays_its_owner_s(roost: Roost) -> None:
    """It is not ended: whoever holds its keys may go on elsewhere."""
    gone = roost.person()

    gone.post(NSID)

    assert httpx.get(f"{roost.plc_url}/{gone.did}").status_code == 200


def test_nobody_else_goes(roost: Roost, alice: Person) -> None:
    """Others keep their repositories and sessions."""
    before = root(roost, alice.did)

    roost.person().post(NSID)

    assert (root(roost, alice.did), alice.get("com.atproto.getSession").status_code) == (before, 200)


def test_all_its_sessions_end(roost: Roost) -> None:
    """Not only the one that asked."""
    gone = roost.person()
    body = {"username": gone.handle, "password": PASSWORD}
    other = roost.post("com.atproto.createSession", json=body).json()["jwt"]

    gone.post(NSID)

    headers = {"authorization": f"Bearer {other}"}
    check_unauthenticated(roost.client.get("/xrpc/com.atproto.getSession", headers=headers))


def test_a_password_that_is_sent_must_be_right(roost: Roost) -> None:
    """None is asked for; a wrong one shows that it is not the owner."""
    person = roost.person()

    check_refused(person.post(NSID, json={"password": "wrong"}), "Invalid username or password")
    check_refused(person.post(NSID, json={"password": 1}), "data/password must be string")
    assert person.get("com.atproto.getSession").status_code == 200
    check_done(person.post(NSID, json={"password": PASSWORD}), {}, private=True)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"not JSON", b"\xff\0"])
def test_any_other_body_will_do(roost: Roost, content: bytes) -> None:
    """The input was free-form."""
    person = roost.person()

    check_done(person.post(NSID, content=content), {}, private=True)


def test_a_body_has_a_limit(roost: Roost, alice: Person) -> None:
    """Anything, but not any amount of it."""
    answer = alice.post(NSID, content=b"x" * (150 * 1024 + 1))

    assert (answer.status_code, answer.json()["error"]) == (413, "PayloadTooLarge")


def test_a_token_is_needed(roost: Roost, credentials: dict[str, dict[str, str]]) -> None:
    """Whatever is wrong with it."""
    for headers in credentials.values():
        check_unauthenticated(roost.client.post(URL, headers=headers, json={}))


def test_an_account_goes_once(roost: Roost) -> None:
    """However many ask, and whatever is being written meanwhile."""
    gone = roost.person()
    where = {"did": gone.did, "type": "app.bsky.post"}
    write = partial(gone.post, "com.atproto.repoCreateRecord", params=where, json=post())

    answers = at_once([write, partial(gone.post, NSID)] * 4)

    assert {answer.status_code for answer in answers} == {200, 401}
    assert roost.get("com.atproto.syncGetRoot", did=gone.did).status_code == 400


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
