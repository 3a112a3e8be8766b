"""com.atproto.createInviteCode, October 2022."""

import re
from base64 import b64encode
from pathlib import Path

import pytest

from support.server import Person, Roost, running
from support.v2022 import check_body_rules, check_done, check_refused, check_wrong_verb

NSID = "com.atproto.createInviteCode"
URL = f"/xrpc/{NSID}"


def basic(user: str, password: str) -> str:
    """Return an Authorization header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def test_a_code_is_made(roost: Roost) -> None:
    """The host's name, then twice five characters."""
    answer = roost.post(NSID, json={"useCount": 1}, auth=roost.admin)

    code = answer.json()["code"]
    check_done(answer, {"code": code}, private=True)
    assert re.fullmatch(r"localhost-[a-z2-7]{5}-[a-z2-7]{5}", code)


def test_codes_differ(roost: Roost) -> None:
    """Nobody can guess the next."""
    codes = {roost.post(NSID, json={"useCount": 1}, auth=roost.admin).json()["code"] for _ in range(4)}

    assert len(codes) == 4


def test_the_password_may_hold_a_colon(tmp_path: Path) -> None:
    """The user's name ends at the first one."""
    with running(tmp_path, admin_password="with:two:colons") as server:
        assert server.post(NSID, json={"useCount": 1}, auth=server.admin).status_code == 200
        assert server.post(NSID, json={"useCount": 1}, auth=("admin", "with")).status_code == 403


def test_without_credentials(roost: Roost) -> None:
    """They are asked for."""
    answer = roost.post(NSID, json={"useCount": 1})

    check_refused(answer, "Authentication Required", status=401, name="AuthenticationRequired")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_with_wrong_credentials(roost: Roost, alice: Person) -> None:
    """They are refused, all alike."""
    right = roost.admin_password
    wrong = (
        basic("admin", "wrong"),
        basic("admin", ""),
        basic("admin", right + "x"),
        basic("admin", right + ":"),
        basic("root", right),
        basic("", right),
        "Basic",
        "Basic ???",
        f"Bearer {alice.jwt}",
        f"Bearer {right}",
        "",
    )
    for header in wrong:
        answer = roost.post(NSID, json={"useCount": 1}, headers={"authorization": header})
        check_refused(answer, "Forbidden", status=403, name="Forbidden")


def test_the_count_is_required(roost: Roost) -> None:
    """In the words of the time."""
    answer = roost.post(NSID, json={}, auth=roost.admin)

    check_refused(answer, "data must have required property 'useCount'")


@pytest.mark.parametrize("count", ["1", None, True, [1], {}])
def test_the_count_is_a_number(roost: Roost, count: object) -> None:
    """In the words of the time."""
    check_refused(roost.post(NSID, json={"useCount": count}, auth=roost.admin), "data/useCount must be number")


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "1e300", "9007199254740993"])
def test_the_count_is_a_whole_positive_number(roost: Roost, count: str) -> None:
    """A code that admits nobody, or half of somebody, is a mistake."""
    content = f'{{"useCount": {count}}}'

    answer = roost.post(NSID, content=content, headers={"content-type": "application/json"}, auth=roost.admin)

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_credentials_come_before_the_body(roost: Roost) -> None:
    """Nobody else is told what a body must be."""
    assert roost.post(NSID, json={}).status_code == 401
    assert roost.post(NSID, json={}, auth=("admin", "x")).status_code == 403


def test_the_rules_of_bodies(roost: Roost) -> None:
    """Absent, of another type, too long, not JSON."""
    check_body_rules(roost, URL, {"authorization": basic(*roost.admin)}, limit=150 * 1024)


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
