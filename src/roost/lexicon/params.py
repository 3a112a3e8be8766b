"""Turns the query string of a request into typed parameters, by the `params` of a method.

The values are the strings of a decoded query, by name, in order. A parameter with an empty value is absent; one the
method does not declare is ignored. It does not know URLs or HTTP. See https://atproto.com/specs/xrpc, "Lexicon HTTP
Endpoints".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from roost.lexicon.defs import Array, Boolean, Integer, Params, String
from roost.lexicon.errors import InvalidData
from roost.lexicon.leaves import boolean, integer, string, wrong_type

Scalar = bool | int | str
Param = Scalar | list[Scalar]
Coerce = Callable[[Mapping[str, Sequence[str]]], dict[str, Param]]
"""Types the parameters of one request; raises InvalidData."""

INTEGER: Final = re.compile(r"-?[0-9]{1,16}", re.ASCII)
"""The one notation of an integer in a query. 2**53 has 16 digits, so a longer one is out of range, and int() never
gets to see a text that takes it long to read."""

BOOLEANS: Final = {"true": True, "false": False}


def compile_params(params: Params) -> Coerce:
    """Make the function that types and checks the parameters of a method, with its defaults filled in."""
    readers = {name: _reader(item) for name, item in params.properties.items()}
    defaults = {
        name: item.default
        for name, item in params.properties.items()
        if not isinstance(item, Array) and item.default is not None
    }
    required = tuple(name for name in params.properties if name in params.required and name not in defaults)

    def coerce(query: Mapping[str, Sequence[str]]) -> dict[str, Param]:
        typed: dict[str, Param] = dict(defaults)
        for name, texts in query.items():
            read = readers.get(name)
            given = [text for text in texts if text]
            if read is not None and given:
                try:
                    typed[name] = read(given)
                except InvalidData as wrong:
                    wrong.path = (name, *wrong.path)
                    wrong.subject = "Params"
                    raise
        for name in required:
            if name not in typed:
                raise _missing(name)
        return typed

    return coerce


def _missing(name: str) -> InvalidData:
    wrong = InvalidData("required", name, f'must have the property "{name}"')
    wrong.subject = "Params"
    return wrong


def _reader(schema: Boolean | Integer | String | Array) -> Callable[[list[str]], Param]:
    if isinstance(schema, Array):
        return _many(schema)
    read = _scalar(schema)

    def one(texts: list[str]) -> Param:
        if len(texts) > 1:
            raise InvalidData("repeated", 1, "must not be given more than once")
        return read(texts[0])

    return one


def _many(schema: Array) -> Callable[[list[str]], Param]:
    assert isinstance(schema.items, Boolean | Integer | String), "parse_document has seen to it"
    read = _scalar(schema.items)
    low, high = schema.min_length or 0, schema.max_length

    def many(texts: list[str]) -> Param:
        if len(texts) < low:
            raise InvalidData("minLength", low, f"must not have fewer than {low} elements")
        if high is not None and len(texts) > high:
            raise InvalidData("maxLength", high, f"must not have more than {high} elements")
        return [read(text) for text in texts]

    return many


def _scalar(schema: Boolean | Integer | String) -> Callable[[str], Scalar]:
    match schema:
        case Boolean():
            return _boolean(schema)
        case Integer():
            return _integer(schema)
        case String():
            return _string(schema)


def _boolean(schema: Boolean) -> Callable[[str], bool]:
    check = boolean(schema)

    def read(text: str) -> bool:
        value = BOOLEANS.get(text)
        if value is None:
            raise wrong_type("boolean", text)
        check(value)
        return value

    return read


def _integer(schema: Integer) -> Callable[[str], int]:
    check = integer(schema, "data")

    def read(text: str) -> int:
        if not INTEGER.fullmatch(text):
            raise wrong_type("integer", text)
        value = int(text)
        check(value)
        return value

    return read


def _string(schema: String) -> Callable[[str], str]:
    check = string(schema)

    def read(text: str) -> str:
        check(text)
        return text

    return read
