"""The connections that read in threads."""

from typing import cast

import pytest

from roost.storage.db import Tx
from roost.storage.errors import QueryFailed
from roost.storage.readers import Readers


class Reading:
    """A Reader that writes down what becomes of it, and fails where it is told to."""

    def __init__(self, log: list[str], *fails: str) -> None:
        self.log = log
        self.fails = fails
        self._note("connect")

    def enter(self) -> Tx:
        """Open a snapshot."""
        self._note("enter")
        return cast("Tx", None)  # nobody uses it here

    def check(self) -> None:
        """Raise what was caught."""
        self._note("check")

    def leave(self) -> None:
        """Close it."""
        self._note("leave")

    def close(self) -> None:
        """Close the connection."""
        self._note("close")

    def _note(self, what: str) -> None:
        self.log.append(what)
        if what in self.fails:
            raise QueryFailed(what)


def test_a_reader_is_used_again() -> None:
    """To connect takes longer than to read."""
    log: list[str] = []
    readers = Readers(lambda: Reading(log), keep=1)

    for _ in range(2):
        with readers.snapshot():
            pass
    readers.close()

    assert log == ["connect", "enter", "check", "leave", "enter", "check", "leave", "close"]


def test_no_more_readers_are_kept_than_asked_for() -> None:
    """After a rush of streams, the rest are closed."""
    log: list[str] = []
    readers = Readers(lambda: Reading(log), keep=1)

    with readers.snapshot(), readers.snapshot():
        pass

    assert [log.count("connect"), log.count("close")] == [2, 1]


@pytest.mark.parametrize("fails", ["enter", "leave"])
def test_a_reader_that_lost_its_connection_is_not_used_again(fails: str) -> None:
    """The next snapshot has a new one."""
    log: list[str] = []
    readers = Readers(lambda: Reading(log, *([] if "connect" in log else [fails])), keep=1)

    for _ in range(2):
        try:
            with readers.snapshot():
                pass
        except QueryFailed:
            assert fails == "enter"

    assert [log.count("connect"), log.count("close")] == [2, 1]


def test_what_a_function_has_caught_is_raised_at_the_end() -> None:
    """A refused statement cannot be swallowed, in a read as little as in a write."""
    readers = Readers(lambda: Reading([], "check"), keep=1)

    with pytest.raises(QueryFailed), readers.snapshot():
        pass
