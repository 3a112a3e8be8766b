"""at-identifiers: the published vectors, and what they leave open."""

import pytest

from roost.syntax import AtIdentifier, Did, Handle, InvalidSyntax
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every at-identifier that the protocol calls valid is one."""
    vectors = text_vectors("syntax/atidentifier_syntax_valid.txt")

    assert vectors == accepted(AtIdentifier.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid at-identifier is one."""
    vectors = text_vectors("syntax/atidentifier_syntax_invalid.txt")

    assert accepted(AtIdentifier.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        AtIdentifier.parse(raw)


def test_it_is_a_did_or_a_handle() -> None:
    """The text decides which of the two types comes out."""
    assert type(AtIdentifier.parse("did:plc:abc")) is Did
    assert type(AtIdentifier.parse("Alice.Test")) is Handle


def test_a_broken_did_is_not_tried_as_a_handle() -> None:
    """The error is about the DID that was meant."""
    with pytest.raises(InvalidSyntax) as caught:
        AtIdentifier.parse("did:plc")

    assert caught.value.kind == "did"
