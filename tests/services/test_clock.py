"""Time, and the identifiers made from it."""

import time

from roost.services.clock import Minter, system_clock
from support.house import Clock


def test_the_system_clock_counts_microseconds() -> None:
    """The clock is the machine's own, in the unit of TIDs."""
    assert abs(system_clock() - time.time() * 1_000_000) < 1_000_000


def test_minted_tids_grow_while_the_clock_stands_still_or_goes_back() -> None:
    """No two record keys are the same, and later ones are always greater."""
    clock = Clock()
    minter = Minter(clock)

    first, second = minter.mint(), minter.mint()
    clock.turn(seconds=-3600)
    third = minter.mint()

    assert first < second < third
    assert first.micros == 1_790_000_000_000_000


def test_a_rev_comes_after_the_last_one_however_wrong_the_clock_is() -> None:
    """A repository whose last rev lies in the future goes on from there."""
    clock = Clock()
    minter = Minter(clock)
    last = minter.rev(None)

    clock.turn(seconds=-86_400)

    assert minter.rev(last) > last
    assert minter.rev(last).micros == last.micros + 1


def test_processes_are_kept_apart_by_ten_bits() -> None:
    """Every TID of a minter carries the clock id that was drawn for it."""
    minter = Minter(Clock())

    assert 0 <= minter.clock_id < 1024
    assert minter.mint().clock_id == minter.clock_id
    assert Minter(Clock(), clock_id=7).mint().clock_id == 7


def test_milliseconds_are_what_rows_hold() -> None:
    """Times in the database are in milliseconds."""
    assert Minter(Clock(1_790_000_000_123_999)).milliseconds() == 1_790_000_000_123
