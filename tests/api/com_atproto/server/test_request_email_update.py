"""com.atproto.server.requestEmailUpdate."""

from support.calls import refusal
from support.server import Person, Roost
from support.standing import change, confirm, letter_after, program

NSID = "com.atproto.server.requestEmailUpdate"


def test_an_address_that_is_not_confirmed_needs_no_token(roost: Roost, person: Person) -> None:
    """Whoever mistyped theirs could not be mailed one; no mail is sent."""
    assert person.post(NSID).json() == {"tokenRequired": False}
    assert roost.mailbox.to(person.email) == []


def test_a_confirmed_address_gets_a_token(roost: Roost, person: Person) -> None:
    """The old address does."""
    confirm(roost, person)

    letter = letter_after(roost, person, lambda: person.post(NSID))

    assert (letter.to, letter.subject) == (person.email, "Email Update Requested")


def test_an_account_without_an_address_needs_no_token(roost: Roost, person: Person) -> None:
    """There is nowhere to mail it to."""
    change(roost, person, lambda tx, account: tx.run("UPDATE account SET email = NULL WHERE id = ?", account))

    assert person.post(NSID).json() == {"tokenRequired": False}


def test_only_the_accounts_own_password_will_do(roost: Roost, person: Person) -> None:
    """A program does not change where mail goes to."""
    assert refusal(program(roost, person).post(NSID)) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.post(NSID))[:2] == (401, "AuthMissing")
