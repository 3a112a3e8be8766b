"""Stands before the administrator's password: guessing it must be hopeless, whatever the operator has chosen.

Wrong passwords are counted by the address that they come from, and all together. Who has sent too many is not listened
to for a while, right or wrong; and when all together have, only those are that have known the password before. So a
guess from many addresses is as slow as one from a single address, and does not lock the operator out.
"""

from collections import OrderedDict
from typing import Final

from roost.http.address import Address
from roost.http.windows import Ask, Windows

MINUTES: Final = 10
TRIES: Final = 30
"""Wrong passwords from one address in MINUTES: a person at a keyboard makes fewer, and 4,320 a day guess nothing."""

ALL_TRIES: Final = 300
"""Wrong passwords from everywhere in that time: 16 million a year, of the 200,000 million that eight letters make."""

FRIENDS: Final = 1000
"""Addresses remembered for having known the password."""


class Guard:
    """Counts wrong passwords, for as long as the process runs."""

    __slots__ = ("_friends", "_windows")

    def __init__(self, windows: Windows | None = None) -> None:
        self._windows = windows or Windows()
        self._friends: OrderedDict[str, None] = OrderedDict()

    def turned_away(self, address: Address) -> int:
        """Return for how many seconds this address is not listened to; 0 when it is."""
        own, everybody = _asks(address)
        blocked = self._windows.left(own) <= 0 or (
            address.site not in self._friends and self._windows.left(everybody) <= 0
        )
        return MINUTES * 60 if blocked else 0

    def failed(self, address: Address) -> None:
        """Count a wrong password."""
        for ask in _asks(address):
            self._windows.take([ask])

    def succeeded(self, address: Address) -> None:
        """Remember an address that has known the password."""
        self._friends[address.site] = None
        self._friends.move_to_end(address.site)
        if len(self._friends) > FRIENDS:
            self._friends.popitem(last=False)


def _asks(address: Address) -> tuple[Ask, Ask]:
    own = Ask(f"admin {address.site}", address.site, TRIES, MINUTES * 60, 1)
    return own, Ask("admins", "", ALL_TRIES, MINUTES * 60, 1)
