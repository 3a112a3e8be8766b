"""The JSON form of the data model."""

import pytest
from hypothesis import given

from roost.data import json
from roost.data.cid import Cid
from roost.data.errors import InvalidValue
from roost.data.value import MAX_DEPTH, MAX_INT, Value, check
from roost.syntax import Did
from support.interop import json_vectors
from support.values import VALUES

_LINK = "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"
_BLOB: dict[str, object] = {"$type": "blob", "ref": {"$link": _LINK}, "mimeType": "image/jpeg", "size": 10_000}


def _reserved(value: Value) -> bool:
    """Whether a map somewhere uses a key that has a meaning in JSON."""
    if isinstance(value, list):
        return any(_reserved(item) for item in value)
    if isinstance(value, dict):
        return any(key.startswith("$") or _reserved(item) for key, item in value.items())
    return False


@given(VALUES.filter(lambda value: not _reserved(value)))
def test_a_value_survives_json(value: Value) -> None:
    """The types too: links come back as links, and bytes as bytes."""
    assert repr(json.loads(json.dumps(value))) == repr(value)


@given(VALUES)
def test_both_ways_of_writing_agree(value: Value) -> None:
    """Text written at once is the text of the JSON value."""
    assert json.dumps(value) == json.dumps(json.to_json(value))  # type: ignore[arg-type]  # JSON values are values


def test_valid_vectors() -> None:
    """What the protocol calls a valid value is one."""
    for vector in json_vectors("data-model/data-model-valid.json"):
        check(json.object_from_json(vector["json"]))


def test_invalid_vectors() -> None:
    """What the protocol calls an invalid value is none."""
    for vector in json_vectors("data-model/data-model-invalid.json"):
        with pytest.raises(InvalidValue):
            json.object_from_json(vector["json"])


@pytest.mark.parametrize("text", ["1.0", "1e0", "10e-1"])
def test_whole_floats_are_integers(text: str) -> None:
    """JSON has one kind of number, and some writers put a point in every one."""
    value = json.loads(text)

    assert (value, type(value)) == (1, int)


def test_a_link() -> None:
    """A link is a CID, and nothing else stands in its object."""
    assert json.from_json({"$link": _LINK}) == Cid.parse(_LINK)


@pytest.mark.parametrize(
    ("text", "raw"), [("", b""), ("YQ", b"a"), ("YQ==", b"a"), ("+/8", b"\xfb\xff"), ("YWFh", b"aaa")]
)
def test_bytes_with_and_without_padding(text: str, raw: bytes) -> None:
    """Both are read; without padding is what we write."""
    assert json.from_json({"$bytes": text}) == raw
    assert json.to_json(raw) == {"$bytes": text.rstrip("=")}


@pytest.mark.parametrize(
    "text", ["Y", "YQ=", "YQ===", "Y=Q=", "-_8", "Y Q", "YQ\n", "\N{SNOWMAN}", "=", None, 1, [], {"$link": _LINK}]
)
def test_bytes_that_are_not_base64_are_refused(text: object) -> None:
    """The standard alphabet, no spaces, and padding in its place or not at all."""
    with pytest.raises(InvalidValue):
        json.from_json({"$bytes": text})


@pytest.mark.parametrize(
    "raw",
    [
        {"$link": _LINK, "$bytes": "YQ"},
        {"$link": _LINK, "a": 1},
        {"$link": None},
        {"$link": _LINK.upper()},
        {"$link": [_LINK]},
    ],
)
def test_links_that_are_not_links_are_refused(raw: object) -> None:
    """The `$` keys are the protocol's, so a near miss is an error and not a map."""
    with pytest.raises(InvalidValue):
        json.from_json([raw])


def test_a_blob() -> None:
    """A blob is a map in which the ref is a link."""
    assert json.from_json(_BLOB) == {**_BLOB, "ref": Cid.parse(_LINK)}


@pytest.mark.parametrize(
    "change",
    [
        {"ref": _LINK},
        {"ref": {"$link": str(Cid.of_cbor(b""))}},
        {"ref": None},
        {"mimeType": ""},
        {"mimeType": 1},
        {"mimeType": None},
        {"size": -1},
        {"size": 1.5},
        {"size": "1"},
        {"size": True},
        {"extra": 1},
    ],
)
def test_blobs_that_are_not_blobs_are_refused(change: dict[str, object]) -> None:
    """What calls itself a blob must say which bytes, of which type and size, and nothing more."""
    with pytest.raises(InvalidValue):
        json.from_json({"deep": [_BLOB | change]})


@pytest.mark.parametrize("kind", ["", None, 1, True, {}, []])
def test_a_type_that_is_no_name_is_refused(kind: object) -> None:
    """Wherever a `$type` stands, it is text."""
    with pytest.raises(InvalidValue):
        json.from_json({"deep": {"$type": kind}})


def _nested(depth: int) -> object:
    value: object = "leaf"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "raw",
    [
        1.5,
        1e20,
        float("inf"),
        float("nan"),
        MAX_INT + 1,
        float(MAX_INT + 1),
        "\ud800",
        {"\ud800": 1},
        dict.fromkeys(["\ud83d", "\ude00"], 1),
        {"a\0": 1},
        {1: 1},
        (1,),
        b"bytes",
        _nested(MAX_DEPTH + 1),
        _nested(900),
    ],
)
def test_what_the_data_model_lacks_is_refused(raw: object) -> None:
    """JSON can say more than a record can hold."""
    with pytest.raises(InvalidValue):
        json.from_json({"a": raw})


def test_the_depth_limit_itself_passes() -> None:
    """A limit is the last thing allowed."""
    assert json.from_json(_nested(MAX_DEPTH)) == _nested(MAX_DEPTH)


def test_identifiers_are_text() -> None:
    """A value made inside the server may hold identifiers as they are."""
    assert json.from_json({"did": Did.parse("did:plc:abc")}) == {"did": "did:plc:abc"}


@pytest.mark.parametrize(
    "text", [b"", b"{", b"nul", b"NaN", b"1 2", b'{"a":1,}', b"\xff", b'"\\ud800"', b"[" * 100_000]
)
def test_text_that_is_not_json_is_refused(text: bytes) -> None:
    """The parser's own errors, its limit on nesting among them, come out by our name."""
    with pytest.raises(InvalidValue):
        json.loads(text)


def test_the_message_says_where() -> None:
    """Somebody with a large record can find the part that is wrong."""
    with pytest.raises(InvalidValue, match="at embed/images/1/size"):
        json.from_json({"embed": {"images": [{}, {"size": 1.5}]}})
