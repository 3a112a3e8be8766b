"""DAG-CBOR, strictly: one byte string for one value, and back (spec section 6.1).

The subset that content addressing needs: definite lengths, shortest heads, map keys that are text in order of
(length, bytes) and unique, no floats, no undefined, no tag but 42 for links. Integers may have 64 bits here; the data
model's 53 are `value.check`'s business, so that a block written by someone laxer can still be read and verified.
Deliberately does not know records, commits or nodes.
"""

from typing import Final

import libipld

from roost.data.cid import PREFIXES, SIZE, Cid
from roost.data.errors import InvalidCbor, InvalidValue
from roost.data.value import Value

# Twice what a user's record may have: commits, nodes and foreign records must never be refused for this.
MAX_DEPTH: Final = 128

_UINT, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG = range(7)
_LINK_HEAD: Final = bytes((0xD8, 42))  # tag 42
_FLOAT_HEAD: Final = b"\xfb"
LINK: Final = bytes((0xD8, 42, 0x58, SIZE + 1, 0))
"""What stands before a CID to make it a link: tag 42, its byte string's head, the multibase prefix for binary."""

# Every byte that cannot be the first of a list or a map.
_NOT_CONTAINERS: Final = bytes(b for b in range(256) if b >> 5 not in {_LIST, _MAP})


def head(major: int, n: int) -> bytes:
    """The first bytes of a CBOR item: its major type (0–7) and its argument (0 to 2**64 - 1), in the shortest form."""
    kind = major << 5
    if n < 24:
        return bytes((kind | n,))
    if n < 0x100:
        return bytes((kind | 24, n))
    if n < 0x1_0000:
        return bytes((kind | 25,)) + n.to_bytes(2, "big")
    if n < 0x1_0000_0000:
        return bytes((kind | 26,)) + n.to_bytes(4, "big")
    assert n < 2**64, "a CBOR argument has at most 64 bits"
    return bytes((kind | 27,)) + n.to_bytes(8, "big")


def encode(value: Value) -> bytes:
    """The one DAG-CBOR encoding of a value; raises InvalidValue for what has none (spec section 6.1).

    How deeply a value may nest and how large its integers may be is for `value.check` to say, before.
    """
    try:
        encoded = bytes(libipld.encode_dag_cbor(value))
    except (ValueError, RecursionError):
        return encode_slowly(value)  # which says what is wrong
    # libipld writes floats, and it writes a user's bytes as a link whenever they happen to form a CID. A float begins
    # with 0xFB and a link with 0xD8 0x2A, and neither occurs within UTF-8 text: without them the encoding is exact.
    if (_LINK_HEAD in encoded or _FLOAT_HEAD in encoded) and not _plain(value, MAX_DEPTH):
        return encode_slowly(value)
    return encoded


def encode_slowly(value: Value) -> bytes:
    """What `encode` answers, by the plain way that is right for every value; raises InvalidValue."""
    out: list[bytes] = []
    _encode(value, out, MAX_DEPTH)
    return b"".join(out)


def decode(data: bytes, *, max_depth: int = MAX_DEPTH) -> Value:
    """The value whose one encoding is these bytes; raises InvalidCbor for anything else (spec section 6.1)."""
    # Without links and floats (see `encode`) libipld reads and writes back exactly, so equal bytes are proof of
    # everything that its reader is lax about. Its reader recurses: let it only see what has too few container heads
    # to be deep.
    if not (_LINK_HEAD in data or _FLOAT_HEAD in data) and len(data.translate(None, _NOT_CONTAINERS)) <= max_depth:
        try:
            value: Value = libipld.decode_dag_cbor(data)
            if libipld.encode_dag_cbor(value) == data:
                return value
        except ValueError:
            pass
    return decode_slowly(data, max_depth=max_depth)  # which says what is wrong


def decode_slowly(data: bytes, *, max_depth: int = MAX_DEPTH) -> Value:
    """What `decode` answers, by the plain way that is right for all data; raises InvalidCbor."""
    try:
        value, end = _decode(data, 0, max_depth)
    except IndexError as why:
        raise InvalidCbor("the data ends in the middle of an item") from why
    except UnicodeDecodeError as why:
        raise InvalidCbor("text is not UTF-8") from why
    if end != len(data):
        raise InvalidCbor("there are bytes after the value")
    return value


def _plain(value: object, room: int) -> bool:
    """Whether libipld encodes a value right: in it are no floats, no bytes but links, and no great depth."""
    if isinstance(value, dict):
        return room > 0 and all(type(item) in _PLAIN or _plain(item, room - 1) for item in value.values())
    if isinstance(value, list):
        return room > 0 and all(type(item) in _PLAIN or _plain(item, room - 1) for item in value)
    return type(value) in _PLAIN


_PLAIN: Final = frozenset((str, int, bool, type(None), Cid))


def _encode(value: object, out: list[bytes], room: int) -> None:
    if isinstance(value, str):
        out.append(text(value))
    elif isinstance(value, dict):
        _encode_map(value, out, room)
    elif isinstance(value, list):
        _check_room(room)
        out.append(head(_LIST, len(value)))
        for item in value:
            _encode(item, out, room - 1)
    elif isinstance(value, Cid):
        assert len(value) == SIZE, "a Cid is made by its own constructors"
        out.append(LINK + value)
    elif isinstance(value, bytes):
        out.append(head(_BYTES, len(value)) + value)
    else:
        out.append(_scalar(value))


def _encode_map(value: dict[object, object], out: list[bytes], room: int) -> None:
    _check_room(room)
    out.append(head(_MAP, len(value)))
    entries = [(text(key), item) for key, item in value.items()]
    # A longer key has a greater head, so the order of encoded keys is the order of (length, bytes).
    entries.sort(key=lambda entry: entry[0])
    for key, item in entries:
        out.append(key)
        _encode(item, out, room - 1)


def text(text: object) -> bytes:
    """The encoding of a string, for those who frame a map by hand; raises InvalidValue for a lone surrogate."""
    if not isinstance(text, str):
        raise InvalidValue("a map's keys must be strings")
    try:
        raw = text.encode()
    except UnicodeEncodeError as why:
        raise InvalidValue("text may not hold a lone surrogate") from why
    return head(_TEXT, len(raw)) + raw


def _scalar(value: object) -> bytes:
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if not isinstance(value, int):
        raise InvalidValue(f"DAG-CBOR has no {type(value).__name__}")
    if not -(2**64) <= value < 2**64:
        raise InvalidValue("DAG-CBOR has no integers beyond 64 bits")
    return head(_UINT, value) if value >= 0 else head(_NEGATIVE, -1 - value)


def _check_room(room: int) -> None:
    if room <= 0:
        raise InvalidValue("nested too deeply")


def _decode(data: bytes, at: int, room: int) -> tuple[Value, int]:
    """The item that begins at `at`, and where it ends. IndexError when the data ends first."""
    first = data[at]
    major, n, at = first >> 5, first & 31, at + 1
    if n >= 24 and major != 7:
        n, at = _argument(data, at, n)
    if major == _TEXT:
        end = _end(data, at, n)
        return str(data[at:end], "utf-8"), end
    if major == _UINT:
        return n, at
    if major == _MAP:
        return _decode_map(data, at, n, room)
    if major == _LIST:
        return _decode_list(data, at, n, room)
    if major == _BYTES:
        end = _end(data, at, n)
        return data[at:end], end
    if major == _NEGATIVE:
        return -1 - n, at
    if major == _TAG:
        return _decode_link(data, at, n)
    if n in _SIMPLE:
        return _SIMPLE[n], at
    raise InvalidCbor("floats, undefined and other simple values are not allowed")


_SIMPLE: Final[dict[int, bool | None]] = {20: False, 21: True, 22: None}


def _argument(data: bytes, at: int, n: int) -> tuple[int, int]:
    """An argument that does not fit the first byte: 1, 2, 4 or 8 bytes, and only as many as it needs."""
    if n > 27:
        raise InvalidCbor("indefinite lengths and reserved heads are not allowed")
    size = 1 << (n - 24)
    end = _end(data, at, size)
    value = int.from_bytes(data[at:end], "big")
    if value < 24 or (size > 1 and value >> (size * 4) == 0):
        raise InvalidCbor("a length or number is not in its shortest form")
    return value, end


def _end(data: bytes, at: int, size: int) -> int:
    end = at + size
    if end > len(data):
        raise InvalidCbor("the data ends in the middle of an item")
    return end


def _decode_list(data: bytes, at: int, count: int, room: int) -> tuple[Value, int]:
    if room <= 0:
        raise InvalidCbor("nested too deeply")
    items: list[Value] = []
    for _ in range(count):  # a false count runs out of data before it runs out of memory: each item takes a byte
        item, at = _decode(data, at, room - 1)
        items.append(item)
    return items, at


def _decode_map(data: bytes, at: int, count: int, room: int) -> tuple[Value, int]:
    if room <= 0:
        raise InvalidCbor("nested too deeply")
    entries: dict[str, Value] = {}
    before = b""
    for i in range(count):
        start, size = at, data[at] ^ 0x60  # as a head: below 24 exactly for text shorter than 24 bytes
        at += 1
        if size >= 24:
            size, at = _key_length(data, at, size)
        end = _end(data, at, size)
        # The encoded keys, heads included, sort by (length, bytes).
        key = data[start:end]
        if key <= before and i:
            raise InvalidCbor("map keys are not sorted and unique")
        before = key
        entries[str(data[at:end], "utf-8")], at = _decode(data, end, room - 1)
    return entries, at


def _key_length(data: bytes, at: int, n: int) -> tuple[int, int]:
    if n > 31:  # the exclusive-or left bits of another major type
        raise InvalidCbor("map keys must be text")
    return _argument(data, at, n)


def _decode_link(data: bytes, at: int, tag: int) -> tuple[Value, int]:
    if tag != 42:
        raise InvalidCbor("the only tag allowed is 42, a link")
    end = at + SIZE + 3
    # 0x58 0x25: 37 bytes; 0x00: the multibase prefix for binary.
    if data[at : at + 3] != LINK[2:]:
        raise InvalidCbor("a link must be 37 bytes that begin with zero")
    raw = data[at + 3 : end]
    if len(raw) != SIZE or raw[:4] not in PREFIXES:
        raise InvalidCbor("a link must be a CIDv1 with SHA-256")
    return Cid(raw), end
