"""com.atproto.server.requestPasswordReset."""

import asyncio

import pytest

from support.calls import refusal
from support.server import Person, Roost

NSID = "com.atproto.server.requestPasswordReset"


def test_the_owner_gets_a_mail(roost: Roost, person: Person) -> None:
    """With a link and a code, which are the same token; the answer says nothing."""
    answer = roost.post(NSID, json={"email": person.email.upper()})

    assert (answer.status_code, answer.content) == (200, b"")
    letter = asyncio.run(roost.mailbox.wait_for(person.email))
    assert letter.subject == "Password Reset Requested"
    assert person.handle in letter.text
    (token,) = letter.tokens
    assert any(link.endswith(f"/account/reset-password?token={token}") for link in letter.links)


@pytest.mark.parametrize("email", ["nobody@mail.test", "not an address", ""])
def test_an_unknown_address_gets_the_same_answer(roost: Roost, email: str) -> None:
    """Nobody learns who has an account here."""
    answer = roost.post(NSID, json={"email": email})

    assert (answer.status_code, answer.content) == (200, b"")


def test_an_address_is_needed(roost: Roost) -> None:
    """A request without one is malformed."""
    assert refusal(roost.post(NSID, json={}))[:2] == (400, "InvalidRequest")
