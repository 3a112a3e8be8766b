"""How many connections there may be: of one address, so that nobody takes all, and in all, so that some files are left.

A connection over its address's share is ended at once. When there are too many in all, those that have waited longest
for a request make room: between two requests a client loses nothing, and opens another. Only where none waits is the
newcomer turned away. The operator's own proxies speak for many and have no share. It deliberately does not know what a
connection carries.
"""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final, Protocol, TypeGuard

ROOM: Final = 32
"""One of so many connections is ended when there are too many: each newcomer looking for the one that has waited
longest would cost more than the connections do.
"""


class Connection(Protocol):
    """One connection, whatever it speaks."""

    client: tuple[str, int] | None

    def waited(self) -> float | None:
        """Return since when it has had nothing to do, by the loop's clock; None while it has."""

    def abort(self) -> None:
        """End it at once."""


class Gate:
    """Counts the connections of one server; `is_proxy` tells the addresses that have no share."""

    __slots__ = ("_counts", "_is_proxy", "_most", "_share")

    def __init__(self, *, most: int, share: int, is_proxy: Callable[[str], bool]) -> None:
        self._most = most
        self._share = share
        self._is_proxy = is_proxy
        self._counts: Counter[str] = Counter()

    def enter(self, newcomer: Connection, connections: Collection[object]) -> None:
        """Count a connection, and end what is too many: itself, or others among all `connections`."""
        host = host_of(newcomer)
        if host is not None:
            self._counts[host] += 1
            if self._counts[host] > self._share and not self._is_proxy(host):
                newcomer.abort()
                return
        if len(connections) > self._most:
            self._make_room(newcomer, connections)

    def leave(self, connection: Connection) -> None:
        """Count a connection no more."""
        host = host_of(connection)
        if host is not None:
            self._counts[host] -= 1
            if self._counts[host] <= 0:
                del self._counts[host]

    def recount(self, connections: Collection[object]) -> None:
        """Count anew: one that became a WebSocket's did not say when it ended."""
        self._counts = Counter(host for each in connections if (host := host_of(each)) is not None)

    def _make_room(self, newcomer: Connection, connections: Collection[object]) -> None:
        waiting = [
            (since, each)
            for each in connections
            if each is not newcomer and is_connection(each) and (since := each.waited()) is not None
        ]
        if not waiting:
            newcomer.abort()
            return
        waiting.sort(key=lambda pair: pair[0])
        for _, each in waiting[: max(1, len(waiting) // ROOM)]:
            each.abort()


def is_connection(each: object) -> TypeGuard[Connection]:
    """Return whether it is one that can tell since when it has waited: a WebSocket's is in use for as long as it is."""
    return hasattr(each, "waited")


def host_of(connection: object) -> str | None:
    """Return the address of a connection's other end, None for one that has none."""
    client: tuple[str, int] | None = getattr(connection, "client", None)
    return None if client is None else client[0]
