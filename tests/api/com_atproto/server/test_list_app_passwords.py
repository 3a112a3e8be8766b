"""com.atproto.server.listAppPasswords."""

from support.calls import refusal
from support.server import Person, Roost
from support.standing import app_password, program

NSID = "com.atproto.server.listAppPasswords"


def test_they_are_listed_the_newest_first(roost: Roost, person: Person) -> None:
    """By name, with the time of their making; a program sees them too, and nobody else's."""
    assert person.get(NSID).json() == {"passwords": []}
    app_password(person, "first")
    app_password(person, "second", privileged=True)

    told = person.get(NSID).json()["passwords"]

    assert [set(each) for each in told] == [{"name", "createdAt", "privileged"}] * 2
    assert [(each["name"], each["privileged"]) for each in told] == [("second", True), ("first", False)]
    assert len(program(roost, person).get(NSID).json()["passwords"]) == 3
    assert roost.person().get(NSID).json() == {"passwords": []}


def test_a_token_is_needed(roost: Roost) -> None:
    """Nobody in particular has no app passwords."""
    assert refusal(roost.get(NSID))[:2] == (401, "AuthMissing")
