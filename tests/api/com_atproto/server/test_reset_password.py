"""com.atproto.server.resetPassword."""

import asyncio

import httpx
import pytest

from support.calls import at_once, refusal, sign_in
from support.server import PASSWORD, Person, Roost

NEW = "staple battery"


def token_of(roost: Roost, person: Person) -> str:
    """Ask for a reset and return the token in the mail."""
    after = max((letter.number for letter in roost.mailbox.to(person.email)), default=0)
    roost.post("com.atproto.server.requestPasswordReset", json={"email": person.email})
    letter = asyncio.run(roost.mailbox.wait_for(person.email, after=after))
    return letter.tokens[0]


def reset(roost: Roost, token: str, password: str = NEW) -> httpx.Response:
    """Use a token."""
    return roost.post("com.atproto.server.resetPassword", json={"token": token, "password": password})


def test_the_new_password_counts_and_sessions_end(roost: Roost, person: Person) -> None:
    """Of either generation; the token is used up, in whatever spelling it was typed."""
    session, token = sign_in(roost, person), token_of(roost, person)

    answer = reset(roost, token.lower())

    assert (answer.status_code, answer.content) == (200, b"")
    for refused in (session.get(), session.renew(), person.get("com.atproto.server.getSession")):
        assert refusal(refused) == (400, "ExpiredToken", "Token has been revoked")
    old = roost.post("com.atproto.server.createSession", json={"identifier": person.did, "password": PASSWORD})
    assert old.status_code == 401
    assert sign_in(roost, person, NEW).get().status_code == 200
    assert refusal(reset(roost, token)) == (400, "InvalidToken", "Token could not be verified")


def test_of_sixteen_who_use_one_token_one_does(roost: Roost, person: Person) -> None:
    """The password is that of the one who did."""
    token = token_of(roost, person)

    answers = at_once(16, lambda n: reset(roost, token, f"{NEW} {n}"))

    (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    assert {refusal(answer) for answer in answers if answer.status_code != 200} == {
        (400, "InvalidToken", "Token could not be verified")
    }
    assert sign_in(roost, person, f"{NEW} {winner}").get().status_code == 200


def test_a_password_that_will_not_do_leaves_the_token(roost: Roost, person: Person) -> None:
    """Whoever chose badly may choose again."""
    token = token_of(roost, person)

    for bad in ("short", "x" * 257):
        assert refusal(reset(roost, token, bad))[:2] == (400, "InvalidPassword")
    assert reset(roost, token).status_code == 200


@pytest.mark.parametrize(
    ("token", "text"), [("nonsense", "Malformed token"), ("AAAAA-AAAAA", "Token could not be verified")]
)
def test_what_nobody_was_mailed_is_refused(roost: Roost, token: str, text: str) -> None:
    """A guess is not a token."""
    assert refusal(reset(roost, token)) == (400, "InvalidToken", text)


@pytest.mark.parametrize("body", [{}, {"token": "AAAAA-AAAAA"}, {"password": NEW}])
def test_both_fields_are_needed(roost: Roost, body: dict[str, str]) -> None:
    """A request without them is malformed."""
    assert refusal(roost.post("com.atproto.server.resetPassword", json=body))[:2] == (400, "InvalidRequest")
