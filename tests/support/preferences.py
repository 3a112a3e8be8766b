"""Preferences, as an app reads and writes them."""

import httpx

from support.server import Person

GET = "app.bsky.actor.getPreferences"
PUT = "app.bsky.actor.putPreferences"
AGE = "app.bsky.actor.defs#declaredAgePref"
ADULT = {"$type": "app.bsky.actor.defs#adultContentPref", "enabled": True}
BIRTH = {"$type": "app.bsky.actor.defs#personalDetailsPref", "birthDate": "1990-05-17T00:00:00.000Z"}


def put(person: Person, *preferences: object) -> httpx.Response:
    """Replace somebody's preferences."""
    return person.post(PUT, json={"preferences": list(preferences)})


def get(person: Person) -> list[dict[str, object]]:
    """Return somebody's preferences."""
    answer = person.get(GET)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["preferences"]
    return found


def types(person: Person) -> list[object]:
    """Return the kinds of somebody's preferences."""
    return [each["$type"] for each in get(person)]
