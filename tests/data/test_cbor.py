"""DAG-CBOR: the fast way, the slow way and libipld agree; nothing but the one encoding is read."""

from base64 import b64decode

import libipld
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roost.data import cbor, json
from roost.data.cid import Cid
from roost.data.errors import InvalidCbor, InvalidValue
from roost.data.value import Value
from roost.syntax import Did
from support.interop import json_vectors
from support.values import VALUES, WITHOUT_BYTES, damaged

_CID = Cid.of_cbor(b"\xf6")


@given(WITHOUT_BYTES)
def test_libipld_agrees(value: Value) -> None:
    """Without plain bytes there is a second implementation to compare with."""
    assert cbor.encode_slowly(value) == libipld.encode_dag_cbor(value)


@given(VALUES)
@example([bytes(_CID), _CID])
def test_both_ways_of_encoding_agree(value: Value) -> None:
    """The fast way is only taken where it is right."""
    assert cbor.encode(value) == cbor.encode_slowly(value)


@given(VALUES)
def test_decoding_gives_the_value_back(value: Value) -> None:
    """The types too: a link comes back as a link, and bytes as bytes."""
    decoded = cbor.decode(cbor.encode(value))

    assert decoded == value
    assert repr(decoded) == repr(_in_key_order(value))


def _in_key_order(value: Value) -> Value:
    if isinstance(value, list):
        return [_in_key_order(item) for item in value]
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _in_key_order(value[key]) for key in keys}
    return value


@pytest.mark.parametrize("raw", [bytes(_CID), bytes(Cid.of_raw(b"")), bytes((18, 32)) + _CID.digest])
def test_bytes_that_look_like_a_cid_stay_bytes(raw: bytes) -> None:
    """libipld would write a user's 36 bytes as a link; we do not, or the record that is read is not the one written."""
    assert libipld.encode_dag_cbor({"a": raw}).startswith(b"\xa1aa\xd8\x2a")

    assert cbor.encode({"a": raw}) == b"\xa1aa" + cbor.head(2, len(raw)) + raw


def test_published_values() -> None:
    """Each published JSON value has the published bytes and CID, and its bytes give the JSON back."""
    for vector in json_vectors("data-model/data-model-fixtures.json"):
        value = json.from_json(vector["json"])
        expected = b64decode(str(vector["cbor_base64"]) + "==")

        assert cbor.encode(value) == expected
        assert str(Cid.of_cbor(expected)) == vector["cid"]
        assert json.to_json(cbor.decode(expected)) == vector["json"]


def test_identifiers_are_text() -> None:
    """What is text inside the server is text on the wire, as a value and as a key, beside a link and without."""
    did = Did.parse("did:plc:abc")

    assert cbor.encode({did: did}) == b"\xa1kdid:plc:abckdid:plc:abc"
    assert cbor.encode([did, _CID]) == cbor.encode(["did:plc:abc", _CID])


@given(st.integers(0, 7), st.integers(0, 2**64 - 1))
@example(0, 23)
@example(0, 24)
@example(0, 255)
@example(0, 256)
@example(0, 65535)
@example(0, 65536)
@example(0, 2**32 - 1)
@example(0, 2**32)
def test_head_is_the_shortest(major: int, n: int) -> None:
    """A head says its number in the fewest bytes."""
    size = 0 if n < 24 else 1 if n < 2**8 else 2 if n < 2**16 else 4 if n < 2**32 else 8

    head = cbor.head(major, n)

    assert len(head) == 1 + size
    assert head[0] >> 5 == major
    assert (int.from_bytes(head[1:], "big") if size else head[0] & 31) == n


@given(st.integers(-(2**64), 2**64 - 1))
def test_64_bit_integers_can_be_read(number: int) -> None:
    """A foreign block with a wide integer can still be verified; keeping it out of new records is another check."""
    assert cbor.decode(cbor.encode(number)) == number


@pytest.mark.parametrize(
    "value", [1.0, [0.5], float("nan"), "\ud800", {"\ud800": 1}, {1: 1}, 2**64, -(2**64) - 1, (1,), bytearray(b"x")]
)
def test_what_has_no_encoding_is_refused(value: object) -> None:
    """An error by name, never libipld's own."""
    with pytest.raises(InvalidValue):
        cbor.encode(value)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("leaf", ["", 0.5, _CID, b"bytes"])
def test_encoding_a_bottomless_value_is_refused(leaf: object) -> None:
    """Nesting ends in an error by name, never in a RecursionError."""
    value = leaf
    for _ in range(100_000):
        value = [value]

    with pytest.raises(InvalidValue):
        cbor.encode(value)  # type: ignore[arg-type]  # mypy does not see the leaf through the loop


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "ends in the middle"),
        ("18", "ends in the middle"),
        ("6161ff", "after the value"),
        ("0000", "after the value"),
        ("1817", "shortest"),
        ("1800", "shortest"),
        ("190017", "shortest"),
        ("1900ff", "shortest"),
        ("1a0000ffff", "shortest"),
        ("1b00000000ffffffff", "shortest"),
        ("5801ff", "shortest"),
        ("780161", "shortest"),
        ("9800", "shortest"),
        ("b800", "shortest"),
        ("9fff", "indefinite"),
        ("bfff", "indefinite"),
        ("5f41ffff", "indefinite"),
        ("7f6161ff", "indefinite"),
        ("1c", "indefinite"),
        ("a2616101616102", "sorted and unique"),
        ("a2616201616101", "sorted and unique"),
        ("a262616101616202", "sorted and unique"),
        ("a1600061", "after the value"),
        ("a10000", "must be text"),
        ("a1416100", "must be text"),
        ("a1f600", "must be text"),
        ("a1780161f6", "shortest"),
        ("f7", "floats, undefined"),
        ("f97e00", "floats, undefined"),
        ("fa3fc00000", "floats, undefined"),
        ("fb3ff8000000000000", "floats, undefined"),
        ("f814", "floats, undefined"),
        ("e0", "floats, undefined"),
        ("ff", "floats, undefined"),
        ("c001", "tag"),
        ("d82b00", "tag"),
        ("d9002a5825" + "00" + _CID.hex(), "shortest"),
        ("d82a00", "37 bytes"),
        ("d82a4100", "37 bytes"),
        ("d82a582501" + _CID.hex(), "37 bytes"),
        ("d82a5825" + "00" + _CID.hex()[:-2], "CIDv1"),
        ("d82a5825" + "00" + "0170" + _CID.hex()[4:], "CIDv1"),
        ("d82a" + "78" + "2500" + _CID.hex(), "37 bytes"),
        ("61ff", "UTF-8"),
        ("63eda080", "UTF-8"),
        ("a161fff6", "UTF-8"),
    ],
)
def test_only_the_one_encoding_is_read(data: str, why: str) -> None:
    """Each laxness of CBOR would let one value have two names."""
    with pytest.raises(InvalidCbor, match=why):
        cbor.decode(bytes.fromhex(data))


@pytest.mark.parametrize("head", ["9b", "bb", "5b", "7b"])
@pytest.mark.parametrize("size", ["00000000ffffffff", "0fffffffffffffff", "ffffffffffffffff"])
def test_a_huge_length_allocates_nothing(head: str, size: str) -> None:
    """A length is only believed when its bytes are there."""
    with pytest.raises(InvalidCbor):
        cbor.decode(bytes.fromhex(head + size + "00"))


@pytest.mark.parametrize("level", [b"\x81", b"\xa1\x60", b"\x82\xf6"])
def test_bottomless_data_is_refused(level: bytes) -> None:
    """A megabyte of opening brackets ends in an error by name, never in a RecursionError."""
    with pytest.raises(InvalidCbor, match="nested too deeply"):
        cbor.decode(level * 500_000)


@pytest.mark.parametrize("leaf", [b"\xf6", b"\xd8\x2a\x58\x25\x00" + _CID])
def test_the_depth_limit(leaf: bytes) -> None:
    """As many containers inside each other as the limit says, and no more, with links or without."""
    assert cbor.decode(b"\x81" * 128 + leaf)
    assert cbor.decode(b"\x81" * 3 + leaf, max_depth=3)

    with pytest.raises(InvalidCbor, match="deep"):
        cbor.decode(b"\x81" * 129 + leaf)
    with pytest.raises(InvalidCbor, match="deep"):
        cbor.decode(b"\x81" * 4 + leaf, max_depth=3)


def test_text_does_not_count_as_nesting() -> None:
    """Text full of the bytes that begin lists is not mistaken for something deep."""
    text = "\N{CYRILLIC SMALL LETTER ER}" * 1000

    assert cbor.decode(cbor.encode([text])) == [text]


@given(st.binary(max_size=60) | damaged(VALUES.map(cbor.encode)))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    """Whatever is read is the one value of those bytes; both ways of reading agree; no other error comes out."""
    try:
        value = cbor.decode(data)
    except InvalidCbor:
        with pytest.raises(InvalidCbor):
            cbor.decode_slowly(data)
        return

    assert cbor.encode(value) == data
    assert repr(cbor.decode_slowly(data)) == repr(value)
