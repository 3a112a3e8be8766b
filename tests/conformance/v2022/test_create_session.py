"""com.atproto.createSession, October 2022."""

import statistics
import time
from functools import partial

import pytest

from support.server import PASSWORD, Person, Roost
from support.v2022 import NO_STRINGS, RACERS, at_once, check_body_rules, check_done, check_refused, check_wrong_verb

NSID = "com.atproto.createSession"
URL = f"/xrpc/{NSID}"


def test_a_session_is_opened(roost: Roost, alice: Person) -> None:
    """The answer calls the username `name`, and its token works."""
    answer = roost.post(NSID, json={"username": alice.handle, "password": PASSWORD})

    jwt = answer.json()["jwt"]
    check_done(answer, {"jwt": jwt, "name": alice.handle, "did": alice.did})
    session = roost.client.get("/xrpc/com.atproto.getSession", headers={"authorization": f"Bearer {jwt}"})
    check_done(session, {"name": alice.handle, "did": alice.did}, private=True)


def test_each_session_has_a_token_of_its_own(roost: Roost, alice: Person) -> None:
    """So that one can be revoked without the others."""
    sign_in = partial(roost.post, NSID, json={"username": alice.handle, "password": PASSWORD})

    assert len({answer.json()["jwt"] for answer in at_once([sign_in] * 4)}) == 4


def test_who_signs_in_may_be_written_otherwise(roost: Roost, alice: Person) -> None:
    """In another case, as the DID, as the email address."""
    for username in (alice.handle.upper(), alice.did, alice.email, alice.email.upper()):
        answer = roost.post(NSID, json={"username": username, "password": PASSWORD})
        assert answer.json()["did"] == alice.did


@pytest.mark.parametrize(
    "username", ["nobody.test", "", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "a@b.test", "no name", "x" * 10_000, "ali%"]
)
def test_an_unknown_username(roost: Roost, username: str) -> None:
    """It is told in the same words as a wrong password."""
    answer = roost.post(NSID, json={"username": username, "password": PASSWORD})

    check_refused(answer, "Invalid username or password", status=401, name="AuthenticationRequired")


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", PASSWORD + "\0", "x" * 100_000])
def test_a_wrong_password(roost: Roost, alice: Person, password: str) -> None:
    """It is told in the same words as an unknown username."""
    answer = roost.post(NSID, json={"username": alice.handle, "password": password})

    check_refused(answer, "Invalid username or password", status=401, name="AuthenticationRequired")


def test_the_time_does_not_tell_who_has_an_account(roost: Roost, alice: Person) -> None:
    """An unknown username takes as long as a wrong password: both cost one hash."""

    def took(username: str) -> float:
        before = time.perf_counter()
        assert roost.post(NSID, json={"username": username, "password": "not the one"}).status_code == 401
        return time.perf_counter() - before

    took("nobody.test")
    known = statistics.median(took(alice.handle) for _ in range(3))
    unknown = statistics.median(took("nobody.test") for _ in range(3))

    assert unknown > known / 3


@pytest.mark.parametrize("field", ["username", "password"])
def test_both_fields_are_required_strings(roost: Roost, field: str) -> None:
    """They are named."""
    body: dict[str, object] = {"username": "a.test", "password": "x"}
    without = {key: value for key, value in body.items() if key != field}

    check_refused(roost.post(NSID, json=without), f"data must have required property '{field}'")
    for value in NO_STRINGS:
        check_refused(roost.post(NSID, json=body | {field: value}), f"data/{field} must be string")


def test_many_sign_in_at_once(roost: Roost, alice: Person) -> None:
    """Hashes wait for each other; nobody is turned away."""
    sign_in = partial(roost.post, NSID, json={"username": alice.handle, "password": PASSWORD, "unknown": 1})

    assert [answer.status_code for answer in at_once([sign_in] * RACERS)] == [200] * RACERS


def test_the_rules_of_bodies(roost: Roost) -> None:
    """Absent, of another type, too long, not JSON."""
    check_body_rules(roost, URL, {}, limit=150 * 1024)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
