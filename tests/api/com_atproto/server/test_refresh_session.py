"""com.atproto.server.refreshSession."""

import base64

import orjson

from support.calls import Session, at_once, bearer, refusal, session_of, set_status, sign_in
from support.server import Person, Roost


def jti(token: str) -> str:
    """Return which session a token is of."""
    body = token.split(".")[1]
    return str(orjson.loads(base64.urlsafe_b64decode(body + "=="))["jti"])


def test_new_tokens_come_with_the_account(roost: Roost, person: Person) -> None:
    """The answer is that of createSession; both tokens are new and work."""
    first = sign_in(roost, person)

    answer = first.renew()

    second = session_of(roost, answer)
    assert {key: value for key, value in answer.json().items() if not key.endswith("Jwt")} == {
        "did": person.did,
        "handle": person.handle,
        "email": person.email,
        "emailConfirmed": False,
        "active": True,
    }
    assert jti(second.refresh) != jti(first.refresh)
    assert second.get().status_code == 200
    assert second.renew().status_code == 200


def test_ten_refreshes_at_once_lead_to_one_session(roost: Roost, person: Person) -> None:
    """All succeed, with refresh tokens of one session."""
    first = sign_in(roost, person)

    answers = at_once(10, lambda _: first.renew())

    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({jti(answer.json()["refreshJwt"]) for answer in answers}) == 1
    assert first.get().status_code == 200


def test_signing_out_during_refreshes_ends_the_session(roost: Roost, person: Person) -> None:
    """However the two cross, nothing of the session is usable afterwards."""
    first = sign_in(roost, person)
    second = session_of(roost, first.renew())

    at_once(8, lambda n: second.end() if n == 3 else first.renew())

    assert refusal(first.renew()) == (400, "ExpiredToken", "Token has been revoked")
    assert refusal(second.renew()) == (400, "ExpiredToken", "Token has been revoked")


def test_only_a_refresh_token_will_do(roost: Roost, person: Person) -> None:
    """Neither none, nor an access token of either generation, nor a made-up one."""
    session = sign_in(roost, person)

    def renew(headers: dict[str, str]) -> tuple[int, str, str]:
        return refusal(roost.post("com.atproto.server.refreshSession", headers=headers))

    assert renew({}) == (401, "AuthMissing", "Authentication Required")
    assert renew(bearer(session.access)) == (400, "InvalidToken", "Bad token scope")
    assert renew(bearer(person.jwt)) == (400, "InvalidToken", "Bad token scope")
    assert renew(bearer(session.refresh[:-3] + "AAA")) == (400, "InvalidToken", "Token could not be verified")
    assert renew({"authorization": f"Basic {session.refresh}"})[:2] == (400, "InvalidToken")


def test_a_revoked_token_does_not_refresh(roost: Roost, person: Person) -> None:
    """It was good once."""
    session = sign_in(roost, person)
    session.end()

    assert refusal(session.renew()) == (400, "ExpiredToken", "Token has been revoked")


def test_an_inactive_account(roost: Roost, person: Person) -> None:
    """A deactivated account goes on; a takendown one is stopped at once."""
    session = sign_in(roost, person)

    set_status(roost, person, "deactivated")
    told = session.renew().json()
    assert (told["active"], told["status"]) == (False, "deactivated")
    set_status(roost, person, "takendown")
    renewed = Session(told["accessJwt"], told["refreshJwt"], roost)
    assert refusal(renewed.renew()) == (401, "AccountTakedown", "Account has been taken down")
    assert refusal(renewed.get()) == (401, "AccountTakedown", "Account has been taken down")


def test_it_takes_no_body(roost: Roost, person: Person) -> None:
    """An empty one, which some clients announce, is none."""
    session = sign_in(roost, person)

    url, headers = "/xrpc/com.atproto.server.refreshSession", bearer(session.refresh)
    assert roost.client.post(url, headers=headers, json={"a": 1}).status_code == 400
    assert roost.client.post(url, headers=headers, content=b"").status_code == 200
