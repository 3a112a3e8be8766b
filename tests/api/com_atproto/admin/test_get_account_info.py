"""com.atproto.admin.getAccountInfo."""

from support.administration import MISSING, ask, check_rights, order
from support.calls import refusal
from support.server import Person, Roost


def test_an_account_is_described(roost: Roost, person: Person) -> None:
    """With its email address, when it was made, and its invites."""
    code = roost.post(
        "com.atproto.server.createInviteCode", json={"useCount": 2, "forAccount": person.did}, auth=roost.admin
    ).json()["code"]

    info = ask(roost, "getAccountInfo", did=person.did).json()

    assert (info["did"], info["handle"], info["email"]) == (person.did, person.handle, person.email)
    assert (info["invitesDisabled"], info["indexedAt"][-1], "deactivatedAt" in info) == (False, "Z", False)
    (invite,) = info["invites"]
    assert (invite["code"], invite["available"], invite["forAccount"], invite["uses"]) == (code, 2, person.did, [])


def test_whatever_its_state(roost: Roost, person: Person) -> None:
    """An account that is taken down or deactivated is the operator's to look at."""
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}
    order(roost, "updateSubjectStatus", subject=subject, takedown={"applied": True}, deactivated={"applied": True})

    info = ask(roost, "getAccountInfo", did=person.did).json()

    assert (info["did"], info["deactivatedAt"][-1]) == (person.did, "Z")


def test_one_that_is_not_here_is_not_found(roost: Roost) -> None:
    """In the reference server's words."""
    assert refusal(ask(roost, "getAccountInfo", did=MISSING)) == (400, "NotFound", f"Account not found: {MISSING}")
    assert refusal(ask(roost, "getAccountInfo", did="nobody"))[:2] == (400, "InvalidRequest")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "GET", "getAccountInfo", anybody, did=anybody.did)
