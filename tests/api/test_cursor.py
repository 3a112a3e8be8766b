"""Cursors that anybody may have written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.api.cursor import HIGHEST, number, place
from roost.services.errors import InvalidRequest


@given(st.integers(0, HIGHEST), st.text())
def test_what_was_given_out_is_read(value: int, text: str) -> None:
    """A number, and a number with a text behind it."""
    assert number(str(value)) == value
    assert place(f"{value}::{text}") == (value, text)


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    """By name, whatever it is."""
    for read in (number, place):
        try:
            read(text)
        except InvalidRequest as error:
            assert error.message == "Malformed cursor"  # noqa: PT017 - or it is read


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", str(HIGHEST + 1), "9" * 10_000, "¹"])
def test_numbers_that_no_column_holds(text: str) -> None:
    """They would be an error of the database's."""
    with pytest.raises(InvalidRequest):
        number(text)
