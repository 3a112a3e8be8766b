"""com.atproto.requestAccountPasswordReset, October 2022."""

import asyncio
import time

import pytest

from support.server import Person, Roost
from support.v2022 import NO_STRINGS, check_body_rules, check_done, check_refused, check_wrong_verb

NSID = "com.atproto.requestAccountPasswordReset"
URL = f"/xrpc/{NSID}"


def test_a_mail_is_sent(roost: Roost) -> None:
    """With a subject, and a link that carries the token."""
    person = roost.person()

    check_done(roost.post(NSID, json={"email": person.email}), {})

    letter = asyncio.run(roost.mailbox.wait_for(person.email))
    assert (letter.to, letter.sender) == (person.email, "noreply@localhost")
    assert letter.subject == "Password Reset Requested"
    assert "<h3>Reset your password</h3>" in letter.html
    (token,) = letter.tokens
    assert any(link.endswith(f"?token={token}") for link in letter.links)
    assert f"?token={token}" in letter.html
    assert person.handle in letter.text


def test_an_address_has_no_case(roost: Roost) -> None:
    """The mail goes to the one that is registered."""
    person = roost.person()

    check_done(roost.post(NSID, json={"email": person.email.upper()}), {})

    assert asyncio.run(roost.mailbox.wait_for(person.email)).to == person.email


@pytest.mark.parametrize("email", ["nobody@mail.test", "", "no address", "a@b\r\nBcc: c@d"])
def test_the_answer_does_not_tell_who_has_an_account(roost: Roost, email: str) -> None:
    """It is the same for an address that nobody has."""
    check_done(roost.post(NSID, json={"email": email}), {})


def test_mails_have_a_limit(roost: Roost) -> None:
    """Nobody's mailbox is filled up; the answer stays the same."""
    person = roost.person()

    for _ in range(8):
        check_done(roost.post(NSID, json={"email": person.email}), {})

    deadline = time.monotonic() + 5
    while len(roost.mailbox.to(person.email)) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.05)
    assert len(roost.mailbox.to(person.email)) == 5


def test_the_address_is_a_required_string(roost: Roost, alice: Person) -> None:
    """It is named."""
    check_refused(roost.post(NSID, json={"mail": alice.email}), "data must have required property 'email'")
    for value in NO_STRINGS:
        check_refused(roost.post(NSID, json={"email": value}), "data/email must be string")


def test_the_rules_of_bodies(roost: Roost) -> None:
    """Absent, of another type, too long, not JSON."""
    check_body_rules(roost, URL, {}, limit=150 * 1024)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
