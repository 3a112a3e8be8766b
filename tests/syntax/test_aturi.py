"""AT URIs: the published vectors, and what they leave open."""

import pytest

from roost.syntax import AtUri, Did, InvalidSyntax
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every AT URI that the protocol calls valid is one."""
    vectors = text_vectors("syntax/aturi_syntax_valid.txt")

    assert vectors == accepted(AtUri.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid AT URI is one."""
    vectors = text_vectors("syntax/aturi_syntax_invalid.txt")

    assert accepted(AtUri.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        AtUri.parse(raw)


def test_the_parts_of_a_records_uri() -> None:
    """A record's URI says whose it is, of which kind, and which one."""
    uri = AtUri.parse("at://did:plc:abc/com.example.record/key:1")

    assert (uri.authority, uri.collection, uri.rkey) == ("did:plc:abc", "com.example.record", "key:1")
    assert isinstance(uri.authority, Did)


@pytest.mark.parametrize(
    ("raw", "collection"), [("at://alice.test", None), ("at://alice.test/com.example.record", "com.example.record")]
)
def test_parts_that_are_absent_are_none(raw: str, collection: str | None) -> None:
    """A shorter URI names a collection or a repository."""
    uri = AtUri.parse(raw)

    assert (uri.authority, uri.collection, uri.rkey) == ("alice.test", collection, None)


@pytest.mark.parametrize("raw", ["at://alice.test", "at://alice.test/a.b.c", "at://did:a:b/a.b.c/self"])
def test_of_puts_the_parts_together_again(raw: str) -> None:
    """Taking a URI apart and making one of its parts gives the same text."""
    uri = AtUri.parse(raw)

    assert AtUri.of(uri.authority, uri.collection, uri.rkey) == raw


def test_a_newline_at_the_end_is_refused() -> None:
    """A pattern's `$` would let one through."""
    with pytest.raises(InvalidSyntax):
        AtUri.parse("at://alice.test\n")
