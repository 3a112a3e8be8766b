"""handles: the published vectors, and what they leave open."""

import pytest

from roost.syntax import Handle, InvalidSyntax
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every handle that the protocol calls valid is one."""
    vectors = text_vectors("syntax/handle_syntax_valid.txt")

    assert vectors == accepted(Handle.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid handle is one."""
    vectors = text_vectors("syntax/handle_syntax_invalid.txt")

    assert accepted(Handle.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Handle.parse(raw)


def test_a_handle_is_kept_in_lower_case() -> None:
    """Domain names ignore case, so one spelling is kept."""
    assert Handle.parse("Alice.Example.COM") == "alice.example.com"


@pytest.mark.parametrize(
    "raw", ["\N{KELVIN SIGN}elvin.test", "alice.test\n", "\N{FULLWIDTH LATIN SMALL LETTER A}lice.test"]
)
def test_letters_that_only_look_like_ascii_are_refused(raw: str) -> None:
    """Lower-casing before the check would turn the Kelvin sign into a `k`, and one account's handle into another's."""
    with pytest.raises(InvalidSyntax):
        Handle.parse(raw)


def test_tld() -> None:
    """The last label decides whether a handle may be used at all."""
    assert Handle.parse("alice.example.INVALID").tld == "invalid"
