"""com.atproto.admin.getInviteCodes."""

import pytest

from support.administration import ask, check_rights
from support.calls import refusal
from support.server import Person, Roost


def code(roost: Roost, uses: int = 5) -> str:
    """Make a code."""
    made = roost.post("com.atproto.server.createInviteCode", json={"useCount": uses}, auth=roost.admin)
    return str(made.json()["code"])


def pages(roost: Roost, **params: object) -> list[str]:
    """Return all codes, read two at a time."""
    codes: list[str] = []
    cursor = None
    while True:
        page = ask(roost, "getInviteCodes", limit=2, **params, **({"cursor": cursor} if cursor else {})).json()
        codes += [each["code"] for each in page["codes"]]
        cursor = page.get("cursor")
        if cursor is None:
            return codes


def test_newest_and_most_used_first(own_roost: Roost) -> None:
    """Each code once, however the pages fall."""
    codes = [code(own_roost) for _ in range(5)]

    recent = ask(own_roost, "getInviteCodes").json()

    assert "cursor" not in recent
    assert sorted(each["code"] for each in recent["codes"]) == sorted(codes)
    times = [each["createdAt"] for each in recent["codes"]]
    assert times == sorted(times, reverse=True)
    assert pages(own_roost) == [each["code"] for each in recent["codes"]]
    assert sorted(pages(own_roost, sort="usage")) == sorted(codes)


@pytest.mark.parametrize("cursor", ["", "::", "x::y", "1", f"{'9' * 30}::a", "1::", "-1::a"])
def test_a_cursor_of_anybodys_making(roost: Roost, cursor: str) -> None:
    """It is refused, or it is a place in the list where nothing has to be."""
    answer = ask(roost, "getInviteCodes", cursor=cursor)

    assert answer.status_code == 200 or refusal(answer) == (400, "InvalidRequest", "Malformed cursor")


def test_there_are_two_orders(roost: Roost) -> None:
    """Another is refused."""
    refused = refusal(ask(roost, "getInviteCodes", sort="alphabet"))

    assert refused == (400, "InvalidRequest", "unknown sort method: alphabet")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "GET", "getInviteCodes", anybody)
