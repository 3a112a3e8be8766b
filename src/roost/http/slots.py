"""How many calls to other servers may be under way: in all, to strangers, for one account, and for those without one.

A slow server must not take the room of the others, nor one account that of everybody else, nor people without one that
of the accounts. It deliberately does not know what a call is.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

from roost.http.errors import NotEnoughResources
from roost.services.errors import TooManyRequests

MOST_AT_ONCE: Final = 256
"""Calls in all; each holds two sockets, one to the client and one to the other server."""

MOST_STRANGERS: Final = 128
"""Calls to services that are not in the settings, so that slow ones leave room for those that are."""

MOST_NOBODYS: Final = 64
"""Calls for those who have no account here."""

MOST_EACH: Final = 32
"""Calls for one account, or one address without one. A page of an app makes a dozen at once."""

Owner = int | str
"""Whose call it is: an account's number, or the address of somebody who has none."""


class Slots:
    """The calls under way."""

    __slots__ = ("_all", "_each", "_nobodys", "_strangers")

    def __init__(self) -> None:
        self._all = 0
        self._strangers = 0
        self._nobodys = 0
        self._each: Counter[Owner] = Counter()

    @contextlib.contextmanager
    def taken(self, owner: Owner, *, stranger: bool) -> Iterator[None]:
        """Take a place for as long as the block lasts. Raises TooManyRequests, NotEnoughResources."""
        nobodys = isinstance(owner, str)
        if self._each[owner] >= MOST_EACH:
            raise TooManyRequests(f"No more than {MOST_EACH} calls to other services at a time")
        full = self._all >= MOST_AT_ONCE or (stranger and self._strangers >= MOST_STRANGERS)
        if full or (nobodys and self._nobodys >= MOST_NOBODYS):
            raise NotEnoughResources("Too many calls to other services are under way")
        self._all += 1
        self._strangers += stranger
        self._nobodys += nobodys
        self._each[owner] += 1
        try:
            yield
        finally:
            self._all -= 1
            self._strangers -= stranger
            self._nobodys -= nobodys
            self._each[owner] -= 1
            if not self._each[owner]:
                del self._each[owner]
