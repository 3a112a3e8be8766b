"""datetimes: the published vectors, and what they leave open."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.syntax import Datetime, InvalidSyntax, now_text
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every datetime that the protocol calls valid is one."""
    vectors = text_vectors("syntax/datetime_syntax_valid.txt")

    assert vectors == accepted(Datetime.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid datetime is one."""
    vectors = text_vectors("syntax/datetime_syntax_invalid.txt")

    assert accepted(Datetime.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Datetime.parse(raw)


def test_impossible_dates_are_refused() -> None:
    """Every text of the right form that is no moment in time is refused."""
    assert accepted(Datetime.parse, text_vectors("syntax/datetime_parse_invalid.txt")) == []


@pytest.mark.parametrize(
    "raw",
    [
        "2021-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+00:60",
        "9999-12-31T23:59:59-00:01",
        "2024-01-01T00:00:00Z\n",
        "2024-01-01T00:00:0\N{ARABIC-INDIC DIGIT ONE}Z",
        "2024-01-01T00:00:00." + "0" * 50 + "Z",
    ],
)
def test_what_the_vectors_leave_open_is_refused(raw: str) -> None:
    """Leap days, the hour 24, leap seconds, wild zones, years out of range and endless fractions."""
    with pytest.raises(InvalidSyntax):
        Datetime.parse(raw)


@pytest.mark.parametrize("raw", ["0000-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "9999-12-31T23:59:59+00:01"])
def test_the_edges_of_the_calendar_are_allowed(raw: str) -> None:
    """The year 0 exists and is a leap year."""
    assert Datetime.parse(raw) == raw


def test_instant() -> None:
    """A datetime's moment is in UTC, cut to the microseconds that Python has."""
    moment = Datetime.parse("1985-04-12T23:20:50.1235678912345-07:00").instant()

    assert moment == dt.datetime(1985, 4, 13, 6, 20, 50, 123567, tzinfo=dt.UTC)


def test_the_year_0_has_no_instant() -> None:
    """The protocol has the year 0 and Python does not, so asking for the moment fails by name."""
    datetime = Datetime.parse("0000-01-01T00:00:00.000Z")

    with pytest.raises(InvalidSyntax):
        datetime.instant()


def test_now_text() -> None:
    """The server writes UTC with milliseconds, whatever zone it is given."""
    zone = dt.timezone(dt.timedelta(hours=2))

    assert now_text(dt.datetime(2026, 11, 23, 12, 0, 0, 1999, tzinfo=zone)) == "2026-11-23T10:00:00.001Z"


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_what_we_write_we_can_read(moment: dt.datetime) -> None:
    """Every datetime that the server writes is valid, and names the moment to the millisecond."""
    text = now_text(moment)

    assert Datetime.parse(text).instant() == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
