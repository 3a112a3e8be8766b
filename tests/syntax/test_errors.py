"""The error of every identifier."""

import pytest

from roost.syntax import InvalidSyntax, RecordKey


def test_the_message_names_the_kind_and_the_text() -> None:
    """Whoever sent a bad identifier can see which one, and what it was taken for."""
    error = InvalidSyntax("did", "did:x", "too short")

    assert str(error) == "not a valid did: 'did:x' (too short)"
    assert (error.kind, error.raw) == ("did", "did:x")


def test_a_huge_text_is_cut_in_the_message() -> None:
    """An answer does not repeat a megabyte of somebody's nonsense."""
    with pytest.raises(InvalidSyntax) as caught:
        RecordKey.parse("!" * 1_000_000)

    assert len(str(caught.value)) < 200
