"""com.atproto.server.createSession."""

import sys
import time
from pathlib import Path
from statistics import median

import pytest

from roost.crypto import password
from roost.services import sessions
from roost.storage import accounts, app_passwords
from roost.storage.app_passwords import AppPassword
from roost.storage.db import Tx
from roost.syntax import Did
from support.calls import bearer, inside, refusal, session_of, set_status
from support.server import PASSWORD, Person, Roost, running
from support.standing import change, take_down

REFUSED = sessions.REFUSED_SECONDS


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


def timed(roost: Roost, identifier: str, password: str) -> tuple[float, bytes]:
    """Sign in; return how long that took, and the answer."""
    body = {"identifier": identifier, "password": password}
    began = time.monotonic()
    answer = roost.post("com.atproto.server.createSession", json=body)
    return time.monotonic() - began, answer.content


def ways(roost: Roost) -> dict[str, tuple[str, str]]:
    """Return sign-ins that are refused, each of which goes another way: who somebody says to be, and the password."""
    plain, imported, inactive, gone = [roost.person() for _ in range(4)]
    made = plain.post("com.atproto.server.createAppPassword", json={"name": "phone"}).json()["password"]
    other = gone.post("com.atproto.server.createAppPassword", json={"name": "phone"}).json()["password"]
    came_from_elsewhere(roost, imported)
    set_status(roost, inactive, "deactivated")
    take_down(roost, gone)
    return {
        "wrong password": (plain.handle, "wrong horse"),
        "wrong password, by address": (plain.email, "wrong horse"),
        "somebody else's app password": (imported.handle, made),
        "wrong app password": (plain.handle, "aaaa-bbbb-cccc-dddd"),
        "wrong password of an account that came from a reference server": (imported.email, "wrong horse"),
        "wrong app password of it": (imported.handle, "aaaa-bbbb-cccc-dddd"),
        "deactivated": (inactive.handle, "wrong horse"),
        "taken down": (gone.handle, "wrong horse"),
        "taken down, its app password": (gone.handle, other),
        "unknown handle": ("nobody.test", "wrong horse"),
        "unknown address": ("nobody@mail.test", "wrong horse"),
        "unknown handle, app password": ("nobody.test", made),
        "no name": ("not a name", "wrong horse"),
    }


def came_from_elsewhere(roost: Roost, person: Person) -> None:
    """Keep of a person's passwords what a reference server would have kept."""
    server = roost.app.server
    assert server is not None
    stored = password.from_reference(f"salt:{password.scrypt_hash(PASSWORD, 'salt').hex()}")

    def change(tx: Tx) -> None:
        account = accounts.by_did(tx, Did(person.did))
        assert account is not None
        accounts.set_password(tx, account.id, stored)
        app_passwords.add(tx, account.id, AppPassword("old", False, 1), digest=bytes(64))

    inside(roost, server.db.write(change))


def test_no_way_of_being_refused_is_shorter(
    roost: Roost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The time does not tell whether there is an account, of which kind, and in which state."""
    refused = ways(roost)
    for seconds, times in ((0.0, 5), (REFUSED, 1)):
        monkeypatch.setattr(sessions, "REFUSED_SECONDS", seconds)
        told = {way: [timed(roost, *given) for _ in range(times)] for way, given in refused.items()}

        assert {answer for answers in told.values() for _, answer in answers} == {
            b'{"error":"AuthenticationRequired","message":"Invalid identifier or password"}'
        }
        assert min(took for answers in told.values() for took, _ in answers) >= seconds
        with capsys.disabled():
            sys.stdout.write(f"\nrefused after {seconds * 1000:.0f} ms at the least:\n")
            for way, answers in told.items():
                sys.stdout.write(f"{median(took for took, _ in answers) * 1000:7.1f} ms  {way}\n")


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
