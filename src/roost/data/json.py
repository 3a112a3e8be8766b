"""The JSON form of the data model: links as `{"$link": …}`, bytes as `{"$bytes": …}` (spec section 6.1).

Works on what a JSON parser gives, and for one to write; `loads` and `dumps` go all the way. Deliberately does not
know lexicons: a `$type` must be a name, but which one is not its business, but for `blob`, whose form belongs to the
data model.
"""

from base64 import b64encode
from binascii import a2b_base64
from typing import Final

import orjson

from roost.data.cid import RAW, Cid
from roost.data.errors import InvalidCid, InvalidValue
from roost.data.value import MAX_DEPTH, Value, Where, at, check_int, check_keys, check_room, check_text

_BLOB_KEYS: Final = frozenset(("$type", "ref", "mimeType", "size"))


def from_json(raw: object) -> Value:
    """The value that parsed JSON stands for, whole floats as integers; raises InvalidValue (spec sections 1.9.1, 6.1).

    Refuses what `value.check` refuses, and a `$link`, `$bytes`, `$type` or blob that is not well-formed.
    """
    return _from(raw, MAX_DEPTH, None)


def object_from_json(raw: object) -> dict[str, Value]:
    """The map that parsed JSON stands for, as a record must be; raises InvalidValue for anything else."""
    value = from_json(raw)
    if not isinstance(value, dict):
        raise InvalidValue("must be an object")
    return value


def to_json(value: Value) -> object:
    """The value as a JSON writer takes it: only null, booleans, numbers, text, lists and maps."""
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, Cid):
        return {"$link": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": _base64(value)}
    return value


def loads(text: bytes | str) -> Value:
    """The value that JSON text stands for; raises InvalidValue, for text that is not JSON too."""
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as why:
        raise InvalidValue(f"not JSON: {why}") from why
    return from_json(raw)


def dumps(value: Value) -> bytes:
    """The value as JSON text."""
    return orjson.dumps(value, default=_leaf)


def _leaf(value: object) -> object:
    """What the JSON writer asks for when it meets a value that JSON does not have."""
    if isinstance(value, Cid):
        return {"$link": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": _base64(value)}
    raise TypeError(type(value).__name__)


def _base64(raw: bytes) -> str:
    return str(b64encode(raw), "ascii").rstrip("=")


def _from(raw: object, room: int, where: Where) -> Value:
    if isinstance(raw, str):
        if not raw.isascii():
            check_text(raw, where)
        return raw
    if isinstance(raw, dict):
        return _from_map(raw, room, where)
    if isinstance(raw, list):
        check_room(room)
        return [_from(item, room - 1, (where, i)) for i, item in enumerate(raw)]
    if raw is None or isinstance(raw, bool):
        return raw
    return _from_number(raw, where)


def _from_number(raw: object, where: Where) -> int:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # JSON has one kind of number: 1.0 and 1e3 are integers
    if not isinstance(raw, int):
        raise InvalidValue(f"the data model has no {type(raw).__name__}{at(where)}")
    check_int(raw, where)
    return raw


def _from_map(raw: dict[str, object], room: int, where: Where) -> Value:
    check_room(room)
    if "$link" in raw or "$bytes" in raw:
        return _from_special(raw, where)
    check_keys(raw, where)
    if "__proto__" in raw:
        # Whoever reads it with JavaScript would be given another prototype instead of a value (spec section 0.1).
        raise InvalidValue(f"a map may not have the key __proto__{at(where)}")
    room -= 1
    value: dict[str, Value] = {
        # Most are plain ASCII text; asking here saves a call for each.
        key: item if type(item) is str and item.isascii() else _from(item, room, (where, key))
        for key, item in raw.items()
    }
    if "$type" in value:
        _check_type(value, where)
    return value


def _from_special(raw: dict[str, object], where: Where) -> Cid | bytes:
    if len(raw) != 1:
        raise InvalidValue(f"$link and $bytes stand alone in their object{at(where)}")
    if "$bytes" in raw:
        return _from_base64(raw["$bytes"], where)
    try:
        return Cid.parse(raw["$link"])
    except InvalidCid as why:
        raise InvalidValue(f"$link: {why}{at(where)}") from why


def _from_base64(text: object, where: Where) -> bytes:
    """Bytes from base64 of the standard alphabet, padded as it should be or not at all."""
    if not isinstance(text, str):
        raise InvalidValue(f"$bytes must be a string{at(where)}")
    padding = "" if text.endswith("=") else "=" * (-len(text) % 4)
    try:
        return a2b_base64(text + padding, strict_mode=True)
    except ValueError as why:  # binascii's own error, and the one for text outside ASCII
        raise InvalidValue(f"$bytes is not base64{at(where)}") from why


def _check_type(value: dict[str, Value], where: Where) -> None:
    kind = value["$type"]
    if not isinstance(kind, str) or not kind:
        raise InvalidValue(f"$type must be a name{at(where)}")
    if kind == "blob":
        _check_blob(value, where)


def _check_blob(value: dict[str, Value], where: Where) -> None:
    """A reference to a blob has a link to raw bytes, a type and a size, and nothing else (spec section 1.9.1)."""
    ref, mime_type, size = value.get("ref"), value.get("mimeType"), value.get("size")
    if not isinstance(ref, Cid) or ref.codec != RAW:
        raise InvalidValue(f"a blob's ref must be a link to raw bytes{at(where)}")
    if not isinstance(mime_type, str) or not mime_type:
        raise InvalidValue(f"a blob's mimeType must be a media type{at(where)}")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise InvalidValue(f"a blob's size must be a number of bytes{at(where)}")
    if not value.keys() <= _BLOB_KEYS:
        raise InvalidValue(f"a blob has only $type, ref, mimeType and size{at(where)}")
