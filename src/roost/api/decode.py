"""Bytes into the typed inputs of a method: a query string into its Params, a JSON body into its Input.

Both ways are the same: decode, let the method's lexicon judge, convert to the Struct that the method declares, with
each identifier parsed on the way. It deliberately does not know which bytes are a body (their media type, size and
compression are the HTTP edge's), nor who may send them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
import orjson

from roost.api.errors import BodyRequired, InvalidBody, InvalidParams
from roost.data.errors import DataError
from roost.data.json import from_json
from roost.data.value import Value
from roost.lexicon.errors import InvalidData

Input = TypeVar("Input", bound=msgspec.Struct)

CheckParams = Callable[[Mapping[str, Sequence[str]]], Mapping[str, object]]
"""Types the texts of a query by the lexicon and judges them; raises InvalidData."""

CheckBody = Callable[[object], None]
"""Judges a body as the JSON parser gives it; raises InvalidData."""


def _parse(type_: type, raw: object) -> object:
    """Make an identifier of its text: what msgspec calls for a field whose type is not one of its own."""
    parse: Callable[[object], object] | None = getattr(type_, "parse", None)
    if parse is None:
        raise NotImplementedError(f"a Struct's field cannot be a {type_.__name__}: the type has no parse()")
    return parse(raw)


def query_texts(query: bytes) -> dict[str, list[str]]:
    """Split a query string as URLSearchParams does, leaving out names without a value.

    Raises ValueError for what is not UTF-8 and for NUL, which no parameter of any method has a use for and not every
    database can compare with. (URLSearchParams would put U+FFFD for the former, and so ask for something else than was
    sent.)
    """
    texts: dict[str, list[str]] = {}
    plain = b"%" not in query and b"+" not in query
    for pair in query.decode().split("&"):
        name, _, value = pair.partition("=")
        if not value:
            continue
        if not plain:
            name, value = _unquote(name), _unquote(value)
        texts.setdefault(name, []).append(value)
    return texts


def _unquote(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    plain = unquote_to_bytes(text.replace("+", " ")).decode()
    if "\0" in plain:
        raise ValueError("NUL cannot be part of a parameter")
    return plain


def params_decoder(
    nsid: str, check: CheckParams, params: type[Input], *, undeclared: frozenset[str] = frozenset()
) -> Callable[[bytes], Input]:
    """Make the function from a query string to a method's Params; it raises InvalidParams. Those that are `undeclared`
    are texts, each given once, that the lexicon does not judge.
    """

    def decode(query: bytes) -> Input:
        try:
            texts = query_texts(query) if query else {}
            given = check(texts)
            if undeclared:
                given = {**given, **_once(texts, undeclared)}
            return msgspec.convert(given, params, dec_hook=_parse)
        except InvalidData as error:
            raise InvalidParams(nsid, str(error)) from error
        except UnicodeDecodeError as error:
            raise InvalidParams(nsid, "the query string is not UTF-8") from error
        except ValueError as error:  # msgspec's ValidationError is one
            raise InvalidParams(nsid, str(error)) from error

    return decode


def _once(texts: Mapping[str, Sequence[str]], names: frozenset[str]) -> dict[str, str]:
    given = {name: texts[name] for name in names if name in texts}
    if any(len(values) > 1 for values in given.values()):
        raise ValueError("a parameter must not be given more than once")
    return {name: values[0] for name, values in given.items()}


def json_decoder(nsid: str, check: CheckBody, input: type[Input]) -> Callable[[bytes], Input]:
    """Make the function from a JSON body to a method's Input; it raises InvalidBody, and BodyRequired for no bytes."""
    value = object_decoder(nsid, check)

    def decode(body: bytes) -> Input:
        try:
            return msgspec.convert(value(body), input, dec_hook=_parse)
        except msgspec.ValidationError as error:
            raise InvalidBody(nsid, str(error)) from error

    return decode


def object_decoder(nsid: str, check: CheckBody) -> Callable[[bytes], Value]:
    """Make the function from a JSON body to the value that it is, for a body that is a record itself."""

    def decode(body: bytes) -> Value:
        if not body:
            raise BodyRequired
        try:
            raw = orjson.loads(body)
            check(raw)
            return from_json(raw)
        except orjson.JSONDecodeError as error:
            raise InvalidBody(nsid, f"not valid JSON: {error}") from error
        except (InvalidData, DataError) as error:
            raise InvalidBody(nsid, str(error)) from error

    return decode
