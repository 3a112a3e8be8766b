"""The checks of the types that hold no other schema."""

import pytest
import regex  # type: ignore[import-untyped]  # it ships no type information
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.lexicon import leaves
from roost.lexicon.defs import Blob, Boolean, Bytes, Integer, String
from roost.lexicon.errors import InvalidData
from roost.lexicon.leaves import Check

LINK = Cid.of_raw(b"blob")
FAMILY = "👩‍👩‍👦‍👦"
"""One grapheme of seven code points and 25 bytes."""


def refusal(check: Check, value: object) -> InvalidData:
    """Return the error of a check that does not pass."""
    with pytest.raises(InvalidData) as caught:
        check(value)
    return caught.value


def assert_refused(check: Check, value: object, rule: str, expected: object, problem: str) -> None:
    """Compare all that an error says."""
    wrong = refusal(check, value)
    assert (wrong.rule, wrong.expected, wrong.problem) == (rule, expected, problem)


def test_booleans_are_true_and_false() -> None:
    """One is not true."""
    check = leaves.boolean(Boolean())

    check(True)
    check(False)
    assert_refused(check, 1, "type", "boolean", "must be a boolean")


def test_a_boolean_may_be_fixed() -> None:
    """False is a constant like any."""
    leaves.boolean(Boolean(const=False))(False)
    assert_refused(leaves.boolean(Boolean(const=False)), True, "const", False, "must be false")


@pytest.mark.parametrize("value", [True, "1", 1.5, 1.0, [], {}])
def test_integers_of_the_data_model_are_ints(value: object) -> None:
    """True is not one, and no float exists."""
    assert_refused(leaves.integer(Integer(), "data"), value, "type", "integer", "must be an integer")


def test_a_whole_number_in_json_is_an_integer_however_written() -> None:
    """JSON has one type for numbers; 1.0 and 1e3 are whole."""
    check = leaves.integer(Integer(maximum=1000), "json")

    check(1.0)
    check(1e3)
    assert refusal(check, 1e4).rule == "maximum"
    assert refusal(check, 1.5).rule == "type"
    assert refusal(check, float("inf")).rule == "type"
    assert refusal(check, float("nan")).rule == "type"


def test_integers_have_bounds() -> None:
    """Both are inclusive."""
    check = leaves.integer(Integer(minimum=10, maximum=20), "data")

    check(10)
    check(20)
    assert_refused(check, 9, "minimum", 10, "can not be less than 10")
    assert_refused(check, 21, "maximum", 20, "can not be greater than 20")


@pytest.mark.parametrize("value", [2**53, -(2**53), 10**400])
def test_integers_have_53_bits(value: int) -> None:
    """More is not exact everywhere."""
    assert refusal(leaves.integer(Integer(), "data"), value).rule in ("minimum", "maximum")


def test_an_integer_may_be_fixed_or_one_of_a_few() -> None:
    """Zero is a constant like any."""
    assert_refused(leaves.integer(Integer(const=0), "data"), 1, "const", 0, "must be 0")
    assert_refused(leaves.integer(Integer(enum=(4, 9)), "data"), 5, "enum", (4, 9), "must be one of (4|9)")


@pytest.mark.parametrize("schema", [String(), String(max_length=5), String(max_length=5, min_length=1)])
def test_only_text_is_a_string(schema: String) -> None:
    """With any number of constraints."""
    check = leaves.string(schema)

    check("text")
    assert_refused(check, 2, "type", "string", "must be a string")
    assert_refused(check, b"text", "type", "string", "must be a string")


def test_null_is_told_apart_from_other_wrong_types() -> None:
    """A client that sends null for absent sees why."""
    assert_refused(leaves.string(String()), None, "nullable", "string", "must be a string, not null")


def test_length_counts_bytes_of_utf_8() -> None:
    """Neither code points nor UTF-16."""
    check = leaves.string(String(min_length=4, max_length=8))

    check("éé")
    check("🙂🙂")
    assert_refused(check, "abc", "minLength", 4, "must not be shorter than 4 characters")
    assert_refused(check, "🙂🙂a", "maxLength", 8, "must not be longer than 8 characters")
    assert_refused(check, "ééééé", "maxLength", 8, "must not be longer than 8 characters")


def test_graphemes_are_what_a_person_counts() -> None:
    """A family is one."""
    check = leaves.string(String(min_graphemes=2, max_graphemes=3))

    check(FAMILY * 3)
    check("e\u0301e\u0301")
    assert_refused(check, FAMILY, "minGraphemes", 2, "must not be shorter than 2 graphemes")
    assert_refused(check, FAMILY * 4, "maxGraphemes", 3, "must not be longer than 3 graphemes")
    assert_refused(check, "", "minGraphemes", 2, "must not be shorter than 2 graphemes")


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("a\r\n\u0301é\u200d👩🇩🇪한"), max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_the_shortcuts_of_lengths_agree_with_counting(text: str, low: int, high: int) -> None:
    """Graphemes and bytes are only counted when it matters; the verdict is that of counting always."""
    graphemes, size = len(regex.findall(r"\X", text)), len(text.encode())

    def passes(schema: String) -> bool:
        try:
            leaves.string(schema)(text)
        except InvalidData:
            return False
        return True

    assert passes(String(min_graphemes=low)) == (graphemes >= low)
    assert passes(String(max_graphemes=high)) == (graphemes <= high)
    assert passes(String(min_length=low)) == (size >= low)
    assert passes(String(max_length=high)) == (size <= high)


def test_a_lone_surrogate_has_a_length() -> None:
    """It is for the data model to refuse, not for a length to crash on."""
    assert leaves.utf8_length("\ud800") == 3


def test_a_string_may_be_fixed_or_one_of_a_few() -> None:
    """Known values, though, are only suggestions."""
    leaves.string(String(known_values=("red",)))("blue")
    assert_refused(leaves.string(String(const="a")), "b", "const", "a", "must be a")
    assert_refused(leaves.string(String(enum=("a", "b"))), "c", "enum", ("a", "b"), "must be one of (a|b)")


def test_a_string_may_have_a_format() -> None:
    """The format's own error comes through."""
    assert_refused(leaves.string(String(format="tid")), "self", "format", "tid", "must be a valid tid")


def test_bytes_are_bytes_but_a_link_is_not() -> None:
    """Although a Cid is made of bytes."""
    check = leaves.byte_string(Bytes(min_length=2, max_length=3), "data")

    check(b"12")
    assert_refused(check, b"1", "minLength", 2, "must not be smaller than 2 bytes")
    assert_refused(check, b"1234", "maxLength", 3, "must not be larger than 3 bytes")
    assert_refused(check, LINK, "type", "bytes", "must be a byte array")
    assert_refused(check, {"$bytes": "MTI"}, "type", "bytes", "must be a byte array")


def test_bytes_in_json_are_base64_with_or_without_padding() -> None:
    """Their length is that of what is encoded."""
    check = leaves.byte_string(Bytes(max_length=2), "json")

    check({"$bytes": "MTI"})
    check({"$bytes": "MTI="})
    assert refusal(check, {"$bytes": "MTIz"}).rule == "maxLength"


@pytest.mark.parametrize(
    "value", [{}, {"bytes": "MTI"}, {"$bytes": 1}, {"$bytes": "M"}, {"$bytes": "-_"}, {"$bytes": "MTI", "a": 1}, "MTI"]
)
def test_other_json_is_not_bytes(value: object) -> None:
    """Exactly one key, and the standard alphabet."""
    assert refusal(leaves.byte_string(Bytes(), "json"), value).rule == "type"


def test_links_are_cids_in_data_and_objects_in_json() -> None:
    """Each form refuses the other's."""
    leaves.cid_link("data")(LINK)
    leaves.cid_link("json")({"$link": str(LINK)})
    assert_refused(leaves.cid_link("data"), {"$link": str(LINK)}, "type", "cid-link", "must be a CID link")
    assert_refused(leaves.cid_link("data"), bytes(LINK), "type", "cid-link", "must be a CID link")
    assert_refused(leaves.cid_link("json"), str(LINK), "type", "cid-link", "must be a CID link")
    assert_refused(leaves.cid_link("json"), {"$link": "green"}, "type", "cid-link", "must be a CID link")


def a_blob(**changes: object) -> dict[str, object]:
    """Write a valid blob, or one that differs in a field."""
    return {"$type": "blob", "ref": LINK, "mimeType": "image/png", "size": 20, **changes}


def test_a_blob_is_a_typed_object_with_link_media_type_and_size() -> None:
    """In both forms."""
    leaves.blob(Blob(), "data")(a_blob())
    leaves.blob(Blob(), "json")(a_blob(ref={"$link": str(LINK)}))


@pytest.mark.parametrize(
    "value",
    [
        "green",
        {"cid": str(LINK), "mimeType": "image/png"},
        a_blob(**{"$type": "bolb"}),
        a_blob(ref=str(LINK)),
        a_blob(mimeType=""),
        a_blob(mimeType=False),
        a_blob(size=-1),
        a_blob(size=True),
        a_blob(size=1.5),
    ],
)
def test_anything_else_is_not_a_blob(value: object) -> None:
    """The legacy form without `$type` included."""
    assert_refused(leaves.blob(Blob(), "data"), value, "type", "blob", "must be a blob")


def test_a_blob_must_not_declare_too_much() -> None:
    """The declared size counts; the real one is checked where the bytes are."""
    leaves.blob(Blob(max_size=20), "data")(a_blob())
    assert_refused(leaves.blob(Blob(max_size=19), "data"), a_blob(), "maxSize", 19, "must not be larger than 19 bytes")


def test_a_blob_must_be_of_an_accepted_type() -> None:
    """The error says which are."""
    assert_refused(
        leaves.blob(Blob(accept=("image/jpeg", "text/*")), "data"),
        a_blob(),
        "accept",
        ("image/jpeg", "text/*"),
        "must be of the type image/jpeg or text/*, not image/png",
    )


@pytest.mark.parametrize(
    ("pattern", "media_type", "matches"),
    [
        ("*/*", "image/png", True),
        ("image/*", "image/png", True),
        ("image/*", "imagex/png", False),
        ("image/png", "image/png", True),
        ("image/png", "IMAGE/PNG", True),
        ("text/plain", "text/plain; charset=utf-8", True),
        ("image/png", "image/png2", False),
    ],
)
def test_media_types_match_patterns(pattern: str, media_type: str, *, matches: bool) -> None:
    """Without regard to case or parameters."""
    assert leaves.accepts((pattern,), media_type) == matches


def test_unknown_is_any_object() -> None:
    """Of a type or of none."""
    check = leaves.unknown("data")

    check({})
    check({"$type": "com.example.thing", "x": [1]})
    assert_refused(check, [], "type", "object", "must be an object")
    assert_refused(check, b"", "type", "object", "must be an object")


@pytest.mark.parametrize("value", [{"$bytes": "MTI"}, {"$link": str(LINK)}, a_blob()])
def test_unknown_is_not_an_object_that_stands_for_another_type(value: object) -> None:
    """Links, bytes and blobs only look like objects."""
    assert refusal(leaves.unknown("json"), value).rule == "type"
