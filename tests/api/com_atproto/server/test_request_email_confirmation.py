"""com.atproto.server.requestEmailConfirmation."""

from functools import partial

from support.calls import refusal
from support.server import Person, Roost
from support.standing import change, letter_after, program

NSID = "com.atproto.server.requestEmailConfirmation"


def test_a_token_is_mailed(roost: Roost, person: Person) -> None:
    """To the account's own address; a program may ask for it."""
    for asking in (person, program(roost, person)):
        letter = letter_after(roost, person, partial(asking.post, NSID))
        assert (letter.to, letter.subject) == (person.email, "Email Confirmation")
        assert len(letter.tokens) == 1
        assert person.handle in letter.text


def test_five_mails_an_hour(person: Person) -> None:
    """The sixth is refused, and says so."""
    for _ in range(5):
        assert person.post(NSID).status_code == 200

    assert refusal(person.post(NSID))[:2] == (429, "RateLimitExceeded")


def test_an_account_without_an_address(roost: Roost, person: Person) -> None:
    """Has nowhere to mail to."""
    change(roost, person, lambda tx, account: tx.run("UPDATE account SET email = NULL WHERE id = ?", account))

    assert refusal(person.post(NSID)) == (400, "InvalidRequest", "account does not have an email address")


def test_a_token_is_needed(roost: Roost) -> None:
    """Nobody in particular has no address."""
    assert refusal(roost.post(NSID))[:2] == (401, "AuthMissing")
