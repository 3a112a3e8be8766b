"""com.atproto.server.createSession."""

import pytest

from support.calls import refusal, session_of, set_status
from support.server import PASSWORD, Person, Roost


def test_every_name_of_an_account_signs_in(roost: Roost, anybody: Person) -> None:
    """Handle, address and DID; the tokens work, and the answer says whose they are."""
    for identifier in (anybody.handle.upper(), anybody.email.upper(), anybody.did):
        answer = roost.post("com.atproto.server.createSession", json={"identifier": identifier, "password": PASSWORD})
        told = answer.json()
        session = session_of(roost, answer)
        assert session.get().json()["did"] == anybody.did
        assert {key: value for key, value in told.items() if not key.endswith("Jwt")} == {
            "did": anybody.did,
            "handle": anybody.handle,
            "email": anybody.email,
            "emailConfirmed": False,
            "active": True,
        }


def test_what_means_nothing_here_is_accepted(roost: Roost, anybody: Person) -> None:
    """Clients send fields of servers that have a second factor."""
    body = {"identifier": anybody.did, "password": PASSWORD, "authFactorToken": "12345", "allowTakendown": True}

    assert roost.post("com.atproto.server.createSession", json=body).status_code == 200


def test_a_wrong_password_and_an_unknown_account_are_one_answer(roost: Roost, anybody: Person) -> None:
    """To the byte, so that nobody learns who has an account here."""
    answers = [
        roost.post("com.atproto.server.createSession", json={"identifier": identifier, "password": password})
        for identifier, password in (
            (anybody.handle, "wrong horse"),
            (anybody.email, ""),
            (anybody.did, "x" * 10_000),
            ("nobody.test", PASSWORD),
            ("nobody@mail.test", PASSWORD),
            ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", PASSWORD),
            ("not a name", PASSWORD),
        )
    ]

    assert {answer.content for answer in answers} == {
        b'{"error":"AuthenticationRequired","message":"Invalid identifier or password"}'
    }
    assert {answer.status_code for answer in answers} == {401}


def test_an_inactive_account(roost: Roost, person: Person) -> None:
    """A deactivated account signs in and is told so; a takendown one is refused."""
    body = {"identifier": person.did, "password": PASSWORD}

    set_status(roost, person, "deactivated")
    told = roost.post("com.atproto.server.createSession", json=body).json()
    assert (told["active"], told["status"]) == (False, "deactivated")
    set_status(roost, person, "takendown")
    answer = roost.post("com.atproto.server.createSession", json=body)
    assert refusal(answer) == (401, "AccountTakedown", "Account has been taken down")


@pytest.mark.parametrize("body", [{}, {"identifier": "a.test"}, {"password": "x"}, {"identifier": 7, "password": "x"}])
def test_both_fields_are_needed(roost: Roost, body: dict[str, object]) -> None:
    """A request without them is malformed rather than refused."""
    status, name, _ = refusal(roost.post("com.atproto.server.createSession", json=body))

    assert (status, name) == (400, "InvalidRequest")
