"""com.atproto.server.getAccountInviteCodes."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.calls import at_once, refusal
from support.server import PASSWORD, Person, Roost, running
from support.standing import change, program, take_down

NSID = "com.atproto.server.getAccountInviteCodes"
DAY = 86_400_000


@pytest.fixture(scope="module")
def inviting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server that needs invites, and where an account earns one a day."""
    settings: dict[str, object] = {"invite_required": True, "invite_interval": "1d"}
    with running(tmp_path_factory.mktemp("inviting"), **settings) as server:
        yield server


def gift(roost: Roost, uses: int = 1, **extra: object) -> str:
    """Make a code as the administrator."""
    answer = roost.post("com.atproto.server.createInviteCode", json={"useCount": uses} | extra, auth=roost.admin)
    return str(answer.json()["code"])


def member(roost: Roost, *, days: float = 0) -> Person:
    """Make an account that has been here for so long."""
    person = roost.person("member", inviteCode=gift(roost))
    change(
        roost,
        person,
        lambda tx, account: tx.run(
            "UPDATE account SET created_at = created_at - ? WHERE id = ?", round(days * DAY), account
        ),
    )
    return person


def codes(person: Person, **params: object) -> list[dict[str, Any]]:
    """Return an account's codes."""
    answer = person.get(NSID, **params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["codes"])


def use(roost: Roost, code: str, name: str) -> int:
    """Try to make an account with a code, and return the status."""
    body = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD, "inviteCode": code}
    return roost.post("com.atproto.server.createAccount", json=body).status_code


def test_a_code_is_earned_for_each_day(inviting: Roost) -> None:
    """Not for the day that has only begun, and once: asking again makes no more."""
    assert codes(member(inviting, days=0.9)) == []
    person = member(inviting, days=2.5)
    assert codes(person, createAvailable=False) == []

    told = codes(person)

    assert len(told) == 2
    assert codes(person) == told
    for each in told:
        assert each == {
            "code": each["code"],
            "available": 1,
            "disabled": False,
            "forAccount": person.did,
            "createdBy": person.did,
            "createdAt": each["createdAt"],
            "uses": [],
        }


def test_sixteen_who_ask_at_once_are_told_the_same(inviting: Roost) -> None:
    """No code is earned twice."""
    person = member(inviting, days=4)

    told = at_once(16, lambda _: len(codes(person)))

    assert told == [4] * 16


def test_five_are_open_at_most(inviting: Roost) -> None:
    """As they are used, others take their place; gifts do not count."""
    person = member(inviting, days=9)
    gift(inviting, forAccount=person.did)
    first = codes(person)
    earned = [each["code"] for each in first if each["createdBy"] == person.did]
    assert (len(first), len(earned)) == (6, 5)

    assert use(inviting, earned[0], "guest-a") == 200

    told = codes(person)
    assert len(told) == 7
    (used,) = [each for each in told if each["uses"]]
    assert used["code"] == earned[0]
    assert set(used["uses"][0]) == {"usedBy", "usedAt"}
    assert len(codes(person, includeUsed=False)) == 6


def test_of_sixteen_who_use_one_code_one_gets_in(inviting: Roost) -> None:
    """The last use of a code is used once."""
    code = codes(member(inviting, days=1))[0]["code"]

    answers = at_once(16, lambda n: use(inviting, code, f"rush-{n}"))

    assert sorted(answers) == [200] + [400] * 15


def test_codes_of_a_takendown_account_are_void(inviting: Roost) -> None:
    """Until it is restored; nobody but their owner is told of them."""
    person = member(inviting, days=1)
    code = codes(person)[0]["code"]

    take_down(inviting, person)
    assert use(inviting, code, "too-early") == 400
    take_down(inviting, person, None)
    assert use(inviting, code, "in-time") == 200


def test_who_is_given_no_more_invites_is_told_of_none(inviting: Roost) -> None:
    """Those that come due meanwhile are lost; a code that was there before still works."""
    person = member(inviting, days=1)
    code = codes(person)[0]["code"]
    inviting.post("com.atproto.admin.disableAccountInvites", json={"account": person.did}, auth=inviting.admin)
    change(
        inviting,
        person,
        lambda tx, account: tx.run("UPDATE account SET created_at = created_at - ? WHERE id = ?", 2 * DAY, account),
    )

    assert [each["code"] for each in codes(person)] == [code]
    inviting.post("com.atproto.admin.enableAccountInvites", json={"account": person.did}, auth=inviting.admin)
    assert [each["code"] for each in codes(person)] == [code]
    inviting.post("com.atproto.admin.disableInviteCodes", json={"codes": [code]}, auth=inviting.admin)
    assert codes(person) == []


def test_nothing_is_earned_where_the_operator_has_set_nothing(roost: Roost, person: Person) -> None:
    """Gifts are told all the same."""
    change(roost, person, lambda tx, account: tx.run("UPDATE account SET created_at = 0 WHERE id = ?", account))
    code = gift(roost, 3, forAccount=person.did)

    ((told,),) = (codes(person),)

    assert (told["code"], told["available"], told["createdBy"]) == (code, 3, "admin")


def test_only_the_accounts_own_password_will_do(roost: Roost, person: Person) -> None:
    """A program does not invite people."""
    assert refusal(program(roost, person).get(NSID)) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.get(NSID))[:2] == (401, "AuthMissing")
