"""Checks for the types of the Lexicon language that hold no other schema: one function a type, each makes a check.

A check takes a value and returns None, or raises InvalidData with an empty path. Everything that can be decided from
the schema is decided when the check is made. It does not know where in a document or in the data it stands. Sections
are those of https://atproto.com/specs/lexicon.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final, Literal

import regex  # type: ignore[import-untyped]  # it ships no type information

from roost.data.cid import Cid, is_cid_text
from roost.lexicon.defs import Blob, Boolean, Bytes, Integer, String
from roost.lexicon.errors import InvalidData, Rule
from roost.lexicon.formats import FORMATS

Check = Callable[[object], None]
"""Judges one value; raises InvalidData."""

TextCheck = Callable[[str], None]

Form = Literal["data", "json"]
"""How values are represented: as roost.data values (Cid, bytes), or as JSON decodes them (`$link`, `$bytes`)."""

MAX_INTEGER: Final = 2**53 - 1
"""The integers that every implementation can hold exactly (data model, "integer")."""

GRAPHEME: Final = regex.compile(r"\X")
"""One extended grapheme cluster (UAX 29)."""

ARTICLES: Final = {
    "string": "a string",
    "integer": "an integer",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
    "bytes": "a byte array",
    "cid-link": "a CID link",
    "blob": "a blob",
}
"""Each type as a message says it."""


def wrong_type(name: str, value: object) -> InvalidData:
    """Return the error for a value that is not of the type named, to be raised."""
    rule: Rule = "nullable" if value is None else "type"
    return InvalidData(rule, name, f"must be {ARTICLES[name]}{', not null' if value is None else ''}")


def boolean(schema: Boolean) -> Check:
    """Make the check of a boolean ("boolean")."""
    const = schema.const

    def check(value: object) -> None:
        if value is not True and value is not False:
            raise wrong_type("boolean", value)
        if const is not None and value is not const:
            raise InvalidData("const", const, f"must be {str(const).lower()}")

    return check


def integer(schema: Integer, form: Form) -> Check:
    """Make the check of an integer ("integer").

    JSON has one notation for numbers: 1.0 and 1e3 are integers there. In the data model no float exists.
    """
    low = -MAX_INTEGER if schema.minimum is None else schema.minimum
    high = MAX_INTEGER if schema.maximum is None else schema.maximum
    allowed = integers_allowed(schema)

    def check(value: object) -> None:
        if type(value) is not int:
            if form == "data" or not (isinstance(value, float) and value.is_integer()):
                raise wrong_type("integer", value)
            value = int(value)
        if value < low:
            raise InvalidData("minimum", low, f"can not be less than {low}")
        if value > high:
            raise InvalidData("maximum", high, f"can not be greater than {high}")
        if allowed is not None:
            allowed(value)

    return check


def integers_allowed(schema: Integer) -> Callable[[int], None] | None:
    """Make the check of a closed set of integers, if the schema has one."""
    const, enum = schema.const, schema.enum
    if const is None and not enum:
        return None

    def check(value: int) -> None:
        if const is not None and value != const:
            raise InvalidData("const", const, f"must be {const}")
        if enum and value not in enum:
            raise InvalidData("enum", enum, f"must be one of ({'|'.join(map(str, enum))})")

    return check


def string(schema: String) -> Check:
    """Make the check of a string ("string")."""
    tests = _string_tests(schema)
    if not tests:
        return _any_string
    if len(tests) == 1:
        return _string_of_one(tests[0])

    def check(value: object) -> None:
        if not isinstance(value, str):
            raise wrong_type("string", value)
        for test in tests:
            test(value)

    return check


def _any_string(value: object) -> None:
    if not isinstance(value, str):
        raise wrong_type("string", value)


def _string_of_one(test: TextCheck) -> Check:
    # Most strings have one constraint, their format: without the loop they cost a third less.
    def check(value: object) -> None:
        if not isinstance(value, str):
            raise wrong_type("string", value)
        test(value)

    return check


def _string_tests(schema: String) -> tuple[TextCheck, ...]:
    tests: list[TextCheck] = []
    if schema.const is not None or schema.enum:
        tests.append(_texts_allowed(schema.const, schema.enum))
    if schema.max_length is not None:
        tests.append(_max_length(schema.max_length))
    if schema.min_length:
        tests.append(_min_length(schema.min_length))
    if schema.max_graphemes is not None:
        tests.append(_max_graphemes(schema.max_graphemes))
    if schema.min_graphemes:
        tests.append(_min_graphemes(schema.min_graphemes))
    if schema.format is not None:
        tests.append(FORMATS[schema.format])
    return tuple(tests)


def _texts_allowed(const: str | None, enum: tuple[str, ...]) -> TextCheck:
    def check(text: str) -> None:
        if const is not None and text != const:
            raise InvalidData("const", const, f"must be {const}")
        if enum and text not in enum:
            raise InvalidData("enum", enum, f"must be one of ({'|'.join(enum)})")

    return check


def utf8_length(text: str) -> int:
    """Count the bytes of a string in UTF-8; a lone surrogate counts as the three bytes it would take."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _max_length(limit: int) -> TextCheck:
    # No character takes more than four bytes, so most strings are known to fit without encoding them.
    surely_fits = limit // 4

    def check(text: str) -> None:
        if len(text) > surely_fits and utf8_length(text) > limit:
            raise InvalidData("maxLength", limit, f"must not be longer than {limit} characters")

    return check


def _min_length(limit: int) -> TextCheck:
    def check(text: str) -> None:
        if len(text) < limit and utf8_length(text) < limit:
            raise InvalidData("minLength", limit, f"must not be shorter than {limit} characters")

    return check


def _max_graphemes(limit: int) -> TextCheck:
    # A grapheme is at least one code point, so a string of few code points has not too many graphemes.
    def check(text: str) -> None:
        if len(text) > limit and has_graphemes(text, limit + 1):
            raise InvalidData("maxGraphemes", limit, f"must not be longer than {limit} graphemes")

    return check


def _min_graphemes(limit: int) -> TextCheck:
    def check(text: str) -> None:
        if len(text) < limit or not has_graphemes(text, limit):
            raise InvalidData("minGraphemes", limit, f"must not be shorter than {limit} graphemes")

    return check


def has_graphemes(text: str, number: int) -> bool:
    """Tell whether the string has at least so many graphemes, reading no further than it takes to know."""
    return any(seen >= number for seen, _ in enumerate(GRAPHEME.finditer(text), 1))


def byte_string(schema: Bytes, form: Form) -> Check:
    """Make the check of raw bytes ("bytes")."""
    low = schema.min_length or 0
    high = schema.max_length
    read = _data_bytes if form == "data" else _json_bytes

    def check(value: object) -> None:
        size = len(read(value))
        if size < low:
            raise InvalidData("minLength", low, f"must not be smaller than {low} bytes")
        if high is not None and size > high:
            raise InvalidData("maxLength", high, f"must not be larger than {high} bytes")

    return check


def _data_bytes(value: object) -> bytes:
    # A Cid is a bytes too, but a link is not a byte string.
    if not isinstance(value, bytes) or isinstance(value, Cid):
        raise wrong_type("bytes", value)
    return value


def _json_bytes(value: object) -> bytes:
    text = value.get("$bytes") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(text, str):
        raise wrong_type("bytes", value)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong_type("bytes", value) from error


def cid_link(form: Form) -> Check:
    """Make the check of a link ("cid-link")."""
    return _data_link if form == "data" else _json_link


def _data_link(value: object) -> None:
    if not isinstance(value, Cid):
        raise wrong_type("cid-link", value)


def _json_link(value: object) -> None:
    text = value.get("$link") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(text, str) or not is_cid_text(text):
        raise wrong_type("cid-link", value)


def blob(schema: Blob, form: Form) -> Check:
    """Make the check of a blob reference ("blob"): its shape, and the media type and size that it declares."""
    accept, max_size, link = schema.accept, schema.max_size, cid_link(form)

    def check(value: object) -> None:
        if not isinstance(value, dict) or value.get("$type") != "blob":
            raise wrong_type("blob", value)
        media_type, size = value.get("mimeType"), value.get("size")
        if not isinstance(media_type, str) or not media_type or type(size) is not int or size < 0:
            raise wrong_type("blob", value)
        try:
            link(value.get("ref"))
        except InvalidData as error:
            raise wrong_type("blob", value) from error
        if accept and not accepts(accept, media_type):
            raise InvalidData("accept", accept, f"must be of the type {' or '.join(accept)}, not {media_type}")
        if max_size is not None and size > max_size:
            raise InvalidData("maxSize", max_size, f"must not be larger than {max_size} bytes")

    return check


def accepts(patterns: tuple[str, ...], media_type: str) -> bool:
    """Tell whether a media type matches one of the patterns `type/sub`, `type/*` and `*/*`."""
    # Media types are case-insensitive and may carry parameters (RFC 2045 §5.1).
    bare = media_type.partition(";")[0].strip().lower()
    return any(
        pattern == "*/*"
        or bare == pattern.lower()
        or (pattern.endswith("/*") and bare.startswith(pattern[:-1].lower()))
        for pattern in patterns
    )


def unknown(form: Form) -> Check:
    """Make the check of an object without a schema: any, except what stands for a link, bytes or a blob
    ("unknown").
    """

    def check(value: object) -> None:
        if not isinstance(value, dict) or value.get("$type") == "blob":
            raise wrong_type("object", value)
        if form == "json" and len(value) == 1 and ("$link" in value or "$bytes" in value):
            raise wrong_type("object", value)

    return check
