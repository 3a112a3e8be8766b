"""Times as requests and answers write them."""

import pytest

from roost.api.moment import milliseconds, moment
from roost.services.errors import InvalidRequest
from roost.syntax import Datetime


def test_a_time_is_written_in_milliseconds_and_read_back() -> None:
    """In UTC, whatever zone it was given in."""
    assert moment(1_767_225_600_123) == "2026-01-01T00:00:00.123Z"
    assert milliseconds(Datetime.parse("2026-01-01T01:00:00.123+01:00")) == 1_767_225_600_123


def test_a_time_before_all_times_is_refused() -> None:
    """The protocol's datetimes begin in the year 0, and Python's in the year 1."""
    with pytest.raises(InvalidRequest):
        milliseconds(Datetime.parse("0000-01-01T00:00:00Z"))
