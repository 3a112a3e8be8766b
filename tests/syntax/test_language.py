"""language tags: the published vectors, and what they leave open."""

import pytest

from roost.syntax import InvalidSyntax, Language
from support.interop import accepted, text_vectors


def test_valid_vectors() -> None:
    """Every language tag that the protocol calls valid is one."""
    vectors = text_vectors("syntax/language_syntax_valid.txt")

    assert vectors == accepted(Language.parse, vectors)


def test_invalid_vectors() -> None:
    """Nothing that the protocol calls an invalid language tag is one."""
    vectors = text_vectors("syntax/language_syntax_invalid.txt")

    assert accepted(Language.parse, vectors) == []


@pytest.mark.parametrize("raw", [None, 1, b"bytes", ["list"], "", " ", "\0"])
def test_other_types_and_emptiness_are_refused(raw: object) -> None:
    """What is not text, or says nothing, is refused by name and never with a TypeError."""
    with pytest.raises(InvalidSyntax):
        Language.parse(raw)


def test_repeated_subtags_are_refused() -> None:
    """Every tag that is well-formed but repeats a variant or an extension is refused."""
    assert accepted(Language.parse, text_vectors("syntax/language_parse_invalid.txt")) == []


@pytest.mark.parametrize("raw", ["en-GB-oed", "i-klingon", "sgn-CH-DE", "zh-min-nan", "art-lojban"])
def test_grandfathered_tags(raw: str) -> None:
    """The old tags that the RFC lists are tags still."""
    assert Language.parse(raw) == raw
