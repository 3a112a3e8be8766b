"""record keys: the published vectors, and what they leave open."""

import pytest

from roost.syntax import InvalidSyntax, RecordKey
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every record key that the protocol calls valid is one."""
    vectors = text_vectors("syntax/recordkey_syntax_valid.txt")

    assert vectors == accepted(RecordKey.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid record key is one."""
    vectors = text_vectors("syntax/recordkey_syntax_invalid.txt")

    assert accepted(RecordKey.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        RecordKey.parse(raw)


@pytest.mark.parametrize("raw", [".", "..", "a\n", "a/b", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_what_a_path_would_mistake_is_refused(raw: str) -> None:
    """A record key is a segment of a path and of a URL."""
    with pytest.raises(InvalidSyntax):
        RecordKey.parse(raw)
