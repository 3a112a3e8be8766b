"""com.atproto.admin.updateAccountHandle."""

from support.administration import MISSING, check_rights, noted, order
from support.calls import refusal
from support.identity import plc_data, session_handle, told_of
from support.server import Person, Roost


def test_the_new_handle_is_everywhere(roost: Roost, person: Person) -> None:
    """In the directory, the session and the event; the log has both."""
    new = f"new-{person.handle}"

    answer = order(roost, "updateAccountHandle", did=person.did, handle=new)

    assert (answer.status_code, answer.content) == (200, b"")
    assert plc_data(roost, person.did)["alsoKnownAs"] == [f"at://{new}"]
    assert session_handle(person) == new
    assert told_of(roost, person.did)[-1] == ("#identity", new)
    done, begun = noted(roost, person.did)
    assert (begun.outcome, begun.changed) == ("begun", {"handle": new, "was": person.handle})
    assert (done.outcome, done.subject) == ("done", person.did)


def test_the_administrator_may_give_out_a_reserved_word(own_roost: Roost) -> None:
    """As one who is asked for the account behind it can; its owner could not have taken it."""
    person = own_roost.person()
    assert refusal(person.post("com.atproto.identity.updateHandle", json={"handle": "about.test"}))[0] == 400

    assert order(own_roost, "updateAccountHandle", did=person.did, handle="about.test").status_code == 200


def test_refusals(roost: Roost, person: Person, anybody: Person) -> None:
    """Somebody else's, too short a one, one that does not lead here, and an account that is not here."""

    def refused(handle: str, did: str = person.did) -> tuple[int, str]:
        return refusal(order(roost, "updateAccountHandle", did=did, handle=handle))[:2]

    assert refused(anybody.handle) == (400, "HandleNotAvailable")
    assert refused("a.test") == (400, "InvalidHandle")
    assert refused("new.test", MISSING) == (400, "AccountNotFound")
    assert session_handle(person) == person.handle
    assert [entry.outcome for entry in noted(roost, person.did)] == ["InvalidHandle", "begun", "HandleTaken", "begun"]


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "updateAccountHandle", anybody, did=anybody.did, handle="new.test")
