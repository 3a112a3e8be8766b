"""The newest events, kept in memory as they are sent: what all who follow the log live are sent from.

A value without a clock or a database; it deliberately does not know who reads it, nor where events come from.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes of events kept. Some 5,000 usual commits: whoever falls further behind reads the log."""

PACKET_BYTES: Final = 256 * 1024
"""Bytes after which a packet ends: what a reader that stops reading has waiting for it, beside the sockets' buffers."""


class Packet(NamedTuple):
    """Events that follow one another, joined as they are sent; `last` is the number of the last one."""

    data: bytes
    last: int


class Tail:
    """Every event after `start` up to `end`, both of which are sequence numbers."""

    __slots__ = ("_events", "_joined", "_max_bytes", "_seqs", "_size", "end", "start")

    def __init__(self, start: int, *, max_bytes: int = MAX_BYTES) -> None:
        self.start = self.end = start
        self._seqs: list[int] = []
        self._events: list[bytes] = []
        self._size = 0
        self._max_bytes = max_bytes
        self._joined: dict[int, Packet] = {}

    def extend(self, events: Sequence[tuple[int, bytes]]) -> None:
        """Add the events that follow `end`, and forget the oldest that are too much."""
        for seq, event in events:
            self._seqs.append(seq)
            self._events.append(event)
            self._size += len(event)
        if events:
            self.end = self._seqs[-1]
            self._joined.clear()
        if self._size > self._max_bytes:
            self._forget()

    def after(self, cursor: int) -> Packet | None:
        """Return the next events after `cursor`, which must not lie before `start`; None where there are none."""
        packet = self._joined.get(cursor)
        if packet is None and cursor < self.end:
            # Kept for the others that are just there: of a thousand who follow live, one pays for the joining.
            packet = self._joined[cursor] = self._join(bisect_right(self._seqs, cursor))
        return packet

    def _join(self, first: int) -> Packet:
        size, past = 0, first
        while past < len(self._events) and size < PACKET_BYTES:
            size += len(self._events[past])
            past += 1
        return Packet(b"".join(self._events[first:past]), self._seqs[past - 1])

    def _forget(self) -> None:
        """Drop events until a quarter of the room is free: dropping them one by one would move all others each time."""
        drop = 0
        while self._size > self._max_bytes * 3 // 4:
            self._size -= len(self._events[drop])
            drop += 1
        self.start = self._seqs[drop - 1]
        del self._seqs[:drop], self._events[:drop]
