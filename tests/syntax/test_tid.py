"""TIDs: the published vectors, and what they leave open."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.syntax import InvalidSyntax, Tid, next_tid
from support.interop import accepted, text_vectors

_TIMES = st.tuples(st.integers(0, 2**53 - 1), st.integers(0, 1023))


def test_valid_vectors() -> None:
    """Every TID that the protocol calls valid is one."""
    vectors = text_vectors("syntax/tid_syntax_valid.txt")

    assert vectors == accepted(Tid.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid TID is one."""
    vectors = text_vectors("syntax/tid_syntax_invalid.txt")

    assert accepted(Tid.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Tid.parse(raw)


@pytest.mark.parametrize(
    ("micros", "clock_id", "text"),
    [
        (0, 0, "2222222222222"),
        (1_700_000_000_000_000, 0, "3ke6kg3wk2222"),
        (1_700_000_000_000_000, 31, "3ke6kg3wk222z"),
        (1_688_137_381_887_007, 6, "3jzfcijpj2z2a"),
        (2**53 - 1, 1023, "bzzzzzzzzzzzz"),
    ],
)
def test_worked_values(micros: int, clock_id: int, text: str) -> None:
    """A time and a clock make one TID, and the TID gives both back."""
    tid = Tid.of(micros, clock_id)

    assert tid == text
    assert (tid.micros, tid.clock_id) == (micros, clock_id)


@given(st.lists(_TIMES, min_size=2, max_size=2))
def test_tids_sort_like_time(times: list[tuple[int, int]]) -> None:
    """The order of the texts is the order of the times, then of the clocks."""
    early, late = sorted(times)

    assert (Tid.of(*early) < Tid.of(*late)) == (early < late)


@given(_TIMES)
def test_what_we_make_is_valid(time: tuple[int, int]) -> None:
    """Every TID that is made can be parsed."""
    tid = Tid.of(*time)

    assert Tid.parse(str(tid)) == tid


@pytest.mark.parametrize(("micros", "clock_id"), [(-1, 0), (2**53, 0), (0, -1), (0, 1024)])
def test_times_that_do_not_fit_are_refused(micros: int, clock_id: int) -> None:
    """There is no TID before 1970, after 2255, or of a 1025th clock."""
    with pytest.raises(InvalidSyntax):
        Tid.of(micros, clock_id)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 1023)), min_size=2))
def test_the_next_tid_is_always_greater(ticks: list[tuple[int, int]]) -> None:
    """A clock that stands still, jumps back or is another one never makes a revision older than the last."""
    tids: list[Tid] = []
    for now, clock_id in ticks:
        tids.append(next_tid(now, clock_id, tids[-1] if tids else None))

    assert all(before < after for before, after in pairwise(tids))


def test_the_next_tid_is_now_when_the_clock_has_moved() -> None:
    """A TID does not drift from the time without a need."""
    assert next_tid(1000, 5, Tid.of(999, 7)) == Tid.of(1000, 5)


def test_nothing_comes_after_the_end_of_time() -> None:
    """A foreign repository may claim the last revision of all: an error by name then, and no smaller TID."""
    with pytest.raises(InvalidSyntax):
        next_tid(1000, 0, Tid.parse("bzzzzzzzzzzzz"))
