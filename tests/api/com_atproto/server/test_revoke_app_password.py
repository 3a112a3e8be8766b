"""com.atproto.server.revokeAppPassword."""

from support.calls import at_once, bearer, refusal, session_of
from support.server import Person, Roost
from support.standing import app_password, program

NSID = "com.atproto.server.revokeAppPassword"


def test_all_that_it_led_to_ends_at_once(roost: Roost, person: Person) -> None:
    """Access and refresh tokens, refreshed ones too; other sessions go on."""
    password = app_password(person, "phone")
    body = {"identifier": person.did, "password": password}
    first = session_of(roost, roost.post("com.atproto.server.createSession", json=body))
    second = session_of(roost, first.renew())
    other = program(roost, person)

    answer = person.post(NSID, json={"name": "phone"})

    assert (answer.status_code, answer.content) == (200, b"")
    for session in (first, second):
        assert refusal(session.get()) == (400, "ExpiredToken", "Token has been revoked")
        assert refusal(session.renew()) == (400, "ExpiredToken", "Token has been revoked")
    assert refusal(roost.post("com.atproto.server.createSession", json=body))[0] == 401
    assert person.get("com.atproto.server.getSession").status_code == 200
    assert other.get("com.atproto.server.getSession").status_code == 200


def test_a_name_that_there_is_not_is_revoked_already(person: Person) -> None:
    """Also one that there cannot be; another of that name may be made again."""
    for name in ("nothing", "", "\u0000", "x" * 1000):
        assert person.post(NSID, json={"name": name}).status_code == 200
    app_password(person, "phone")
    person.post(NSID, json={"name": "phone"})
    app_password(person, "phone")


def test_a_program_may_end_itself(roost: Roost, person: Person) -> None:
    """As in the reference server, app passwords may be revoked with one."""
    app = program(roost, person)

    assert app.post(NSID, json={"name": "plain"}).status_code == 200
    assert refusal(app.get("com.atproto.server.getSession")) == (400, "ExpiredToken", "Token has been revoked")


def test_nobody_revokes_anothers(roost: Roost, person: Person) -> None:
    """A name means the caller's own."""
    app = program(roost, person)

    assert roost.person().post(NSID, json={"name": "plain"}).status_code == 200
    assert app.get("com.atproto.server.getSession").status_code == 200
    assert refusal(roost.post(NSID, json={"name": "plain"}))[:2] == (401, "AuthMissing")


def test_signing_in_while_it_is_revoked_leaves_nothing(roost: Roost, person: Person) -> None:
    """However the two cross, no token works afterwards."""
    body = {"identifier": person.did, "password": app_password(person, "phone")}

    answers = at_once(
        16,
        lambda n: (
            person.post(NSID, json={"name": "phone"})
            if n == 7
            else roost.post("com.atproto.server.createSession", json=body)
        ),
    )

    for answer in answers:
        if answer.content and "accessJwt" in answer.json():
            headers = bearer(answer.json()["accessJwt"])
            got = roost.client.get("/xrpc/com.atproto.server.getSession", headers=headers)
            assert refusal(got) == (400, "ExpiredToken", "Token has been revoked")
