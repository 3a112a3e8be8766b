"""Reading what an account has set in its apps."""

from pathlib import Path

import httpx
import pytest

from roost.services.caller import Scope
from support.calls import bearer, refusal, set_status
from support.preferences import ADULT, AGE, BIRTH, GET, get, put, types
from support.scopes import as_scope
from support.server import Person, Roost, running
from support.strangers import Stranger


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


def test_moderators_may_ask_for_anybodys(tmp_path: Path) -> None:
    """With a token of the service in the settings, in full, whatever the account's state; nobody else may."""
    with running(tmp_path) as before:
        person, moderators, stranger = before.person(), Stranger.register(before), Stranger.register(before)
        put(person, BIRTH, ADULT)
        over = get(person)
    with running(tmp_path, mod_service_did=str(moderators.did)) as roost:
        set_status(roost, person, "takendown")

        def ask(who: Stranger, **params: str) -> httpx.Response:
            return roost.client.get(f"/xrpc/{GET}", params=params, headers=bearer(who.token(roost, GET)))

        moderators.plc_url = stranger.plc_url = roost.plc_url
        assert ask(moderators, did=person.did).json()["preferences"] == over
        assert over[0] == BIRTH
        assert refusal(ask(moderators))[:2] == (400, "InvalidRequest")
        assert refusal(ask(moderators, did="nonsense"))[:2] == (400, "InvalidRequest")
        assert refusal(ask(moderators, did=str(stranger.did)))[:2] == (400, "AccountNotFound")
        assert refusal(ask(stranger, did=person.did))[:2] == (401, "UntrustedIss")
        twice = f"/xrpc/{GET}?did={person.did}&did={person.did}"
        assert refusal(roost.client.get(twice, headers=bearer(moderators.token(roost, GET))))[0] == 400


def test_an_account_asks_only_for_its_own(roost: Roost, person: Person) -> None:
    """Whoever it names."""
    other = roost.person()
    put(other, ADULT)

    assert person.get(GET, did=other.did).json()["preferences"] == []
