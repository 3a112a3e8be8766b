"""NSIDs: the published vectors, and what they leave open."""

import pytest

from roost.syntax import InvalidSyntax, Nsid
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every NSID that the protocol calls valid is one."""
    vectors = text_vectors("syntax/nsid_syntax_valid.txt")

    assert vectors == accepted(Nsid.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid NSID is one."""
    vectors = text_vectors("syntax/nsid_syntax_invalid.txt")

    assert accepted(Nsid.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Nsid.parse(raw)


def test_authority_and_name() -> None:
    """An NSID is a domain name backwards, then a name."""
    nsid = Nsid.parse("app.bsky.feed.getTimeline")

    assert (nsid.authority, nsid.name) == ("feed.bsky.app", "getTimeline")


def test_a_newline_at_the_end_is_refused() -> None:
    """A pattern's `$` would let one through."""
    with pytest.raises(InvalidSyntax):
        Nsid.parse("com.example.record\n")
