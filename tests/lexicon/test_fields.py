"""Reading the fields of a JSON object."""

from collections.abc import Callable

import pytest

from roost.lexicon.errors import InvalidLexicon
from roost.lexicon.fields import Fields


def fields(**raw: object) -> Fields:
    """Stand somewhere in a document."""
    return Fields.of(raw, ("defs", "main"))


def test_absent_fields_are_none_or_empty() -> None:
    """Absence is no error where a field is optional."""
    nothing = fields()

    assert (nothing.text("a"), nothing.number("a"), nothing.size("a"), nothing.flag("a")) == (None, None, None, None)
    assert (nothing.texts("a"), nothing.numbers("a"), list(nothing.elements("a")), nothing.words("a")) == (
        (),
        (),
        [],
        {},
    )
    assert not nothing.has("a")


def test_present_fields_are_returned() -> None:
    """False, zero and the empty string are values."""
    some = fields(t="", n=0, f=False, ts=["x"], ns=[1], w={"en": "word"})

    assert (some.text("t"), some.number("n"), some.flag("f")) == ("", 0, False)
    assert (some.texts("ts"), some.numbers("ns"), some.words("w")) == (("x",), (1,), {"en": "word"})


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (lambda f: f.text("x"), "must be a string"),
        (lambda f: f.needed_text("x"), "must be a string"),
        (lambda f: f.number("x"), "must be an integer"),
        (lambda f: f.size("x"), "must be an integer"),
        (lambda f: f.flag("x"), "must be a boolean"),
        (lambda f: f.texts("x"), "must be an array"),
        (lambda f: f.child("x"), "must be an object"),
        (lambda f: list(f.elements("x")), "must be an array"),
    ],
)
@pytest.mark.parametrize("value", [None, 1.5])
def test_a_field_of_the_wrong_type_is_named(read: Callable[[Fields], object], why: str, value: object) -> None:
    """Null is a wrong type too: the language has no nulls in documents."""
    with pytest.raises(InvalidLexicon) as caught:
        read(fields(x=value))

    assert (caught.value.path, caught.value.why) == (("defs", "main", "x"), why)


def test_true_is_not_an_integer() -> None:
    """Python thinks it is."""
    with pytest.raises(InvalidLexicon, match="must be an integer"):
        fields(x=True).number("x")
    with pytest.raises(InvalidLexicon, match="must be an array of integers"):
        fields(x=[True]).numbers("x")


def test_sizes_are_not_negative() -> None:
    """A length below nothing cannot be met."""
    with pytest.raises(InvalidLexicon, match="must not be negative"):
        fields(x=-1).size("x")


def test_an_element_of_the_wrong_type_has_its_position() -> None:
    """An author finds it in a long list."""
    with pytest.raises(InvalidLexicon) as caught:
        list(fields(x=[{}, 1]).elements("x"))

    assert caught.value.path == ("defs", "main", "x", 1)


def test_a_missing_child_is_named() -> None:
    """Only children are ever required to be objects."""
    with pytest.raises(InvalidLexicon, match="defs/main/x is missing"):
        fields().child("x")


def test_members_are_the_named_objects() -> None:
    """For `defs` and `properties`, whose names are free."""
    assert [(name, inner.path) for name, inner in fields(a={}, b={}).members()] == [
        ("a", ("defs", "main", "a")),
        ("b", ("defs", "main", "b")),
    ]


def test_keys_that_are_not_strings_are_refused() -> None:
    """JSON has none, but a document may come from elsewhere."""
    with pytest.raises(InvalidLexicon, match="strings for keys"):
        list(Fields.of({1: {}}, ()).members())
