"""com.atproto.server.requestAccountDelete."""

from support.calls import refusal
from support.server import Person, Roost
from support.standing import change, deactivate, letter_after, program, take_down

NSID = "com.atproto.server.requestAccountDelete"


def test_a_token_is_mailed(roost: Roost, person: Person) -> None:
    """Also to the owner of a deactivated account."""
    for _ in range(2):
        letter = letter_after(roost, person, lambda: person.post(NSID))
        assert (letter.to, letter.subject) == (person.email, "Account Deletion Requested")
        assert len(letter.tokens) == 1
        deactivate(roost, person)


def test_who_may_not(roost: Roost, person: Person) -> None:
    """A program, nobody, an account without an address, and one that was taken down."""
    assert refusal(program(roost, person).post(NSID)) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.post(NSID))[:2] == (401, "AuthMissing")
    change(roost, person, lambda tx, account: tx.run("UPDATE account SET email = NULL WHERE id = ?", account))
    assert refusal(person.post(NSID)) == (400, "InvalidRequest", "account does not have an email address")
    take_down(roost, person)
    assert refusal(person.post(NSID))[:2] == (401, "AccountTakedown")
