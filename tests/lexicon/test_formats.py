"""The string formats: what each takes and refuses, and the shortcut for usual strings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.lexicon.errors import InvalidData
from roost.lexicon.formats import FORMATS, USUAL
from roost.syntax import AtIdentifier, AtUri, Datetime, Did, Language

EXAMPLES = {
    "at-identifier": ("alice.test", "alice"),
    "at-uri": ("at://alice.test/com.example.thing/self", "at://alice.test/thing"),
    "cid": ("bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq", "123"),
    "datetime": ("2024-02-29T23:59:59.123+01:00", "2023-02-29T00:00:00Z"),
    "did": ("did:web:alice.test", "did:"),
    "handle": ("alice.test", "alice"),
    "language": ("pt-BR", "123"),
    "nsid": ("com.example.thing", "thing"),
    "record-key": ("self", "."),
    "tid": ("3kznmn7xqxl22", "000"),
    "uri": ("dns:example.com", "123"),
}

PARSERS = {
    "at-identifier": AtIdentifier.parse,
    "at-uri": AtUri.parse,
    "datetime": Datetime.parse,
    "did": Did.parse,
    "language": Language.parse,
}


def test_every_format_of_the_language_is_known() -> None:
    """Eleven, by name."""
    assert set(FORMATS) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_string_of_the_format_passes(name: str) -> None:
    """Each check returns nothing for its own kind."""
    FORMATS[name](EXAMPLES[name][0])


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_string_of_another_kind_is_refused(name: str) -> None:
    """The error names the format."""
    with pytest.raises(InvalidData) as caught:
        FORMATS[name](EXAMPLES[name][1])

    assert (caught.value.rule, caught.value.expected) == ("format", name)
    assert caught.value.problem == f"must be a valid {name}"


@pytest.mark.parametrize("name", USUAL)
def test_what_the_shortcut_takes_the_parser_takes(name: str) -> None:
    """Otherwise the shortcut would be a second, laxer grammar."""

    @settings(max_examples=100, deadline=None)
    @given(st.from_regex(USUAL[name], fullmatch=True))
    def holds(text: str) -> None:
        assert PARSERS[name](text) == text

    holds()


@pytest.mark.parametrize("name", USUAL)
def test_a_newline_at_the_end_is_not_overlooked(name: str) -> None:
    """A dollar sign in a pattern would overlook it."""
    usual = {"language": "en", "datetime": "2024-10-30T22:25:23Z"}.get(name, "did:plc:" + "a" * 24)

    with pytest.raises(InvalidData):
        FORMATS[name](usual + "\n")


@pytest.mark.parametrize("day", ["01-31", "02-28", "04-30", "12-31", "02-29"])
def test_the_last_day_of_a_month_is_a_day(day: str) -> None:
    """Leap days go the long way."""
    FORMATS["datetime"](f"2024-{day}T00:00:00Z")


@pytest.mark.parametrize("day", ["02-30", "04-31", "06-31", "09-31", "11-31", "00-01", "13-01", "01-00", "01-32"])
def test_the_day_after_the_last_is_none(day: str) -> None:
    """The calendar is checked, in the shortcut too."""
    with pytest.raises(InvalidData):
        FORMATS["datetime"](f"2024-{day}T00:00:00Z")
