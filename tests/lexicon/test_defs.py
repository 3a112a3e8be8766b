"""Definitions are plain values."""

import dataclasses

import pytest

from roost.lexicon.defs import Integer, Object, Ref, Union


def test_definitions_compare_by_value() -> None:
    """Two documents that say the same yield equal definitions."""
    assert Object({"a": Integer(minimum=1)}) == Object({"a": Integer(minimum=1)})


def test_definitions_cannot_be_changed() -> None:
    """A catalog hands its definitions out."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Ref("com.example.thing").ref = "com.example.other"  # type: ignore[misc]  # what mypy refuses, Python must too


def test_unions_are_open_unless_they_say_otherwise() -> None:
    """The language's default."""
    assert Union(("com.example.thing",)).closed is False
