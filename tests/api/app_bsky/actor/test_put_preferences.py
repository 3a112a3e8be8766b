"""Replacing what an account has set in its apps, and reading it back."""

import pytest

from roost.services.caller import Scope
from support.calls import at_once, refusal, set_status
from support.preferences import ADULT, AGE, BIRTH, GET, PUT, get, put, types
from support.scopes import as_scope
from support.server import Person, Roost


def test_what_was_put_is_read_back(person: Person) -> None:
    """In its order, with kinds that nobody here knows, and values of the data model in it."""
    odd = {
        "$type": "app.bsky.new#pref",
        "link": {"$link": "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"},
    }
    wanted = [ADULT, odd, {"$type": "app.bsky.actor.defs#savedFeedsPrefV2", "items": []}, ADULT]

    assert get(person) == []
    assert put(person, *wanted).content == b""
    assert get(person) == wanted


def test_putting_replaces_everything(person: Person) -> None:
    """What is not in the request is gone; an empty one leaves nothing."""
    put(person, ADULT, BIRTH)
    put(person, {"$type": "app.bsky.new#pref"})
    assert types(person) == ["app.bsky.new#pref"]
    put(person)
    assert get(person) == []


@pytest.mark.parametrize(
    ("preference", "message"),
    [
        ({"$type": "com.example.pref"}, "Some preferences are not in the app.bsky namespace"),
        ({"$type": "app.bskyx.pref"}, "Some preferences are not in the app.bsky namespace"),
        ({"$type": "app"}, "Some preferences are not in the app.bsky namespace"),
        ({"enabled": True}, '"$type"'),
        ({"$type": ""}, '"$type"'),
        ({"$type": 1}, '"$type"'),
        ({"$type": "app.bsky.actor.defs#adultContentPref", "enabled": "yes"}, "enabled"),
        ({"$type": "app.bsky.actor.defs#personalDetailsPref", "birthDate": "yesterday"}, "birthDate"),
        ("text", "preferences"),
        (None, "preferences"),
        ({"$type": "app.bsky.new#pref", "half": 0.5}, ""),
    ],
)
def test_what_is_no_preference_is_refused(person: Person, preference: object, message: str) -> None:
    """And nothing changes."""
    put(person, ADULT)

    status, name, told = refusal(put(person, {"$type": "app.bsky.new#pref"}, preference))

    assert (status, name) == (400, "InvalidRequest")
    assert message in told
    assert get(person) == [ADULT]


def test_an_app_password_cannot_touch_the_day_of_birth(roost: Roost, person: Person) -> None:
    """It neither sets nor removes it; all else it replaces."""
    app = as_scope(roost, person, Scope.APP_PASS_PRIVILEGED)
    put(person, ADULT, BIRTH)

    told = refusal(put(app, BIRTH))
    put(app, {"$type": "app.bsky.new#pref"})

    assert told == (400, "InvalidRequest", f"Do not have authorization to set preferences: {BIRTH['$type']}")
    assert types(person) == [BIRTH["$type"], "app.bsky.new#pref", AGE]


def test_an_age_is_not_kept(person: Person) -> None:
    """It is what follows of the day of birth, whatever an app sends back."""
    put(person, {"$type": AGE, "isOverAge18": True})

    assert get(person) == []


def test_the_last_of_many_stands_whole(person: Person) -> None:
    """Sixteen at once leave one of them, and nothing of the others."""
    sets = [[{"$type": "app.bsky.new#pref", "n": n, "i": i} for i in range(5)] for n in range(16)]

    at_once(16, lambda n: put(person, *sets[n]))

    assert get(person) in sets


def test_there_is_room_for_so_much(person: Person) -> None:
    """As much as a request may hold."""
    big = {"$type": "app.bsky.new#pref", "text": "x" * 150_000}
    put(person, big)

    assert get(person) == [big]
    assert refusal(put(person, big, big))[0] == 413


def test_states_of_the_account(roost: Roost, person: Person) -> None:
    """One that is deactivated is moving in; one that was taken down only reads."""
    set_status(roost, person, "deactivated")
    put(person, ADULT)
    leaving = as_scope(roost, person, Scope.TAKENDOWN)
    set_status(roost, person, "takendown")

    assert refusal(person.post(PUT, json={"preferences": []}))[:2] == (401, "AccountTakedown")
    assert refusal(leaving.post(PUT, json={"preferences": []})) == (400, "InvalidToken", "Bad token scope")
    assert leaving.get(GET).json()["preferences"] == [ADULT]


def test_nobody_puts_anything(roost: Roost) -> None:
    """They are an account's."""
    assert refusal(roost.post(PUT, json={"preferences": []}))[1] == "AuthMissing"
