"""com.atproto.server.deleteAccount."""

import httpx

from support.calls import at_once, create, refusal, sign_in
from support.server import PASSWORD, Person, Roost
from support.standing import app_password, mailed, take_down

NSID = "com.atproto.server.deleteAccount"
REFUSED = (401, "AuthenticationRequired", "Invalid did or password")


def delete(roost: Roost, did: str, token: str = "AAAAA-AAAAA", password: str = PASSWORD) -> httpx.Response:
    """Ask for an account's deletion."""
    return roost.post(NSID, json={"did": did, "password": password, "token": token})


def test_everything_is_gone(roost: Roost, person: Person) -> None:
    """Sessions, repository, names and passwords; nobody needs a session to ask for it."""
    create(person, {"n": 1})
    session, program = sign_in(roost, person), app_password(person)
    token = mailed(roost, person, "requestAccountDelete")

    answer = delete(roost, person.did, token.lower())

    assert (answer.status_code, answer.content) == (200, b"")
    assert refusal(session.get())[:2] == (403, "AccountNotFound")
    assert refusal(roost.get("com.atproto.sync.getRepo", did=person.did))[:2] == (400, "RepoNotFound")
    for password in (PASSWORD, program):
        body = {"identifier": person.did, "password": password}
        assert roost.post("com.atproto.server.createSession", json=body).status_code == 401
    assert refusal(delete(roost, person.did, token)) == REFUSED


def test_nobody_learns_who_has_an_account_here(roost: Roost, person: Person) -> None:
    """Without the password, an unknown account and a known one are one answer; the token is not looked at."""
    token = mailed(roost, person, "requestAccountDelete")
    for did in (person.did, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:web:nobody.test"):
        for password in ("wrong horse", "", "x" * 10_000, app_password(person, f"{did[-8:]} {len(did)}")):
            assert refusal(delete(roost, did, token, password)) == REFUSED
            person.post("com.atproto.server.revokeAppPassword", json={"name": f"{did[-8:]} {len(did)}"})
    assert person.get("com.atproto.server.getSession").status_code == 200


def test_the_token_must_be_right(roost: Roost, person: Person) -> None:
    """One that nobody was mailed, another account's, and that of another purpose are none; ten of them are enough."""
    other = roost.person()
    tokens = [
        mailed(roost, other, "requestAccountDelete"),
        mailed(roost, person, "requestEmailConfirmation"),
        "AAAAA-AAAAA",
        "",
        "\u0000",
    ]
    token = mailed(roost, person, "requestAccountDelete")

    for wrong in tokens:
        assert refusal(delete(roost, person.did, wrong)) == (400, "InvalidToken", "Token is invalid")
    for _ in range(10):
        delete(roost, person.did)
    assert refusal(delete(roost, person.did, token)) == (400, "InvalidToken", "Token is invalid")
    assert person.get("com.atproto.server.getSession").status_code == 200


def test_of_sixteen_who_use_one_token_one_does(roost: Roost, person: Person) -> None:
    """The others find nothing there."""
    token = mailed(roost, person, "requestAccountDelete")

    answers = at_once(16, lambda _: delete(roost, person.did, token))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 15


def test_a_takendown_account_may_be_deleted(roost: Roost, person: Person) -> None:
    """With a token that it was mailed before; its invite codes do not come back to life."""
    body = {"useCount": 5, "forAccount": person.did}
    code = roost.post("com.atproto.server.createInviteCode", json=body, auth=roost.admin).json()["code"]
    token = mailed(roost, person, "requestAccountDelete")
    take_down(roost, person)

    assert delete(roost, person.did, token).status_code == 200

    codes = roost.client.get("/xrpc/com.atproto.admin.getInviteCodes", params={"limit": 500}, auth=roost.admin).json()
    (told,) = [each for each in codes["codes"] if each["code"] == code]
    assert told["disabled"] is True
