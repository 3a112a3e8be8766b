"""How many calls may be under way."""

import contextlib

import pytest

from roost.http import slots
from roost.http.errors import NotEnoughResources
from roost.http.slots import Slots
from roost.services.errors import TooManyRequests


def test_places_are_counted_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each account, to strangers, for those without one, and in all; also when a call fails."""
    monkeypatch.setattr(slots, "MOST_EACH", 2)
    monkeypatch.setattr(slots, "MOST_STRANGERS", 3)
    monkeypatch.setattr(slots, "MOST_AT_ONCE", 4)
    places = Slots()
    with contextlib.ExitStack() as stack:
        for account in (1, 1, 2):
            stack.enter_context(places.taken(account, stranger=True))
        with pytest.raises(TooManyRequests), places.taken(1, stranger=False):
            pass
        with pytest.raises(NotEnoughResources), places.taken(2, stranger=True):
            pass
        with pytest.raises(NotEnoughResources), places.taken(2, stranger=False), places.taken(3, stranger=False):
            pass
    monkeypatch.setattr(slots, "MOST_NOBODYS", 1)
    with contextlib.ExitStack() as stack:
        stack.enter_context(places.taken("192.0.2.1", stranger=False))
        stack.enter_context(places.taken(1, stranger=False))
        with pytest.raises(NotEnoughResources), places.taken("192.0.2.2", stranger=False):
            pass
    with contextlib.suppress(RuntimeError), places.taken(1, stranger=True):
        raise RuntimeError

    for _ in range(3):
        with places.taken(1, stranger=True), places.taken(1, stranger=True), places.taken(2, stranger=True):
            pass
