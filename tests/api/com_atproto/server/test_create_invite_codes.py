"""com.atproto.server.createInviteCodes."""

import re

import pytest

from support.calls import refusal
from support.server import Person, Roost

NSID = "com.atproto.server.createInviteCodes"


def test_codes_for_several_accounts(roost: Roost, anybody: Person) -> None:
    """As many for each as were asked for, all of them different; without accounts they are the administrator's."""
    body = {"codeCount": 2, "useCount": 3, "forAccounts": [anybody.did, "did:web:elsewhere.test", anybody.did]}
    told = roost.post(NSID, json=body, auth=roost.admin).json()["codes"]
    own = roost.post(NSID, json={"codeCount": 1, "useCount": 1}, auth=roost.admin).json()["codes"]

    assert [each["account"] for each in (*told, *own)] == [anybody.did, "did:web:elsewhere.test", "admin"]
    codes = [code for each in (*told, *own) for code in each["codes"]]
    assert len(set(codes)) == 5
    assert all(re.fullmatch(r"localhost-[a-z2-7]{5}-[a-z2-7]{5}", code) for code in codes)


@pytest.mark.parametrize(
    "body",
    [
        {"codeCount": 0, "useCount": 1},
        {"codeCount": -1, "useCount": 1},
        {"codeCount": 1001, "useCount": 1},
        {"codeCount": 501, "useCount": 1, "forAccounts": ["did:web:a.test", "did:web:b.test"]},
        {"codeCount": 1, "useCount": 0},
        {"codeCount": 1},
        {"codeCount": 1, "useCount": 1, "forAccounts": ["admin"]},
    ],
)
def test_counts_that_make_no_sense_are_refused(roost: Roost, body: dict[str, object]) -> None:
    """And none is made."""
    assert refusal(roost.post(NSID, json=body, auth=roost.admin))[:2] == (400, "InvalidRequest")


def test_only_the_administrator_may(roost: Roost, anybody: Person) -> None:
    """An account's own token is no administrator's."""
    assert refusal(roost.post(NSID, json={}))[:2] == (401, "AuthMissing")
    assert refusal(anybody.post(NSID, json={"codeCount": 1, "useCount": 1}))[0] in (400, 401)
    assert refusal(roost.post(NSID, json={}, auth=("admin", "wrong")))[0] == 401
