"""The data model: which values a record can hold.

Null, booleans, integers of 53 bits, text, bytes, links, and lists and string-keyed maps of those: no floats, no text
that UTF-8 cannot write, no hostile nesting (spec sections 1.9.1 and 6.1). Deliberately does not know lexicons, JSON
or CBOR.
"""

from typing import Final, TypeAlias, Union

from roost.data.cid import Cid
from roost.data.errors import InvalidValue

Value: TypeAlias = Union[bool, int, str, bytes, Cid, list["Value"], dict[str, "Value"], None]  # noqa: UP007

# Where in a value a part of it stands, innermost step first: cheap to extend for every part, and only shown when one
# is wrong.
Where: TypeAlias = Union[tuple["Where", str | int], None]  # noqa: UP007

# Integers beyond 53 bits do not survive JavaScript's numbers, so the protocol keeps them out of the data model.
MAX_INT: Final = 2**53 - 1

# How many containers may stand inside each other in a user's record. Real records use under 12; every reader in the
# network recurses, most with less room than this.
MAX_DEPTH: Final = 64


def check(value: object, *, max_depth: int = MAX_DEPTH) -> None:
    """Pass a value of the data model; raises InvalidValue saying what is wrong and where (spec section 6.1)."""
    _check(value, max_depth, None)


def check_int(number: int, where: Where) -> None:
    """Pass an integer that every implementation can hold; raises InvalidValue."""
    if not -MAX_INT <= number <= MAX_INT:
        raise InvalidValue(f"an integer may not have more than 53 bits{at(where)}")


def check_text(text: str, where: Where) -> None:
    """Pass text that UTF-8 can write; raises InvalidValue for a lone surrogate."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as why:
        raise InvalidValue(f"text may not hold a lone surrogate{at(where)}") from why


def check_keys(keys: dict[str, object], where: Where) -> None:
    """Pass a map's keys: text, without NUL; raises InvalidValue."""
    try:
        joined = "".join(keys)  # one look at all keys costs a fraction of a look at each
    except TypeError as why:
        raise InvalidValue(f"a map's keys must be strings{at(where)}") from why
    if "\0" in joined:
        raise InvalidValue(f"a map's key may not hold a NUL{at(where)}")
    for key in () if joined.isascii() else keys:  # one by one: two halves of a surrogate pair would join
        check_text(key, where)


def check_room(room: int) -> None:
    """Pass when another container may stand here; raises InvalidValue."""
    if room <= 0:
        raise InvalidValue("nested too deeply")


def at(where: Where) -> str:
    """The end of a message: where in the value something is wrong."""
    steps: list[str] = []
    while where is not None:
        where, step = where
        steps.append(str(step))
    return f" (at {'/'.join(reversed(steps))})" if steps else ""


def _check(value: object, room: int, where: Where) -> None:
    if isinstance(value, str):
        check_text(value, where)
    elif isinstance(value, dict):
        check_room(room)
        check_keys(value, where)
        for key, item in value.items():
            if not (type(item) is str and item.isascii()):  # most are; asking here saves a call for each
                _check(item, room - 1, (where, key))
    elif isinstance(value, list):
        check_room(room)
        for i, item in enumerate(value):
            _check(item, room - 1, (where, i))
    elif isinstance(value, int):
        check_int(value, where)
    elif not (value is None or isinstance(value, bytes)):
        raise InvalidValue(f"the data model has no {type(value).__name__}{at(where)}")
