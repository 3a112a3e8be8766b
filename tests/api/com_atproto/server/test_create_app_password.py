"""com.atproto.server.createAppPassword."""

import re

import pytest

from support.calls import at_once, refusal
from support.server import Person, Roost
from support.standing import app_password, program, signed_in, take_down

NSID = "com.atproto.server.createAppPassword"


def test_a_password_is_told_once(roost: Roost, person: Person) -> None:
    """Four groups of four; it signs in, and its session may write."""
    answer = person.post(NSID, json={"name": "phone"})

    told = answer.json()
    assert set(told) == {"name", "password", "createdAt", "privileged"}
    assert (told["name"], told["privileged"]) == ("phone", False)
    assert re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", told["password"])
    phone = signed_in(roost, person, told["password"])
    body = {"repo": person.did, "collection": "com.example.thing", "record": {}}
    assert phone.post("com.atproto.repo.createRecord", json=body).status_code == 200
    assert "password" not in person.get("com.atproto.server.listAppPasswords").json()["passwords"][0]


@pytest.mark.parametrize("privileged", [False, True])
def test_it_is_good_for_less_than_the_accounts_own(roost: Roost, person: Person, privileged: bool) -> None:
    """No program makes further passwords, changes the address, or ends the account; of neither generation."""
    app = program(roost, person, privileged=privileged)

    for method in ("createAppPassword", "requestEmailUpdate", "updateEmail", "requestAccountDelete", "activateAccount"):
        assert refusal(app.post(f"com.atproto.server.{method}")) == (400, "InvalidToken", "Bad token scope")
    assert refusal(app.post("com.atproto.deleteAccount")) == (401, "AuthenticationRequired", "Authentication Required")
    assert app.get("com.atproto.server.getSession").json()["did"] == person.did


def test_it_signs_in_at_the_methods_of_2022(roost: Roost, person: Person) -> None:
    """With what it is good for there."""
    body = {"username": person.handle, "password": app_password(person)}

    answer = roost.post("com.atproto.createSession", json=body)

    headers = {"authorization": f"Bearer {answer.json()['jwt']}"}
    assert roost.client.get("/xrpc/com.atproto.getAccount", headers=headers).json()["did"] == person.did
    assert roost.post("com.atproto.deleteAccount", headers=headers).status_code == 401


def test_of_sixteen_with_one_name_one_is_made(roost: Roost, person: Person) -> None:
    """The others are told that there is one."""
    answers = at_once(16, lambda _: person.post(NSID, json={"name": "phone"}))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    refused = {refusal(answer) for answer in answers if answer.status_code == 400}
    assert refused == {(400, "InvalidRequest", "There is an app password of that name already: phone")}
    assert len(person.get("com.atproto.server.listAppPasswords").json()["passwords"]) == 1


@pytest.mark.parametrize("name", ["", " phone", "phone\n", "\u0000", "x" * 101, "\u202ephone", 7, None])
def test_a_name_is_a_line_of_text(person: Person, name: object) -> None:
    """What could not be shown in a list, or stored, is refused."""
    assert refusal(person.post(NSID, json={"name": name}))[:2] == (400, "InvalidRequest")


def test_names_are_each_accounts_own(roost: Roost, person: Person) -> None:
    """Two accounts may call theirs alike; one's password does not open the other."""
    other = roost.person()
    password = app_password(person, "phone")
    app_password(other, "phone")

    answer = roost.post("com.atproto.server.createSession", json={"identifier": other.did, "password": password})

    assert refusal(answer) == (401, "AuthenticationRequired", "Invalid identifier or password")


def test_an_account_has_fifty_at_most(person: Person) -> None:
    """One of them must go before the next."""
    for number in range(50):
        app_password(person, f"app {number}")

    assert refusal(person.post(NSID, json={"name": "one more"})) == (
        400,
        "InvalidRequest",
        "An account has at most 50 app passwords: revoke one first",
    )
    person.post("com.atproto.server.revokeAppPassword", json={"name": "app 7"})
    app_password(person, "one more")


def test_a_takendown_account_makes_none(roost: Roost, person: Person) -> None:
    """And the ones that it has do not open it any more."""
    password = app_password(person)
    take_down(roost, person)

    assert refusal(person.post(NSID, json={"name": "x"})) == (401, "AccountTakedown", "Account has been taken down")
    for extra in ({}, {"allowTakendown": True}):
        body = {"identifier": person.did, "password": password} | extra
        answer = roost.post("com.atproto.server.createSession", json=body)
        assert refusal(answer) == (401, "AuthenticationRequired", "Invalid identifier or password")
