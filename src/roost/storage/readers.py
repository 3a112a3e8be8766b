"""The connections that read in threads: lent to one snapshot at a time, kept for the next.

Deliberately does not know the engines.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from roost.storage.db import Tx
from roost.storage.errors import QueryFailed


class Reader(Protocol):
    """A connection that reads. The methods raise QueryFailed."""

    def enter(self) -> Tx:
        """Open a snapshot, which begins with its first statement."""
        ...

    def check(self) -> None:
        """Raise the refusal of a statement, if there was one: the function may have caught it."""
        ...

    def leave(self) -> None:
        """Close the snapshot."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Readers:
    """The readers of one database; at most `keep` of them are kept while nobody uses them."""

    def __init__(self, connect: Callable[[], Reader], *, keep: int) -> None:
        self._connect = connect
        self._keep = keep
        self._idle: list[Reader] = []  # its append and pop are atomic: any thread may call snapshot()

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """Lend a transaction that reads one state of the database."""
        try:
            reader = self._idle.pop()
        except IndexError:
            reader = self._connect()
        try:
            tx = reader.enter()
        except QueryFailed:
            reader.close()
            raise
        try:
            yield tx
            reader.check()
        finally:
            self._take_back(reader)

    def _take_back(self, reader: Reader) -> None:
        try:
            reader.leave()
        except QueryFailed:  # the connection is lost; what was read until then has been read
            reader.close()
            return
        if len(self._idle) < self._keep:
            self._idle.append(reader)
        else:
            reader.close()

    def close(self) -> None:
        """Close the readers that are kept; nobody uses one any more."""
        while self._idle:
            self._idle.pop().close()
