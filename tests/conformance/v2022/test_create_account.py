"""com.atproto.createAccount, October 2022."""

import json
import re
from collections.abc import Callable
from functools import partial

import httpx
import pytest

from support.server import PASSWORD, Person, Roost
from support.v2022 import RACERS, at_once, check_body_rules, check_done, check_refused, check_wrong_verb, judged, root

NSID = "com.atproto.createAccount"
URL = f"/xrpc/{NSID}"
DOMAIN = "test"


def wanted(name: str, **changed: object) -> dict[str, object]:
    """Return a request for an account; a change to None leaves the field out."""
    body = {"email": f"{name}@mail.test", "username": f"{name}.{DOMAIN}", "password": PASSWORD} | changed
    return {key: value for key, value in body.items() if value is not None}


def create(roost: Roost, name: str, **changed: object) -> httpx.Response:
    """Ask for an account."""
    return roost.post(NSID, json=wanted(name, **changed))


def test_an_account_is_made(roost: Roost) -> None:
    """The answer has the token, the username and the DID, and nothing else."""
    answer = create(roost, "first-one")

    made = answer.json()
    check_done(answer, {"jwt": made["jwt"], "username": "first-one.test", "did": made["did"]})
    assert re.fullmatch(r"did:plc:[a-z2-7]{24}", made["did"])
    session = roost.client.get("/xrpc/com.atproto.getSession", headers={"authorization": f"Bearer {made['jwt']}"})
    assert session.json() == {"name": "first-one.test", "did": made["did"]}


def test_an_account_has_an_empty_repository(roost: Roost) -> None:
    """It is signed by the key in the DID document from the first commit on."""
    person = roost.person()

    report = judged(roost, person.did)

    assert (report.records, report.nodes, report.signed) == (0, 1, True)


def test_a_username_is_lower_cased(roost: Roost) -> None:
    """Names are compared without case, so they are kept in one."""
    assert create(roost, "shouting", username="SHOUTing.Test").json()["username"] == "shouting.test"


def test_unknown_fields_are_ignored(roost: Roost) -> None:
    """A newer client may send more."""
    assert create(roost, "newer", verificationPhone="1").status_code == 200


@pytest.mark.parametrize("field", ["email", "username", "password"])
def test_a_field_is_required(roost: Roost, field: str) -> None:
    """It is named."""
    check_refused(create(roost, "incomplete", **{field: None}), f"data must have required property '{field}'")


@pytest.mark.parametrize("field", ["email", "username", "password", "inviteCode"])
@pytest.mark.parametrize("value", [1, True, [], {}])
def test_a_field_is_a_string(roost: Roost, field: str, value: object) -> None:
    """Also the optional one."""
    check_refused(create(roost, "mistyped", **{field: value}), f"data/{field} must be string")


@pytest.mark.parametrize("field", ["email", "username", "password", "inviteCode"])
def test_null_is_no_string(roost: Roost, field: str) -> None:
    """Not even for the optional one: absent is absent."""
    answer = roost.post(NSID, json=wanted("nullified") | {field: None})

    check_refused(answer, f"data/{field} must be string")


def test_a_did_is_no_username(roost: Roost) -> None:
    """In the words of the time."""
    answer = create(roost, "x", username="did:plc:ewvi7nxzyoun6zhxrhs64oiz")

    check_refused(answer, "Cannot register a username that starts with `did:`", name="InvalidUsername")


@pytest.mark.parametrize(
    "username",
    [
        "",
        " ",
        "test",
        ".test",
        "two words.test",
        "ällo.test",
        "under_score.test",
        "-dash.test",
        "dash-.test",
        "ab.test",
        f"{'a' * 19}.test",
        f"{'a' * 300}.test",
        "a.label.test",
        "alice.example.com",
        "somebody.bsky.social",
        "somebody.localhost",
        "admin.test",
        "www.test",
        "nul\0.test",
        "ali\ud800ce.test",
    ],
)
def test_a_username_has_rules(roost: Roost, username: str) -> None:
    """It is a handle of 3 to 18 characters in front of a domain of this server, and not one that would mislead."""
    body = json.dumps(wanted("ruled", username=username))  # which escapes whatever UTF-8 cannot say

    answer = roost.post(NSID, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    expected = "InvalidRequest" if "\ud800" in username else "InvalidUsername"
    assert answer.json()["error"] == expected, answer.text


@pytest.mark.parametrize("label", ["abc", "a" * 18, "0-0", "a--b"])
def test_a_username_within_the_rules(roost: Roost, label: str) -> None:
    """The shortest, the longest, and what else DNS allows."""
    assert create(roost, label).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "nobody", "@mail.test", "a@b", "a@mail.test\r\nBcc: c@mail.test", "a b@mail.test"]
)
def test_an_email_is_an_address(roost: Roost, email: str) -> None:
    """As far as that can be told."""
    answer = create(roost, "mailless", email=email)

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_a_password_has_rules(roost: Roost, password: str) -> None:
    """Neither too short to guess nor too long to hash."""
    answer = create(roost, "careless", password=password)

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidPassword")


@pytest.mark.parametrize("change", [str, str.upper, str.title], ids=["same", "upper", "title"])
def test_a_username_is_one_person_s(roost: Roost, alice: Person, change: Callable[[str], str]) -> None:
    """In any case; the message echoes what was sent."""
    username = change(alice.handle)

    answer = create(roost, "copycat", username=username)

    check_refused(answer, f"Username already taken: {username}", name="UsernameNotAvailable")


@pytest.mark.parametrize("change", [str, str.upper], ids=["same", "upper"])
def test_an_email_is_one_person_s(roost: Roost, alice: Person, change: Callable[[str], str]) -> None:
    """In any case; the message echoes what was sent, and no name was ever declared for it."""
    email = change(alice.email)

    check_refused(create(roost, "sharing", email=email), f"Email already taken: {email}")


def test_the_username_is_looked_at_before_the_email(roost: Roost, alice: Person) -> None:
    """Which of two reasons is told has an order."""
    answer = create(roost, "both", username=alice.handle, email=alice.email)

    assert answer.json()["error"] == "UsernameNotAvailable"


def test_an_invite_that_is_not_needed_is_not_looked_at(roost: Roost) -> None:
    """Nor used up."""
    code = roost.post("com.atproto.createInviteCode", json={"useCount": 1}, auth=roost.admin).json()["code"]

    assert create(roost, "invited1", inviteCode=code).status_code == 200
    assert create(roost, "invited2", inviteCode=code).status_code == 200
    assert create(roost, "invited3", inviteCode="nonsense").status_code == 200


def test_a_refused_registration_leaves_its_names_free(roost: Roost) -> None:
    """A wrong password costs nothing but another attempt."""
    assert create(roost, "again", password="short").status_code == 400

    assert create(roost, "again").status_code == 200


def test_one_username_is_given_once(roost: Roost) -> None:
    """However many ask at the same time."""
    answers = at_once([partial(create, roost, f"racer{n}", username="winner.test") for n in range(RACERS)])

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (RACERS - 1)
    for answer in answers:
        if answer.status_code == 400:
            check_refused(answer, "Username already taken: winner.test", name="UsernameNotAvailable")
    judged(roost, next(answer.json()["did"] for answer in answers if answer.status_code == 200))


def test_one_email_is_used_once(roost: Roost) -> None:
    """However many ask at the same time; a loser's username stays free."""
    answers = at_once([partial(create, roost, f"mailer{n}", email="only.one@mail.test") for n in range(RACERS)])

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (RACERS - 1)
    loser = next(n for n, answer in enumerate(answers) if answer.status_code == 400)
    check_refused(answers[loser], "Email already taken: only.one@mail.test")
    assert create(roost, f"mailer{loser}").status_code == 200


def test_parameters_are_ignored(roost: Roost) -> None:
    """There are none."""
    answer = roost.client.post(f"{URL}?username=other.test&x=1&x=2", json=wanted("plainly"))

    assert answer.json()["username"] == "plainly.test"


def test_credentials_are_not_looked_at(roost: Roost) -> None:
    """Whoever has no account cannot prove anything."""
    answer = roost.client.post(URL, json=wanted("anyone"), headers={"authorization": "nonsense"})

    assert answer.status_code == 200


def test_the_rules_of_bodies(roost: Roost) -> None:
    """Absent, of another type, too long, not JSON."""
    check_body_rules(roost, URL, {}, limit=150 * 1024)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")


def invite(roost: Roost, uses: int) -> str:
    """Return a new invite code."""
    answer = roost.post("com.atproto.createInviteCode", json={"useCount": uses}, auth=roost.admin)
    return str(answer.json()["code"])


def test_invites(invited_roost: Roost) -> None:
    """Where they are needed: none, an unknown one, in another case, used; a failure does not use one up."""
    code, other = invite(invited_roost, 1), invite(invited_roost, 1)
    unusable = ("Provided invite code not available", "InvalidInviteCode")

    for nothing in ("", None):
        answer = create(invited_roost, "zero", inviteCode=nothing)
        check_refused(answer, "No invite code provided", name="InvalidInviteCode")
    for bad in ("nonsense", code.upper(), f" {code}"):
        check_refused(create(invited_roost, "zero", inviteCode=bad), unusable[0], name=unusable[1])
    assert create(invited_roost, "zero", inviteCode=code, password="short").json()["error"] == "InvalidPassword"
    assert create(invited_roost, "one", inviteCode=code).status_code == 200
    check_refused(create(invited_roost, "two", inviteCode=code), unusable[0], name=unusable[1])
    taken = create(invited_roost, "three", username="one.test", inviteCode=other)
    assert taken.json()["error"] == "UsernameNotAvailable"
    assert create(invited_roost, "three", inviteCode=other).status_code == 200


def test_the_invite_is_looked_at_first(invited_roost: Roost) -> None:
    """Whoever is not invited learns nothing else, not even what is wrong with the username."""
    answer = create(invited_roost, "x", username="did:x", email="x", password="x")

    assert answer.json()["error"] == "InvalidInviteCode"


def test_an_invite_for_two_admits_two(invited_roost: Roost) -> None:
    """However many present it at the same time."""
    code = invite(invited_roost, 2)

    answers = at_once([partial(create, invited_roost, f"guest{n}", inviteCode=code) for n in range(RACERS)])

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [400] * (RACERS - 2)
    for answer in answers:
        if answer.status_code == 200:
            root(invited_roost, answer.json()["did"])
        else:
            check_refused(answer, "Provided invite code not available", name="InvalidInviteCode")
