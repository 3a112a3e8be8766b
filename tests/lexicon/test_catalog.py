"""Documents together: references across them, circles, and what is compiled when."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.lexicon import Catalog, InvalidData, InvalidLexicon, Method, RecordType, parse_document
from roost.lexicon.defs import Object, String


def catalog(**documents: dict[str, object]) -> Catalog:
    """Make a catalog of com.example.<name> with these definitions."""
    return Catalog.of(
        parse_document({"lexicon": 1, "id": f"com.example.{name}", "defs": defs}) for name, defs in documents.items()
    )


def ref(to: str) -> dict[str, object]:
    """Write a reference."""
    return {"type": "ref", "ref": to}


def record(**properties: object) -> dict[str, object]:
    """Write a record type with these properties."""
    return {"type": "record", "key": "tid", "record": {"type": "object", "properties": properties}}


def record_of(known: Catalog, nsid: str) -> RecordType:
    """Return a record type that is there."""
    found = known.record(nsid)
    assert found is not None
    return found


def method_of(known: Catalog, nsid: str) -> Method:
    """Return a method that is there."""
    found = known.method(nsid)
    assert found is not None
    return found


def refusal(known: Catalog, value: object) -> InvalidData:
    """Check a com.example.post that is not valid."""
    with pytest.raises(InvalidData) as caught:
        record_of(known, "com.example.post").check(value)
    return caught.value


POST = {"$type": "com.example.post"}
OBJECT = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def test_what_is_not_there_is_none() -> None:
    """Neither a document, nor a definition, nor a record type, nor a method."""
    known = catalog(post={"main": record()}, get={"main": {"type": "query"}})

    assert (known.document("com.example.x"), known.definition("com.example.x#y")) == (None, None)
    assert (known.record("com.example.x"), known.method("com.example.x")) == (None, None)
    assert (known.record("com.example.get"), known.method("com.example.post")) == (None, None)
    assert (known.record("com.example.post#main"), known.method("com.example.get#main")) == (None, None)


def test_definitions_are_found_by_reference() -> None:
    """With the NSID alone for the main one."""
    known = catalog(defs={"main": {"type": "object"}, "part": {"type": "string"}})

    assert known.definition("com.example.defs") == Object({})
    assert known.definition("com.example.defs#part") == String()
    assert [document.id for document in known] == ["com.example.defs"]


def test_references_lead_into_other_documents() -> None:
    """And are local to the document they stand in."""
    known = catalog(
        post={"main": record(x=ref("com.example.defs#outer")), "inner": {"type": "string"}},
        defs={"outer": {"type": "object", "properties": {"y": ref("#inner")}}, "inner": OBJECT},
    )

    record_of(known, "com.example.post").check({**POST, "x": {"y": {"n": 1}}})
    assert refusal(known, {**POST, "x": {"y": {}}}).message == 'Record/x/y must have the property "n"'


def test_a_schema_may_refer_to_itself() -> None:
    """A tree of replies is one."""
    node = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}, "kid": ref("#node")}}
    known = catalog(post={"main": record(tree=ref("#node")), "node": node})

    record_of(known, "com.example.post").check({**POST, "tree": {"n": 1, "kid": {"n": 2, "kid": {"n": 3}}}})
    assert refusal(known, {**POST, "tree": {"n": 1, "kid": {"n": 2, "kid": {}}}}).path == ("tree", "kid", "kid")


def test_schemas_may_refer_to_each_other_in_a_circle_of_documents() -> None:
    """Whichever of them is asked for first."""
    known = catalog(
        post={"main": record(a=ref("com.example.a"))},
        a={"main": {"type": "object", "properties": {"b": {"type": "array", "items": ref("com.example.b")}}}},
        b={"main": {"type": "object", "properties": {"a": {"type": "union", "refs": ["com.example.a"]}}}},
    )
    known.check("com.example.b", form="data")({"a": {"$type": "com.example.a", "b": []}})

    wrong = refusal(known, {**POST, "a": {"b": [{"a": {"$type": "com.example.a", "b": 1}}]}})
    assert wrong.path == ("a", "b", 0, "a", "b")


def test_too_deep_a_value_is_an_error_like_any() -> None:
    """Whoever sends a thousand levels must not take the server's stack."""
    known = catalog(
        post={"main": record(kid=ref("#node")), "node": {"type": "object", "properties": {"kid": ref("#node")}}}
    )
    value: dict[str, object] = {}
    for _ in range(5_000):
        value = {"kid": value}

    wrong = refusal(known, {**POST, **value})

    assert (wrong.rule, wrong.message) == ("depth", "Record is nested too deep")


def test_a_reference_to_nothing_shows_when_the_record_is_first_asked_for() -> None:
    """And every time after: nothing half-made is kept."""
    known = catalog(post={"main": record(x=ref("#a"), y=ref("com.example.missing")), "a": OBJECT})

    for _ in range(2):
        with pytest.raises(InvalidLexicon, match=r"com\.example\.missing is referred to, but not known"):
            known.record("com.example.post")


@pytest.mark.parametrize("definition", [{"type": "token"}, {"type": "query"}, {"type": "space"}])
def test_a_reference_to_what_has_no_data_is_the_documents_fault(definition: dict[str, object]) -> None:
    """A method is not a value, and neither is a token."""
    known = catalog(post={"main": record(x=ref("com.example.thing"))}, thing={"main": definition})

    with pytest.raises(InvalidLexicon, match=r"com\.example\.thing is referred to as data, but stands for none"):
        known.record("com.example.post")


def test_a_reference_to_a_record_means_the_whole_record() -> None:
    """With its `$type`."""
    known = catalog(post={"main": record(quoted=ref("com.example.quote"))}, quote={"main": record()})

    record_of(known, "com.example.post").check({**POST, "quoted": {"$type": "com.example.quote"}})
    assert refusal(known, {**POST, "quoted": {}}).message == 'Record/quoted must have the property "$type"'


def test_things_are_compiled_once() -> None:
    """The second caller gets what the first one did."""
    known = catalog(post={"main": record()}, get={"main": {"type": "query"}})

    assert known.record("com.example.post") is known.record("com.example.post")
    assert known.method("com.example.get") is known.method("com.example.get")


def test_the_later_of_two_documents_counts() -> None:
    """So that an operator's own copy can replace one that ships."""
    first, second = (
        parse_document(
            {
                "lexicon": 1,
                "id": "com.example.post",
                "defs": {"main": {"type": "record", "key": key, "record": {"type": "object"}}},
            }
        )
        for key in ("tid", "any")
    )

    assert record_of(Catalog.of([first, second]), "com.example.post").key == "any"


def test_a_record_type_judges_record_keys() -> None:
    """By the rule it declares."""
    post = record_of(catalog(post={"main": record()}), "com.example.post")

    post.check_key("3kznmn7xqxl22")
    with pytest.raises(InvalidData, match="Record key must be a valid TID"):
        post.check_key("self")


def test_a_method_types_parameters_and_judges_bodies() -> None:
    """Bodies as JSON decodes them, each with its own name in messages."""
    body = {"encoding": "application/json", "schema": {"type": "object", "properties": {"link": {"type": "cid-link"}}}}
    known = catalog(
        do={
            "main": {
                "type": "procedure",
                "parameters": {"type": "params", "properties": {"n": {"type": "integer"}}},
                "input": body,
                "output": body,
                "errors": [{"name": "Oops"}],
            }
        }
    )
    method = method_of(known, "com.example.do")
    assert method.input is not None
    assert method.input.check is not None
    assert method.output is not None
    assert method.output.check is not None

    assert method.params({"n": ["1"]}) == {"n": 1}
    assert (method.input.encoding, method.errors) == ("application/json", ("Oops",))
    method.input.check({"link": {"$link": "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq"}})
    with pytest.raises(InvalidData, match="Input must be an object"):
        method.input.check([])
    with pytest.raises(InvalidData, match="Output/link must be a CID link"):
        method.output.check({"link": 1})


def test_a_method_without_bodies_has_none() -> None:
    """And one without a schema has nothing to check them by."""
    known = catalog(get={"main": {"type": "query"}}, up={"main": {"type": "procedure", "input": {"encoding": "*/*"}}})
    bodies = method_of(known, "com.example.up").input

    assert (method_of(known, "com.example.get").input, method_of(known, "com.example.get").output) == (None, None)
    assert bodies is not None
    assert (bodies.encoding, bodies.check) == ("*/*", None)


def test_a_subscription_has_parameters() -> None:
    """Its messages are checked by the definitions its union names."""
    known = catalog(
        sub={"main": {"type": "subscription", "message": {"schema": {"type": "union", "refs": ["#m"]}}}, "m": OBJECT}
    )

    assert method_of(known, "com.example.sub").params({}) == {}
    known.check("com.example.sub#m", form="data")({"n": 1})


def test_a_check_of_nothing_is_refused() -> None:
    """There is no silent yes."""
    with pytest.raises(InvalidLexicon, match=r"com\.example\.x is not known"):
        catalog().check("com.example.x", form="json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$type", "text", "createdAt", "embed", "facets", "langs", "x"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_value_is_judged(today: Catalog, value: object) -> None:
    """No value makes anything but InvalidData happen, to a real and rich record type."""
    post = record_of(today, "app.bsky.feed.post")
    candidates = [value]
    if isinstance(value, dict):
        candidates.append({"text": "", "createdAt": "2024-10-30T22:25:23Z", **value, "$type": "app.bsky.feed.post"})

    assert {verdict(post, candidate).partition("/")[0].partition(" ")[0] for candidate in candidates} <= {
        "valid",
        "Record",
    }


def verdict(post: RecordType, value: object) -> str:
    """Return the message of the error, if there is one."""
    try:
        post.check(value)
    except InvalidData as wrong:
        return wrong.message
    return "valid"
