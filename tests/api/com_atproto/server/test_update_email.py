"""com.atproto.server.updateEmail."""

import httpx
import pytest

from support.calls import at_once, refusal
from support.server import Person, Roost
from support.standing import confirm, mailed, program

NSID = "com.atproto.server.updateEmail"
TAKEN = (400, "InvalidRequest", "This email address is already in use, please use a different email.")


def update(person: Person, email: str, token: str | None = None) -> httpx.Response:
    """Ask for another address."""
    return person.post(NSID, json={"email": email} | ({} if token is None else {"token": token}))


def email_of(person: Person) -> tuple[str, bool]:
    """Return an account's address and whether it is confirmed."""
    told = person.get("com.atproto.server.getSession").json()
    return told["email"], told["emailConfirmed"]


def test_an_unconfirmed_address_is_changed(person: Person) -> None:
    """Without a token; it is kept in lower case."""
    answer = update(person, f" New-{person.email.upper()}")

    assert (answer.status_code, answer.content) == (200, b"")
    assert email_of(person) == (f"new-{person.email}", False)


def test_a_confirmed_address_takes_its_token(roost: Roost, person: Person) -> None:
    """Afterwards the new one is unconfirmed, and every token that was mailed to the old one is void."""
    confirm(roost, person)
    of_deletion = mailed(roost, person, "requestAccountDelete")
    token = mailed(roost, person, "requestEmailUpdate")

    assert refusal(update(person, "b@b.test")) == (400, "TokenRequired", "confirmation token required")
    assert refusal(update(person, "b@b.test", "AAAAA-AAAAA")) == (400, "InvalidToken", "Token is invalid")
    assert update(person, f"new-{person.email}", token).status_code == 200

    assert email_of(person) == (f"new-{person.email}", False)
    body = {"did": person.did, "password": "correct horse battery", "token": of_deletion}
    assert refusal(roost.post("com.atproto.server.deleteAccount", json=body))[:2] == (400, "InvalidToken")


def test_a_token_that_is_sent_must_be_right(person: Person) -> None:
    """Also where none is needed."""
    assert refusal(update(person, "c@b.test", "AAAAA-AAAAA")) == (400, "InvalidToken", "Token is invalid")
    assert email_of(person) == (person.email, False)


def test_an_address_of_somebody_elses(roost: Roost, person: Person) -> None:
    """In any spelling; one's own is not somebody else's. The token is left for another try."""
    confirm(roost, person)
    token = mailed(roost, person, "requestEmailUpdate")

    assert refusal(update(person, roost.person().email.upper(), token)) == TAKEN
    assert email_of(person) == (person.email, True)
    assert update(person, person.email, token).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "nonsense", "a@b", "a b@c.test", "a@b.test\n", "\u0000@b.test", "x" * 300 + "@b.test"]
)
def test_what_is_no_address_is_told_first(roost: Roost, person: Person, email: str) -> None:
    """Before it is asked for a token."""
    confirm(roost, person)
    if email.endswith("\n"):
        email += "x"

    assert refusal(update(person, email)) == (
        400,
        "InvalidRequest",
        "This email address is not supported, please use a different email.",
    )


def test_of_sixteen_who_use_one_token_one_does(roost: Roost, person: Person) -> None:
    """The address is that of the one who did."""
    confirm(roost, person)
    token = mailed(roost, person, "requestEmailUpdate")

    answers = at_once(16, lambda n: update(person, f"{n}-{person.email}", token))

    (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    assert email_of(person) == (f"{winner}-{person.email}", False)


def test_of_sixteen_who_want_one_address_one_gets_it(roost: Roost) -> None:
    """The others are told that it is taken."""
    people = [roost.person("rival") for _ in range(16)]

    answers = at_once(16, lambda n: update(people[n], f"the-one-{people[0].email}"))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    assert {refusal(answer) for answer in answers if answer.status_code == 400} == {TAKEN}


def test_only_the_accounts_own_password_will_do(roost: Roost, person: Person) -> None:
    """A program does not change where mail goes to."""
    assert refusal(update(program(roost, person), "d@b.test")) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.post(NSID, json={"email": "d@b.test"}))[:2] == (401, "AuthMissing")
