"""com.atproto.resetAccountPassword, October 2022."""

import asyncio
from functools import partial

import pytest

from roost.services.clock import Minter
from roost.services.sessions import Sessions
from support.server import PASSWORD, Person, Roost
from support.v2022 import (
    NO_STRINGS,
    RACERS,
    at_once,
    check_body_rules,
    check_done,
    check_refused,
    check_unauthenticated,
    check_wrong_verb,
)

NSID = "com.atproto.resetAccountPassword"
URL = f"/xrpc/{NSID}"
NEW = "another horse battery"


def token_for(roost: Roost, person: Person) -> str:
    """Ask for a mail and return the token in it."""
    before = max((letter.number for letter in roost.mailbox.to(person.email)), default=0)
    roost.post("com.atproto.requestAccountPasswordReset", json={"email": person.email})
    letter = asyncio.run(roost.mailbox.wait_for(person.email, after=before))
    return letter.tokens[0]


def signs_in(roost: Roost, person: Person, password: str) -> bool:
    """Return whether that is the person's password."""
    body = {"username": person.handle, "password": password}
    return roost.post("com.atproto.createSession", json=body).status_code == 200


def test_a_password_is_changed(roost: Roost) -> None:
    """The old one and every session end, and the token is used up."""
    person = roost.person()
    token = token_for(roost, person)

    check_done(roost.post(NSID, json={"token": token, "password": NEW}), {})

    assert (signs_in(roost, person, PASSWORD), signs_in(roost, person, NEW)) == (False, True)
    check_unauthenticated(person.get("com.atproto.getSession"))
    again = roost.post(NSID, json={"token": token, "password": "a third password"})
    check_refused(again, "Token could not be verified", name="InvalidToken")


def test_the_new_password_has_rules(roost: Roost) -> None:
    """A refused one leaves all as it was, the token too."""
    person = roost.person()
    token = token_for(roost, person)

    for bad in ("", "short", "x" * 257):
        answer = roost.post(NSID, json={"token": token, "password": bad})
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidPassword")
    assert signs_in(roost, person, PASSWORD)
    assert person.get("com.atproto.getSession").status_code == 200
    assert roost.post(NSID, json={"token": token, "password": NEW}).status_code == 200


def test_a_malformed_token(roost: Roost, alice: Person) -> None:
    """Also one of a session: it is not what was mailed."""
    for token in ("", "nonsense", "AAAAA-AAAA", "AAAAA-AAAA1", "AAAAAAAAAA", alice.jwt, "A" * 10_000):
        answer = roost.post(NSID, json={"token": token, "password": NEW})
        check_refused(answer, "Malformed token", name="InvalidToken")


def test_a_token_that_was_never_mailed(roost: Roost) -> None:
    """It may look like one."""
    answer = roost.post(NSID, json={"token": "AAAAA-AAAAA", "password": NEW})

    check_refused(answer, "Token could not be verified", name="InvalidToken")


def test_a_token_expires(roost: Roost, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 15 minutes, to the millisecond."""
    person = roost.person()
    token = token_for(roost, person)
    clock = minter(roost)
    later = clock.clock() + 15 * 60 * 1_000_000 + 1_000_000
    monkeypatch.setattr(clock, "clock", lambda: later)

    answer = roost.post(NSID, json={"token": token, "password": NEW})

    check_refused(answer, "The password reset token has expired", name="ExpiredToken")


def minter(roost: Roost) -> Minter:
    """Return the clock that the services share."""
    assert roost.app.server is not None
    return roost.app.server.get(Sessions)._minter


def test_a_token_dies_with_the_account(roost: Roost) -> None:
    """Nobody comes back that way."""
    person = roost.person()
    token = token_for(roost, person)
    person.post("com.atproto.deleteAccount")

    answer = roost.post(NSID, json={"token": token, "password": NEW})

    check_refused(answer, "Token could not be verified", name="InvalidToken")


def test_a_token_is_used_once(roost: Roost) -> None:
    """However many present it at the same time: the one that won has the password that counts."""
    person = roost.person()
    token = token_for(roost, person)
    passwords = [f"password number {n}" for n in range(RACERS)]

    answers = at_once([partial(roost.post, NSID, json={"token": token, "password": each}) for each in passwords])

    winners = [password for password, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    assert len(winners) == 1
    assert signs_in(roost, person, winners[0])


@pytest.mark.parametrize("field", ["token", "password"])
def test_both_fields_are_required_strings(roost: Roost, field: str) -> None:
    """They are named."""
    body: dict[str, object] = {"token": "AAAAA-AAAAA", "password": NEW}
    without = {key: value for key, value in body.items() if key != field}

    check_refused(roost.post(NSID, json=without), f"data must have required property '{field}'")
    for value in NO_STRINGS:
        check_refused(roost.post(NSID, json=body | {field: value}), f"data/{field} must be string")


def test_the_rules_of_bodies(roost: Roost) -> None:
    """Absent, of another type, too long, not JSON."""
    check_body_rules(roost, URL, {}, limit=150 * 1024)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
