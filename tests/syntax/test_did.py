"""DIDs: the published vectors, and what they leave open."""

import pytest

from roost.syntax import AtIdentifier, Did, InvalidSyntax
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every DID that the protocol calls valid is one."""
    vectors = text_vectors("syntax/did_syntax_valid.txt")

    assert vectors == accepted(Did.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid DID is one."""
    vectors = text_vectors("syntax/did_syntax_invalid.txt")

    assert accepted(Did.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Did.parse(raw)


def test_a_newline_at_the_end_is_refused() -> None:
    """A pattern's `$` would let one through."""
    with pytest.raises(InvalidSyntax):
        Did.parse("did:plc:abc\n")


def test_a_did_longer_than_2048_characters_is_refused() -> None:
    """The limit is on the whole text."""
    assert len(Did.parse("did:a:" + "b" * 2042)) == 2048

    with pytest.raises(InvalidSyntax):
        Did.parse("did:a:" + "b" * 2043)


def test_method() -> None:
    """A DID says by which method it is resolved."""
    assert Did.parse("did:web:example.com").method == "web"


def test_a_did_is_a_string_and_an_at_identifier() -> None:
    """Inside the server it goes wherever its text goes."""
    did = Did.parse("did:plc:abc")

    assert did == "did:plc:abc"
    assert isinstance(did, AtIdentifier)
