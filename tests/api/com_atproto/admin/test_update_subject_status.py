"""com.atproto.admin.updateSubjectStatus."""

import random

import httpx
import pytest

from roost.storage import events
from support.administration import MISSING, ask, check_rights, noted, order
from support.calls import at_once, create, inside, refusal, sign_in
from support.house import opened
from support.server import PASSWORD, Person, Roost

ON, OFF = {"applied": True}, {"applied": False}


def subject(person: Person) -> dict[str, str]:
    """Name an account."""
    return {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}


def update(roost: Roost, person: Person, **changes: object) -> httpx.Response:
    """Change how an account stands."""
    return order(roost, "updateSubjectStatus", subject=subject(person), **changes)


def told(roost: Roost, person: Person) -> list[object]:
    """Return the status of every #account event of an account, None where it is active."""
    server = roost.app.server
    assert server is not None
    frames = inside(roost, server.db.read(lambda tx: events.after(tx, 0, 100_000)))
    bodies = [body for name, body in (opened(frame) for _, frame in frames) if name == "#account"]
    return [body.get("status") for body in bodies if body["did"] == person.did]


def test_a_takedown_ends_sessions_and_hides_the_repository(roost: Roost, person: Person) -> None:
    """Its owner is told why, everybody else that it has been taken down, the network too."""
    session = sign_in(roost, person)

    answer = update(roost, person, takedown={"applied": True, "ref": "case 7"})

    assert answer.json() == {"subject": subject(person), "takedown": {"applied": True, "ref": "case 7"}}
    assert ask(roost, "getSubjectStatus", did=person.did).json()["takedown"] == {"applied": True, "ref": "case 7"}
    assert session.renew().status_code in (400, 401)
    assert refusal(create(person, {"n": 1}))[:2] in ((401, "AccountTakedown"), (400, "ExpiredToken"))
    body = {"identifier": person.handle, "password": PASSWORD}
    assert refusal(roost.post("com.atproto.server.createSession", json=body))[:2] == (401, "AccountTakedown")
    assert refusal(roost.get("com.atproto.sync.getRepo", did=person.did))[:2] == (400, "RepoTakendown")
    assert told(roost, person) == [None, "takendown"]


def test_a_restored_account_is_as_it_was(roost: Roost, person: Person) -> None:
    """Sessions that were ended stay ended."""
    session = sign_in(roost, person)
    update(roost, person, takedown=ON)

    answer = update(roost, person, takedown=OFF)

    assert answer.json()["takedown"] == {"applied": False}
    assert session.get().status_code == 400
    assert sign_in(roost, person).get().json()["active"] is True
    assert roost.get("com.atproto.sync.getRepo", did=person.did).status_code == 200
    assert told(roost, person) == [None, "takendown", None]


def test_a_takedown_without_a_reference_is_known_by_its_time(roost: Roost, person: Person) -> None:
    """As in the reference server."""
    assert update(roost, person, takedown=ON).json()["takedown"]["ref"].endswith("Z")


def test_the_network_is_told_again_each_time(roost: Roost, person: Person) -> None:
    """A relay that missed it can be told by asking for what is so already, or for nothing."""
    for changes in ({"takedown": ON}, {"takedown": ON}, {}):
        assert update(roost, person, **changes).status_code == 200

    assert told(roost, person) == [None, "takendown", "takendown", "takendown"]
    assert ask(roost, "getSubjectStatus", did=person.did).json()["takedown"]["applied"] is True


def test_deactivating_is_another_state(roost: Roost, person: Person) -> None:
    """It shows once the takedown is over."""
    update(roost, person, takedown=ON, deactivated=ON)
    update(roost, person, takedown=OFF)

    assert told(roost, person) == [None, "takendown", "deactivated"]
    assert ask(roost, "getSubjectStatus", did=person.did).json()["deactivated"] == {"applied": True}
    assert refusal(roost.get("com.atproto.sync.getRepo", did=person.did))[:2] == (400, "RepoDeactivated")


def test_not_both_at_once(roost: Roost, person: Person) -> None:
    """Activating what is taken down in the same breath is a contradiction, and changes nothing."""
    refused = refusal(update(roost, person, takedown=ON, deactivated=OFF))

    assert refused == (400, "InvalidRequest", "Cannot activate and takedown an account at the same time")
    assert told(roost, person) == [None]


def test_what_was_done_is_in_the_log(roost: Roost, person: Person) -> None:
    """With what it was before, and what was refused."""
    update(roost, person, takedown={"applied": True, "ref": "case 7"})
    update(roost, person, takedown=ON, deactivated=OFF)

    refused, done = noted(roost, person.did)

    assert (done.outcome, done.changed) == ("done", {"status": "takendown", "was": None, "ref": "case 7"})
    assert (refused.outcome, refused.changed) == ("InvalidRequest", {})


def test_sixteen_at_once_end_in_one_state(roost: Roost, person: Person) -> None:
    """The events tell the states in the order in which they held, and the last of them is what is so."""
    marks = [ON if n % 2 else OFF for n in range(16)]
    random.Random(7).shuffle(marks)

    answers = at_once(16, lambda n: update(roost, person, takedown=marks[n]))

    assert {answer.status_code for answer in answers} == {200}
    history = told(roost, person)[1:]
    assert sorted(map(str, history)) == ["None"] * 8 + ["takendown"] * 8
    applied = ask(roost, "getSubjectStatus", did=person.did).json()["takedown"]["applied"]
    assert applied is (history[-1] == "takendown")
    log = [entry.changed["status"] for entry in noted(roost, person.did)]
    assert list(reversed(log)) == history


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"did": "did:web:a.test"},
        {"$type": "com.example.other", "did": "did:web:a.test"},
        {"$type": "com.atproto.admin.defs#repoRef", "did": "alice"},
        {"$type": "com.atproto.admin.defs#repoRef"},
    ],
)
def test_a_subject_that_is_none(roost: Roost, bad: dict[str, str]) -> None:
    """It is refused before anything is looked up."""
    assert refusal(order(roost, "updateSubjectStatus", subject=bad, takedown=ON))[:2] == (400, "InvalidRequest")


def test_an_account_that_is_not_here(roost: Roost) -> None:
    """The network is not told of a stranger's account."""
    body = {"$type": "com.atproto.admin.defs#repoRef", "did": MISSING}

    assert refusal(order(roost, "updateSubjectStatus", subject=body, takedown=ON))[:2] == (400, "AccountNotFound")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "updateSubjectStatus", anybody, subject=subject(anybody))
