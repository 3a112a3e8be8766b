"""Objects, arrays, references, unions and records; and the shared vectors for records."""

import orjson
import pytest

from roost.data.json import from_json
from roost.lexicon import Catalog, RecordType, parse_document
from roost.lexicon.defs import Array, Boolean, Integer, Object, Record, Ref, Schema, String, Union, Unknown
from roost.lexicon.errors import InvalidData, InvalidLexicon
from roost.lexicon.leaves import Check
from roost.lexicon.validate import compile_record, compile_schema
from support.interop import interop

KNOWN: dict[str, Schema] = {
    "com.example.a": Object({"a": Integer()}, required=frozenset("a")),
    "com.example.b#part": Object({"b": Integer()}),
}


def resolve(ref: str) -> Check | None:
    """Know two definitions."""
    return compiled(KNOWN[ref]) if ref in KNOWN else None


def compiled(schema: Schema) -> Check:
    """Compile a schema that may refer to them."""
    return compile_schema(schema, form="data", resolve=resolve)


def refusal(check: Check, value: object) -> InvalidData:
    """Return the error of a value that does not pass."""
    with pytest.raises(InvalidData) as caught:
        check(value)
    return caught.value


@pytest.fixture(scope="module")
def shared() -> RecordType:
    """The record type that the shared vectors are written for, out of the shared catalog."""
    names = ("permission-set", "procedure", "query", "record", "subscription")
    documents = (orjson.loads(interop(f"lexicon/catalog/{name}.json").read_bytes()) for name in names)
    found = Catalog.of(map(parse_document, documents)).record("example.lexicon.record")
    assert found is not None
    return found


def vectors(name: str) -> list[dict[str, object]]:
    """Read shared vectors, with links in blobs to raw bytes: those in the file are to DAG-CBOR, which no blob is."""
    found: list[dict[str, object]] = orjson.loads(
        interop(name).read_bytes().replace(b"bafyreiclp443", b"bafkreiclp443")
    )
    assert found, f"{name} holds no vectors"
    return found


def test_valid_record_vectors_pass(shared: RecordType) -> None:
    """The shared examples of records."""
    for vector in vectors("lexicon/record-data-valid.json"):
        shared.check(from_json(vector["data"]))
        shared.check_key(str(vector["rkey"]))


def test_invalid_record_vectors_are_refused(shared: RecordType) -> None:
    """The shared examples of what is no record."""
    for vector in vectors("lexicon/record-data-invalid.json"):
        value = from_json(vector["data"])

        assert refusal(shared.check, value).message.startswith("Record"), vector["name"]


def test_an_object_has_its_required_properties() -> None:
    """The path is that of the object; the property is what was expected there."""
    check = compiled(Object({"o": Object({"a": Integer()}, required=frozenset("a"))}))
    wrong = refusal(check, {"o": {}})

    assert (wrong.rule, wrong.expected, wrong.path) == ("required", "a", ("o",))
    assert wrong.message == 'Value/o must have the property "a"'


def test_an_object_may_have_further_properties() -> None:
    """Schemas grow; data from the future is valid."""
    compiled(Object({"a": Integer()}))({"b": "anything", "c": None})


def test_a_required_property_with_a_default_may_be_left_out() -> None:
    """The reference implementation fills it in."""
    compiled(Object({"a": Integer(default=1)}, required=frozenset("a")))({})


def test_null_is_a_value_only_where_the_schema_says_so() -> None:
    """Null is not absent."""
    check = compiled(Object({"a": Integer(), "b": Integer()}, nullable=frozenset("a")))

    check({"a": None})
    check({"a": 1})
    assert (refusal(check, {"b": None}).rule, refusal(check, {"b": None}).path) == ("nullable", ("b",))
    assert refusal(check, {"a": "x"}).rule == "type"


def test_a_required_nullable_property_may_be_null() -> None:
    """It is there."""
    compiled(Object({"a": Integer()}, required=frozenset("a"), nullable=frozenset("a")))({"a": None})


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_only_a_map_is_an_object(value: object) -> None:
    """Whatever else it could be taken for."""
    assert refusal(compiled(Object({})), value).expected == "object"


def test_an_array_has_a_length_and_like_elements() -> None:
    """An element's path ends in its position."""
    check = compiled(Array(Boolean(), min_length=1, max_length=2))

    check([True])
    assert refusal(check, {}).message == "Value must be an array"
    assert refusal(check, []).message == "Value must not have fewer than 1 elements"
    assert refusal(check, [True] * 3).message == "Value must not have more than 2 elements"
    assert refusal(check, [True, 1]).path == (1,)


def test_the_path_leads_through_everything() -> None:
    """From the outside in."""
    check = compiled(Object({"list": Array(Object({"a": Array(Integer())}))}))
    wrong = refusal(check, {"list": [{"a": []}, {"a": [1, 2, "x"]}]})

    assert wrong.path == ("list", 1, "a", 2)
    assert wrong.message == "Value/list/1/a/2 must be an integer"


def test_a_reference_means_what_it_refers_to() -> None:
    """And adds nothing to the path."""
    assert refusal(compiled(Ref("com.example.a")), {"a": "x"}).path == ("a",)


def test_a_reference_to_nothing_is_the_documents_fault() -> None:
    """It shows when the schema is compiled, not when some data comes by."""
    with pytest.raises(InvalidLexicon, match=r"com\.example\.c is referred to, but not known"):
        compiled(Ref("com.example.c"))


REFS = ("com.example.a", "com.example.b#part")


def test_a_union_goes_by_the_type() -> None:
    """The variant named is the one that judges."""
    check = compiled(Union(REFS))

    check({"$type": "com.example.a", "a": 1})
    check({"$type": "com.example.b#part"})
    assert refusal(check, {"$type": "com.example.a"}).rule == "required"
    assert refusal(check, {"$type": "com.example.b#part", "b": "x"}).path == ("b",)


@pytest.mark.parametrize("value", [123, "com.example.a", {}, {"a": 1}, {"$type": 1}, {"$type": ""}, None, []])
@pytest.mark.parametrize("closed", [True, False])
def test_a_union_needs_an_object_that_says_its_type(value: object, *, closed: bool) -> None:
    """Open or closed."""
    wrong = refusal(compiled(Union(REFS, closed=closed)), value)

    assert (wrong.rule, wrong.expected, wrong.path) == ("union", REFS, ())
    assert wrong.message == 'Value must be an object which includes the "$type" property'


def test_an_open_union_admits_what_it_does_not_know() -> None:
    """Without judging it."""
    compiled(Union(REFS))({"$type": "com.example.c", "a": "x"})


def test_a_closed_union_does_not() -> None:
    """The error names what would have done."""
    wrong = refusal(compiled(Union(REFS, closed=True)), {"$type": "com.example.c"})

    assert (wrong.rule, wrong.path) == ("union", ("$type",))
    assert wrong.message == "Value/$type must be one of com.example.a, com.example.b#part"


def test_a_known_variant_cannot_be_smuggled_in_as_an_unknown_one() -> None:
    """A main definition's `$type` is the NSID alone."""
    assert refusal(compiled(Union(REFS)), {"$type": "com.example.a#main", "a": "x"}).rule == "union"


def test_an_empty_open_union_is_any_object_with_a_type() -> None:
    """Like unknown, but for the type."""
    compiled(Union(()))({"$type": "com.example.c"})


def test_an_open_union_passes_variants_that_are_not_at_hand() -> None:
    """A catalog need not hold the whole world."""
    compiled(Union(("com.example.c",)))({"$type": "com.example.c", "x": 1})


def test_a_closed_union_needs_all_of_its_variants() -> None:
    """Otherwise it would be open without saying so."""
    with pytest.raises(InvalidLexicon, match=r"com\.example\.c"):
        compiled(Union(("com.example.c",), closed=True))


RECORD = compile_record(
    Record("tid", Object({"text": String()}, required=frozenset({"text"}))),
    nsid="com.example.record",
    form="data",
    resolve=resolve,
)


def test_a_record_says_its_type() -> None:
    """So that it can be told what it is outside of its repository."""
    RECORD({"$type": "com.example.record", "text": ""})
    assert refusal(RECORD, {"text": ""}).expected == "$type"
    assert refusal(RECORD, {"$type": "com.example.other", "text": ""}).message == (
        "Value/$type must be com.example.record"
    )
    assert refusal(RECORD, []).message == "Value must be an object"


def test_the_rest_of_a_record_is_an_object() -> None:
    """With the object's errors."""
    assert refusal(RECORD, {"$type": "com.example.record"}).expected == "text"
    assert refusal(RECORD, {"$type": "com.example.record", "text": 1}).path == ("text",)


def test_every_field_type_compiles() -> None:
    """Unknown stands for the leaves; their own tests have the rest."""
    compiled(Unknown())({})
