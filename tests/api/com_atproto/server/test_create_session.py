"""com.atproto.server.createSession."""

from pathlib import Path

import pytest

from support.calls import bearer, refusal, session_of, set_status
from support.server import PASSWORD, Person, Roost, running
from support.standing import change, take_down


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
            (anybody.did, "x" * 512),
            (anybody.did, "aaaa-bbbb-cccc-dddd"),
            ("nobody.test", PASSWORD),
            ("nobody@mail.test", PASSWORD),
            ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", PASSWORD),
            ("not a name", PASSWORD),
            ("nul\u0000@mail.test", PASSWORD),
            ("nul\u0000.test", "aaaa-bbbb-cccc-dddd"),
        )
    ]

    assert {answer.content for answer in answers} == {
        b'{"error":"AuthenticationRequired","message":"Invalid identifier or password"}'
    }
    assert {answer.status_code for answer in answers} == {401}


def test_a_password_that_is_too_long_is_told_so(roost: Roost, anybody: Person) -> None:
    """It can be nobody's, so that this tells nothing of the account."""
    for identifier in (anybody.handle, "nobody.test"):
        body = {"identifier": identifier, "password": "x" * 513}
        assert refusal(roost.post("com.atproto.server.createSession", json=body)) == (
            401,
            "AuthenticationRequired",
            "Password too long. Consider resetting your password.",
        )


def test_a_takendown_account_may_ask_to_be_let_in_all_the_same(roost: Roost, person: Person) -> None:
    """What it gets is good for moving away and nothing else, and is not refreshed: not even once it is restored."""
    take_down(roost, person)
    body = {"identifier": person.did, "password": PASSWORD, "allowTakendown": True}
    answer = roost.post("com.atproto.server.createSession", json=body)
    told, session = answer.json(), session_of(roost, answer)

    assert (told["active"], told["status"]) == (False, "takendown")
    assert refusal(session.get()) == (400, "InvalidToken", "Bad token scope")
    assert refusal(session.renew()) == (401, "AccountTakedown", "Account has been taken down")
    url, headers = "/xrpc/com.atproto.server.deactivateAccount", bearer(session.access)
    assert roost.client.post(url, headers=headers, json={}).status_code == 200
    wrong = body | {"password": "wrong horse"}
    assert refusal(roost.post("com.atproto.server.createSession", json=wrong))[:2] == (401, "AuthenticationRequired")
    take_down(roost, person, None)
    assert refusal(session.renew()) == (400, "ExpiredToken", "Token has been revoked")
    assert refusal(session.get()) == (400, "InvalidToken", "Bad token scope")


def test_the_did_document_comes_where_the_operator_wants_it(tmp_path: Path) -> None:
    """With every answer about a session; where it cannot be had, without it."""
    with running(tmp_path, did_doc_with_session=True) as roost:
        person = roost.person()
        body = {"identifier": person.did, "password": PASSWORD}
        answer = roost.post("com.atproto.server.createSession", json=body)
        session = session_of(roost, answer)
        for told in (answer.json(), session.renew().json(), session.get().json()):
            assert told["didDoc"]["id"] == person.did
        change(roost, person, lambda tx, account: tx.run("UPDATE account SET did = 'did:plc:x' WHERE id = ?", account))
        body = {"identifier": person.handle, "password": PASSWORD}
        assert "didDoc" not in roost.post("com.atproto.server.createSession", json=body).json()


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
