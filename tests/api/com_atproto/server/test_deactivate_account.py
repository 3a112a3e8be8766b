"""com.atproto.server.deactivateAccount."""

import time

import pytest

from support.calls import create, read, refusal
from support.server import Person, Roost
from support.standing import events_of, program, row_of, signed_in, take_down

NSID = "com.atproto.server.deactivateAccount"


def test_the_repository_is_served_no_more(roost: Roost, person: Person) -> None:
    """The network is told, nothing can be written, sessions go on, and nothing is lost."""
    create(person, {"n": 1}, rkey="a")
    before = len(events_of(roost, person))

    answer = person.post(NSID, json={})

    assert (answer.status_code, answer.content) == (200, b"")
    ((name, body),) = events_of(roost, person)[before:]
    assert (name, body["active"], body["status"]) == ("#account", False, "deactivated")
    assert refusal(roost.get("com.atproto.sync.getRepo", did=person.did))[:2] == (400, "RepoDeactivated")
    assert refusal(create(person, {"n": 2}))[:2] == (401, "AccountDeactivated")
    told = person.get("com.atproto.server.getSession").json()
    assert (told["active"], told["status"]) == (False, "deactivated")
    person.post("com.atproto.server.activateAccount")
    assert read(person, "a").status_code == 200


def test_until_when_it_is_to_be_kept(roost: Roost, person: Person) -> None:
    """The time is noted, and replaced by doing it again; sooner than in three days it is not deleted."""

    def until() -> float | None:
        (at,) = row_of(roost, person, "delete_after")
        return None if at is None else at / 1000

    person.post(NSID, json={"deleteAfter": "2099-01-01T01:00:00+01:00"})
    assert until() == 4_070_908_800.0
    person.post(NSID, json={"deleteAfter": "2020-01-01T00:00:00Z"})
    at = until()
    assert at is not None
    assert 3 * 86_400 - 60 < at - time.time() <= 3 * 86_400
    person.post(NSID, json={})
    assert until() is None


@pytest.mark.parametrize("time", ["tomorrow", 7, "2026-01-01", "0000-01-01T00:00:00Z"])
def test_what_is_no_time_is_refused(roost: Roost, person: Person, time: object) -> None:
    """And the account stays active."""
    assert refusal(person.post(NSID, json={"deleteAfter": time}))[:2] == (400, "InvalidRequest")
    assert person.get("com.atproto.server.getSession").json()["active"] is True


def test_a_takendown_account_may_be_deactivated_by_who_moves_it_away(roost: Roost, person: Person) -> None:
    """It stays taken down, and is told so; once restored, it is deactivated."""
    take_down(roost, person)
    let_in = signed_in(roost, person, allowTakendown=True)

    assert let_in.post(NSID, json={}).status_code == 200

    _, body = events_of(roost, person)[-1]
    assert (body["active"], body["status"]) == (False, "takendown")
    take_down(roost, person, None)
    assert person.get("com.atproto.server.getSession").json()["status"] == "deactivated"


def test_only_the_accounts_own_password_will_do(roost: Roost, person: Person) -> None:
    """A program does not take its account off the network."""
    assert refusal(program(roost, person).post(NSID, json={})) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.post(NSID, json={}))[:2] == (401, "AuthMissing")
