"""From the strings of a query to typed parameters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.lexicon.defs import Array, Boolean, Integer, Params, String
from roost.lexicon.errors import InvalidData
from roost.lexicon.params import compile_params

EVERYTHING = Params(
    {
        "text": String(max_length=8),
        "number": Integer(minimum=1, maximum=100, default=50),
        "flag": Boolean(),
        "off": Boolean(default=False),
        "did": String(format="did"),
        "numbers": Array(Integer(minimum=0), max_length=3),
        "texts": Array(String(), min_length=2),
    }
)

coerce = compile_params(EVERYTHING)
required = compile_params(Params({"did": String(), "n": Integer(default=1)}, frozenset({"did", "n"})))
DEFAULTS = {"number": 50, "off": False}


def refusal(query: dict[str, list[str]]) -> InvalidData:
    """Return the error of a query that is not valid."""
    with pytest.raises(InvalidData) as caught:
        coerce(query)
    return caught.value


def test_each_value_gets_the_type_that_is_declared() -> None:
    """A string stays one even if it looks like a number."""
    query = {"text": ["12"], "number": ["12"], "flag": ["true"], "off": ["true"], "numbers": ["1", "2"]}

    assert coerce(query) == {"text": "12", "number": 12, "flag": True, "off": True, "numbers": [1, 2]}


def test_absent_parameters_get_their_defaults_or_stay_absent() -> None:
    """False is a default like any."""
    assert coerce({}) == DEFAULTS


def test_an_empty_value_is_absent() -> None:
    """`?number=&text=` is no number and no text, not zero and the empty string."""
    assert coerce({"number": [""], "text": [""], "numbers": ["", ""]}) == DEFAULTS


def test_empty_elements_of_an_array_are_left_out() -> None:
    """Each of them is an absent parameter of its own."""
    assert coerce({"numbers": ["", "3", ""]}) == {**DEFAULTS, "numbers": [3]}


def test_unknown_parameters_are_ignored() -> None:
    """Newer clients send what this server does not know."""
    assert coerce({"cachebuster": ["1", "2"]}) == DEFAULTS


def test_an_array_of_one_is_an_array() -> None:
    """The schema decides, not the number of values."""
    assert coerce({"numbers": ["7"]}) == {**DEFAULTS, "numbers": [7]}


def test_a_scalar_given_twice_is_an_error() -> None:
    """Which of the two was meant cannot be known."""
    wrong = refusal({"text": ["a", "b"]})

    assert (wrong.rule, wrong.path, wrong.message) == (
        "repeated",
        ("text",),
        "Params/text must not be given more than once",
    )


def test_a_scalar_given_once_and_once_empty_is_given_once() -> None:
    """The empty one is absent."""
    assert coerce({"text": ["", "b"]}) == {**DEFAULTS, "text": "b"}


@pytest.mark.parametrize(
    "text", ["1.0", "1e2", " 1", "+1", "1\n", "٣", "0x1", "--1", "-", "abc", "1" * 17, "9" * 10_000]
)
def test_an_integer_has_one_notation(text: str) -> None:
    """Digits with or without a minus, and no more of them than a safe integer has."""
    wrong = refusal({"number": [text]})

    assert (wrong.rule, wrong.expected, wrong.message) == ("type", "integer", "Params/number must be an integer")


def test_integers_may_be_negative_and_start_with_zeros() -> None:
    """`-?[0-9]+`."""
    read = compile_params(Params({"n": Integer()}))

    assert [read({"n": [text]})["n"] for text in ("-5", "007", "-0", "9007199254740991")] == [-5, 7, 0, 2**53 - 1]


def test_integers_beyond_53_bits_are_refused() -> None:
    """No JavaScript client could have meant exactly that number."""
    with pytest.raises(InvalidData, match="can not be greater than 9007199254740991"):
        compile_params(Params({"n": Integer()}))({"n": ["9007199254740992"]})


@pytest.mark.parametrize("text", ["True", "TRUE", "1", "0", "yes", "t", "true "])
def test_booleans_are_true_or_false(text: str) -> None:
    """Nothing else is taken for either."""
    assert refusal({"flag": [text]}).message == "Params/flag must be a boolean"


@pytest.mark.parametrize(
    ("query", "rule", "message"),
    [
        ({"number": ["0"]}, "minimum", "Params/number can not be less than 1"),
        ({"number": ["101"]}, "maximum", "Params/number can not be greater than 100"),
        ({"text": ["123456789"]}, "maxLength", "Params/text must not be longer than 8 characters"),
        ({"did": ["alice.test"]}, "format", "Params/did must be a valid did"),
        ({"numbers": ["1", "x"]}, "type", "Params/numbers must be an integer"),
        ({"numbers": ["1", "2", "3", "4"]}, "maxLength", "Params/numbers must not have more than 3 elements"),
        ({"texts": ["1"]}, "minLength", "Params/texts must not have fewer than 2 elements"),
    ],
)
def test_constraints_hold_for_parameters(query: dict[str, list[str]], rule: str, message: str) -> None:
    """The schema of a parameter means what it means in a body."""
    wrong = refusal(query)

    assert (wrong.rule, wrong.message) == (rule, message)


@pytest.mark.parametrize("query", [{}, {"did": []}, {"did": [""]}])
def test_a_required_parameter_has_to_be_there(query: dict[str, list[str]]) -> None:
    """An empty one is not."""
    with pytest.raises(InvalidData) as caught:
        required(query)

    assert (caught.value.rule, caught.value.expected, caught.value.path) == ("required", "did", ())
    assert caught.value.message == 'Params must have the property "did"'


def test_a_required_parameter_with_a_default_may_be_left_out() -> None:
    """Its default is what it is required to be."""
    assert required({"did": ["x"]}) == {"did": "x", "n": 1}


def test_the_defaults_are_not_shared_between_requests() -> None:
    """What one request does with its parameters, the next does not see."""
    coerce({})["number"] = 1

    assert coerce({}) == DEFAULTS


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*EVERYTHING.properties, "other"]), st.lists(st.text(max_size=20), max_size=5)))
def test_any_query_is_typed_or_refused(query: dict[str, list[str]]) -> None:
    """No query makes anything but InvalidData happen."""
    try:
        typed = coerce(query)
    except InvalidData:
        return
    assert typed.keys() <= EVERYTHING.properties.keys()
