"""com.atproto.admin.disableInviteCodes."""

from pathlib import Path

from support.administration import ask, check_rights, order
from support.calls import refusal
from support.server import PASSWORD, Person, Roost, running


def code(roost: Roost, **owner: str) -> str:
    """Make a code."""
    made = roost.post("com.atproto.server.createInviteCode", json={"useCount": 5} | owner, auth=roost.admin)
    return str(made.json()["code"])


def test_disabled_codes_admit_nobody(tmp_path: Path) -> None:
    """Neither the one that was named, nor any of the account that was; another still does."""
    with running(tmp_path, invite_required=True) as roost:
        admitting, named, gone = code(roost), code(roost), code(roost)
        owner = roost.person(inviteCode=admitting)
        own = code(roost, forAccount=owner.did)

        order(roost, "disableInviteCodes", codes=[named, gone, "unknown"], accounts=[owner.did])

        for each in (named, own):
            body = {"handle": "b.test", "email": "b@mail.test", "password": PASSWORD, "inviteCode": each}
            answer = roost.post("com.atproto.server.createAccount", json=body | {"handle": "bobby.test"})
            assert refusal(answer)[:2] == (400, "InvalidInviteCode")
        assert roost.person(inviteCode=admitting).did
        told = {each["code"]: each["disabled"] for each in ask(roost, "getInviteCodes").json()["codes"]}
        assert told == {admitting: False, named: True, gone: True, own: True}
        used = ask(roost, "getInviteCodes", sort="usage").json()["codes"][0]
        assert (used["code"], len(used["uses"])) == (admitting, 2)
        info = ask(roost, "getAccountInfo", did=owner.did).json()
        assert (info["invitedBy"]["code"], [each["code"] for each in info["invites"]]) == (admitting, [own])


def test_the_administrators_own_are_everybodys(roost: Roost) -> None:
    """All of them at once is more than anybody means."""
    refused = refusal(order(roost, "disableInviteCodes", accounts=["admin"]))

    assert refused == (400, "InvalidRequest", "cannot disable admin invite codes")


def test_what_is_no_account_is_refused(roost: Roost) -> None:
    """The lexicon allows any text; only a DID has codes. Nothing at all is fine."""
    assert refusal(order(roost, "disableInviteCodes", accounts=["a\0b"]))[:2] == (400, "InvalidRequest")
    assert order(roost, "disableInviteCodes").status_code == 200
    assert order(roost, "disableInviteCodes", codes=["a\0b"]).status_code == 200


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "disableInviteCodes", anybody, codes=[])
