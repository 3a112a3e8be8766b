"""com.atproto.admin.searchAccounts."""

import pytest

from support.administration import ask, check_rights
from support.calls import refusal
from support.server import Person, Roost


def found(roost: Roost, text: str) -> list[str]:
    """Search, and return the handles."""
    return [account["handle"] for account in ask(roost, "searchAccounts", email=text).json()["accounts"]]


def test_by_email_handle_and_did(roost: Roost, person: Person) -> None:
    """A part of the first two will do, in any case; a DID has to be whole."""
    for text in (person.email, person.email.upper(), person.handle, person.handle[:-5], person.did, f" {person.did} "):
        assert person.handle in found(roost, text), text
    assert found(roost, person.did[:-1]) == []


@pytest.mark.parametrize("text", ["%", "_", "user%", "us_r", "*", "~", "' OR 1=1 --", "\\", "%25"])
def test_what_sql_would_read_as_any_character_is_itself(roost: Roost, person: Person, text: str) -> None:
    """No account has one of these in its name."""
    assert found(roost, text) == []


def test_all_of_them_page_by_page(own_roost: Roost) -> None:
    """Oldest first; the last page has no cursor when it is not full."""
    people = [own_roost.person() for _ in range(5)]

    handles, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = ask(own_roost, "searchAccounts", limit=2, **({"cursor": cursor} if cursor else {})).json()
        handles += [account["handle"] for account in page["accounts"]]
        cursor, pages = page.get("cursor"), pages + 1

    assert (handles, pages) == ([person.handle for person in people], 3)


@pytest.mark.parametrize("cursor", ["-1", "a", "9" * 19, "9" * 5000, "1 ", "٣", "1.0", "0x1"])
def test_a_cursor_that_nobody_gave_is_refused(roost: Roost, cursor: str) -> None:
    """Whatever it is, it is no server error."""
    assert refusal(ask(roost, "searchAccounts", cursor=cursor)) == (400, "InvalidRequest", "Malformed cursor")


def test_a_cursor_past_the_end_finds_nothing(roost: Roost) -> None:
    """The highest number there is, too."""
    assert ask(roost, "searchAccounts", cursor=str(2**63 - 1)).json() == {"accounts": []}


def test_nobody_searches_for_a_book(roost: Roost) -> None:
    """A text longer than any name is refused, before the database looks at every account for it."""
    assert refusal(ask(roost, "searchAccounts", email="x" * 301))[:2] == (400, "InvalidRequest")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "GET", "searchAccounts", anybody, email="a")
