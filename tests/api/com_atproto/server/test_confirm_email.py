"""com.atproto.server.confirmEmail."""

import httpx

from support.calls import at_once, refusal
from support.server import Person, Roost
from support.standing import mailed, program

NSID = "com.atproto.server.confirmEmail"


def confirm(person: Person, token: str, email: str | None = None) -> httpx.Response:
    """Use a token."""
    return person.post(NSID, json={"email": person.email if email is None else email, "token": token})


def test_the_address_is_confirmed(roost: Roost, person: Person) -> None:
    """Sessions tell so; capitals matter in neither; the token is used up."""
    token = mailed(roost, person, "requestEmailConfirmation")
    assert person.get("com.atproto.server.getSession").json()["emailConfirmed"] is False

    answer = confirm(program(roost, person), token.lower(), person.email.upper())

    assert (answer.status_code, answer.content) == (200, b"")
    assert person.get("com.atproto.server.getSession").json()["emailConfirmed"] is True
    assert refusal(confirm(person, token)) == (400, "InvalidToken", "Token is invalid")


def test_of_sixteen_who_use_one_token_one_does(roost: Roost, person: Person) -> None:
    """The others are told that it is none."""
    token = mailed(roost, person, "requestEmailConfirmation")

    answers = at_once(16, lambda _: confirm(person, token))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15


def test_another_address_is_not_the_accounts(roost: Roost, person: Person) -> None:
    """It is told before the token is looked at, and leaves that."""
    token = mailed(roost, person, "requestEmailConfirmation")

    for email in ("other@mail.test", "", "\u0000", roost.person().email):
        assert refusal(confirm(person, token, email)) == (400, "InvalidEmail", "invalid email")
    assert confirm(person, token).status_code == 200


def test_a_token_of_another_account_or_purpose_is_none(roost: Roost, person: Person) -> None:
    """Each token is for one thing."""
    other = roost.person()
    tokens = [mailed(roost, other, "requestEmailConfirmation"), mailed(roost, person, "requestAccountDelete")]

    for token in (*tokens, "", "AAAAA-AAAAA", "\u0000"):
        assert refusal(confirm(person, token)) == (400, "InvalidToken", "Token is invalid")
    assert person.get("com.atproto.server.getSession").json()["emailConfirmed"] is False


def test_ten_wrong_tokens_make_the_right_one_void(roost: Roost, person: Person) -> None:
    """Whoever guesses has to ask for another mail."""
    token = mailed(roost, person, "requestEmailConfirmation")
    for _ in range(10):
        confirm(person, "AAAAA-AAAAA")

    assert refusal(confirm(person, token)) == (400, "InvalidToken", "Token is invalid")


def test_a_token_is_needed(roost: Roost) -> None:
    """Nobody in particular has no address."""
    assert refusal(roost.post(NSID, json={"email": "a@b.test", "token": "AAAAA-AAAAA"}))[:2] == (401, "AuthMissing")
