"""The data model's limits."""

import pytest
from hypothesis import given

from roost.data.errors import InvalidValue
from roost.data.value import MAX_DEPTH, MAX_INT, Value, check
from support.values import VALUES


@given(VALUES)
def test_values_of_the_model_pass(value: Value) -> None:
    """Null, booleans, 53-bit integers, text, bytes, links, lists and maps."""
    check(value)


def _nested(depth: int) -> object:
    value: object = "leaf"
    for i in range(depth):
        value = [value] if i % 2 else {"a": value}
    return value


@pytest.mark.parametrize("value", [_nested(MAX_DEPTH), MAX_INT, -MAX_INT, "", {}, [], {"": ""}])
def test_the_limits_themselves_pass(value: object) -> None:
    """A limit is the last thing allowed."""
    check(value)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        float("nan"),
        MAX_INT + 1,
        -MAX_INT - 1,
        "\ud800",
        {"\udfff": 1},
        dict.fromkeys(["\ud83d", "\ude00"], 1),
        {"a\0b": 1},
        {1: "a"},
        (1, 2),
        {1, 2},
        bytearray(b"a"),
        object(),
        _nested(MAX_DEPTH + 1),
        _nested(500),
        [[["deep", 0.5]]],
    ],
)
def test_everything_else_is_refused(value: object) -> None:
    """Floats, wide integers, text that UTF-8 cannot write, odd keys, odd types and deep nesting."""
    with pytest.raises(InvalidValue):
        check(value)


def test_the_message_says_where() -> None:
    """Somebody with a large record can find the part that is wrong."""
    with pytest.raises(InvalidValue, match=r"floats?.*at embed/images/1/size"):
        check({"embed": {"images": [{}, {"size": 1.5}]}})
