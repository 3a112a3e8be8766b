"""URIs: the published vectors, and what they leave open."""

import pytest

from roost.syntax import InvalidSyntax, Uri
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every URI that the protocol calls valid is one."""
    vectors = text_vectors("syntax/uri_syntax_valid.txt")

    assert vectors == accepted(Uri.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid URI is one."""
    vectors = text_vectors("syntax/uri_syntax_invalid.txt")

    assert accepted(Uri.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Uri.parse(raw)


def test_every_kind_of_space_is_refused() -> None:
    """Unicode has spaces that ASCII does not."""
    with pytest.raises(InvalidSyntax):
        Uri.parse("https://example.com/a\N{NO-BREAK SPACE}b")


def test_the_limit_counts_bytes() -> None:
    """Eight kilobytes are fewer than eight thousand letters when the letters are not ASCII."""
    with pytest.raises(InvalidSyntax):
        Uri.parse("https://example.com/" + "\N{SNOWMAN}" * 3000)
