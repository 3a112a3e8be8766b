"""Reading what an account has set in its apps."""

import pytest

from roost.services.caller import Scope
from support.calls import refusal
from support.preferences import ADULT, AGE, BIRTH, GET, get, put, types
from support.scopes import as_scope
from support.server import Person, Roost


def test_everybody_has_their_own(roost: Roost, person: Person) -> None:
    """Another account's are not to be seen."""
    put(person, ADULT)

    assert get(roost.person()) == []
    assert refusal(roost.get(GET))[1] == "AuthMissing"


def test_the_day_of_birth_is_for_the_accounts_own_password(roost: Roost, person: Person) -> None:
    """Apps are told whether somebody is old enough, and no more."""
    put(person, BIRTH, ADULT)
    over = {"$type": AGE, "isOverAge13": True, "isOverAge16": True, "isOverAge18": True}

    assert get(person) == [BIRTH, ADULT, over]
    for scope in (Scope.APP_PASS, Scope.APP_PASS_PRIVILEGED):
        assert get(as_scope(roost, person, scope)) == [ADULT, over]


def test_a_child_is_not_over_age(person: Person) -> None:
    """The years are counted to today."""
    put(person, BIRTH | {"birthDate": "2012-01-01T00:00:00Z"})

    assert get(person)[1] == {"$type": AGE, "isOverAge13": True, "isOverAge16": False, "isOverAge18": False}


@pytest.mark.parametrize("birth", ["0000-01-01T00:00:00Z", None])
def test_no_day_says_no_age(person: Person, birth: str | None) -> None:
    """A day that there was not, or none."""
    put(person, {"$type": BIRTH["$type"]} | ({} if birth is None else {"birthDate": birth}))

    assert types(person) == [BIRTH["$type"]]


def test_preferences_go_with_the_account(roost: Roost, person: Person) -> None:
    """Deleting it removes them."""
    put(person, ADULT)
    assert person.post("com.atproto.deleteAccount", json={}).status_code == 200

    server = roost.app.server
    assert server is not None
    assert refusal(person.get(GET))[1] == "AccountNotFound"
