"""Query strings and JSON bodies into Structs."""

import contextlib
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.api.decode import json_decoder, params_decoder, query_texts
from roost.api.errors import BodyRequired, InvalidBody, InvalidParams
from roost.data.cid import Cid
from roost.lexicon import Catalog, InvalidData, parse_document
from roost.syntax import Did, InvalidSyntax
from support.edge import CREATE_INPUT, LIST_PARAMS, CreateInput, ListParams

DOCUMENT = {
    "lexicon": 1,
    "id": "a.b.c",
    "defs": {"main": {"type": "procedure", "parameters": LIST_PARAMS, "input": CREATE_INPUT}},
}
METHOD = Catalog.of([parse_document(DOCUMENT)]).method("a.b.c")
assert METHOD is not None
assert METHOD.input is not None
assert METHOD.input.check is not None

params = params_decoder("a.b.c", METHOD.params, ListParams)
body = json_decoder("a.b.c", METHOD.input.check, CreateInput)


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        (b"a=1&a=2&b=3", {"a": ["1", "2"], "b": ["3"]}),
        (b"a=b=c", {"a": ["b=c"]}),
        (b"a", {}),
        (b"a=&=&&", {}),
        (b"=x", {"": ["x"]}),
        (b"a+b=c+d%2Be", {"a b": ["c d+e"]}),
        (b"a=%zz%4", {"a": ["%zz%4"]}),
        (b"a=%C3%A9\xc3\xa9", {"a": ["éé"]}),
        (b"a%3D=%26", {"a=": ["&"]}),
        (b"a=1;b=2", {"a": ["1;b=2"]}),
    ],
)
def test_a_query_is_split_like_a_form(query: bytes, texts: dict[str, list[str]]) -> None:
    """The rules are those of URLSearchParams, which every other implementation uses."""
    assert query_texts(query) == texts


@settings(max_examples=100)
@given(st.lists(st.tuples(st.text(), st.text(min_size=1)).filter(lambda pair: "\0" not in "".join(pair))))
def test_what_was_written_is_read(pairs: list[tuple[str, str]]) -> None:
    """Whatever a client puts into a query comes out again."""
    texts: dict[str, list[str]] = {}
    for name, value in pairs:
        texts.setdefault(name, []).append(value)

    assert query_texts(urlencode(pairs).encode()) == texts


@settings(max_examples=100)
@given(st.binary())
def test_any_bytes_are_a_query_or_a_value_error(query: bytes) -> None:
    """Foreign bytes end in one of two ways."""
    with contextlib.suppress(ValueError):
        query_texts(query)


def test_params_are_typed() -> None:
    """Each parameter arrives as what the Struct says."""
    typed = params(b"repo=did:web:a.test&limit=7&reverse=true&tags=x&tags=y")

    assert typed == ListParams(Did.parse("did:web:a.test"), 7, True, ["x", "y"])
    assert type(typed.repo) is Did


def test_the_structured_reason_is_the_cause() -> None:
    """Another generation's words are made from the rule that was broken, not from the text."""
    with pytest.raises(InvalidParams) as error:
        params(b"repo=did:web:a.test&limit=0")

    cause = error.value.__cause__
    assert isinstance(cause, InvalidData)
    assert (cause.rule, cause.path, cause.expected) == ("minimum", ("limit",), 1)
    assert error.value.nsid == "a.b.c"


def test_an_identifier_the_lexicon_does_not_judge_is_judged_by_its_type() -> None:
    """A Struct may be stricter than the lexicon, as with the documents of 2022, which name no formats."""

    class Params(msgspec.Struct):
        repo: Did

    decode = params_decoder("a.b.c", lambda query: {name: texts[0] for name, texts in query.items()}, Params)

    with pytest.raises(InvalidParams, match=r"Invalid a\.b\.c params: not a valid did") as error:
        decode(b"repo=alice")
    assert isinstance(error.value.__cause__.__cause__ if error.value.__cause__ else None, InvalidSyntax)


def test_a_body_is_typed_and_its_record_is_data() -> None:
    """Links and bytes of a record are values; the record itself stays a map."""
    link = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
    text = b'{"repo":"did:web:a.test","record":{"a":{"$link":"%s"},"b":[{"$bytes":"aGk"}]},"unknown":1}'

    typed = body(text % link.encode())

    assert typed == CreateInput(Did.parse("did:web:a.test"), {"a": Cid.parse(link), "b": [b"hi"]})


def test_no_body_is_required() -> None:
    """Nothing at all is another mistake than a wrong body."""
    with pytest.raises(BodyRequired):
        body(b"")


def test_the_reason_of_a_wrong_body_is_the_cause() -> None:
    """The cause says what is missing, for other words than these."""
    with pytest.raises(InvalidBody, match=r'Invalid a\.b\.c input: Input must have the property "record"') as error:
        body(b'{"repo":"did:web:a.test"}')

    cause = error.value.__cause__
    assert isinstance(cause, InvalidData)
    assert (cause.rule, cause.expected) == ("required", "record")


@settings(max_examples=100)
@given(st.binary())
def test_any_bytes_are_an_input_or_refused(junk: bytes) -> None:
    """Nothing but the two errors comes out of foreign bytes."""
    with pytest.raises((InvalidBody, BodyRequired)):
        body(junk)


def test_a_type_that_cannot_be_parsed_is_our_fault() -> None:
    """A Struct with a field that nothing can fill in is not the client's mistake."""

    class Strange(msgspec.Struct):
        repo: complex

    decode = json_decoder("a.b.c", lambda value: None, Strange)

    with pytest.raises(NotImplementedError, match="cannot be a complex"):
        decode(b'{"repo":"x"}')
