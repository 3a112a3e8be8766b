"""com.atproto.server.createInviteCode."""

import re

import httpx
import pytest

from support.calls import refusal
from support.server import Person, Roost

NSID = "com.atproto.server.createInviteCode"


def test_the_administrator_gets_a_code(roost: Roost, anybody: Person) -> None:
    """One word that begins with the server's name; also in somebody's name."""
    for body in ({"useCount": 1}, {"useCount": 5, "forAccount": anybody.did}):
        answer = roost.post(NSID, json=body, auth=roost.admin)
        assert set(answer.json()) == {"code"}
        assert re.fullmatch(r"localhost-[a-z2-7]{5}-[a-z2-7]{5}", answer.json()["code"])


@pytest.mark.parametrize("uses", [0, -1, 1_000_001, "1", 1.5, None])
def test_a_count_that_makes_no_sense_is_refused(roost: Roost, uses: object) -> None:
    """A code admits from one to a million."""
    assert refusal(roost.post(NSID, json={"useCount": uses}, auth=roost.admin))[:2] == (400, "InvalidRequest")


def test_only_the_administrator_may(roost: Roost, anybody: Person) -> None:
    """Whatever anybody else presents is refused with the same words, before the body is looked at."""
    refused = (401, "AuthenticationRequired", "Authentication Required")

    assert refusal(roost.post(NSID, json={})) == (401, "AuthMissing", "Authentication Required")
    for auth in (("admin", "wrong"), ("root", roost.admin_password), ("admin", "")):
        answer = roost.post(NSID, json={}, auth=auth)
        assert refusal(answer) == refused
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert refusal(anybody.post(NSID, json={"useCount": 1})) == refused
    raw: httpx.Response = roost.post(NSID, json={}, headers={"authorization": "Basic ???"})
    assert refusal(raw) == refused
