"""The reserved words."""

from __future__ import annotations

from roost.identity.reserved import RESERVED_WORDS
from roost.syntax import Handle


def test_protocol_words_are_reserved() -> None:
    """Every word of the protocol that the reference reserves is here too (7.4)."""
    words = "at atp plc pds did repo tid nsid xrpc lex lexicon bsky bluesky handle about www"

    assert set(words.split()) <= RESERVED_WORDS


def test_every_word_could_be_a_label() -> None:
    """A word no handle can have would be a slip of the pen."""
    assert [word for word in RESERVED_WORDS if Handle.parse(f"{word}.test") != f"{word}.test"] == []


def test_there_are_enough() -> None:
    """Hosts, roles, pages and famous names together are some hundreds."""
    assert len(RESERVED_WORDS) > 400
