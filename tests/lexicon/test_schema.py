"""Reading Lexicon documents."""

import orjson
import pytest

from roost.lexicon import defs
from roost.lexicon.errors import InvalidLexicon
from roost.lexicon.schema import parse_document
from support.interop import interop, json_vectors


def document(main: object, **others: object) -> dict[str, object]:
    """Write a document with this main definition."""
    return {"lexicon": 1, "id": "com.example.thing", "defs": {"main": main, **others}}


def field(schema: object) -> defs.Schema:
    """Read a schema as a property of an object."""
    main = parse_document(document({"type": "object", "properties": {"x": schema}})).defs["main"]
    assert isinstance(main, defs.Object)
    return main.properties["x"]


def refusal(raw: object) -> InvalidLexicon:
    """Return the error of a document that is not valid."""
    with pytest.raises(InvalidLexicon) as caught:
        parse_document(raw)
    return caught.value


def test_valid_vectors_are_read() -> None:
    """The shared examples of documents."""
    for vector in json_vectors("lexicon/lexicon-valid.json"):
        parse_document(vector["lexicon"])


def test_invalid_vectors_are_refused() -> None:
    """The shared examples of what is no document."""
    for vector in json_vectors("lexicon/lexicon-invalid.json"):
        refusal(vector["lexicon"])


@pytest.mark.parametrize("name", ["permission-set", "procedure", "query", "record", "subscription"])
def test_the_shared_catalog_is_read(name: str) -> None:
    """One document for each primary type, with all there is in it."""
    parsed = parse_document(orjson.loads(interop(f"lexicon/catalog/{name}.json").read_bytes()))

    assert parsed.id.startswith("example.lexicon.")


def test_each_kind_of_field_keeps_its_constraints() -> None:
    """What the document says is in the value, under Python's names."""
    assert field({"type": "boolean", "const": True}) == defs.Boolean(const=True)
    assert field({"type": "integer", "minimum": 1, "maximum": 9, "default": 2, "enum": [2, 3]}) == defs.Integer(
        minimum=1, maximum=9, default=2, enum=(2, 3)
    )
    assert field(
        {
            "type": "string",
            "format": "did",
            "minLength": 1,
            "maxLength": 2,
            "minGraphemes": 3,
            "maxGraphemes": 4,
            "knownValues": ["a"],
            "enum": ["b"],
            "const": "b",
        }
    ) == defs.String("did", 1, 2, 3, 4, ("a",), ("b",), "b")
    assert field({"type": "bytes", "minLength": 1, "maxLength": 2}) == defs.Bytes(1, 2)
    assert field({"type": "cid-link"}) == defs.CidLink()
    assert field({"type": "blob", "accept": ["image/*"], "maxSize": 5}) == defs.Blob(("image/*",), 5)
    assert field({"type": "unknown"}) == defs.Unknown()
    assert field({"type": "array", "items": {"type": "boolean"}, "minLength": 1, "maxLength": 2}) == defs.Array(
        defs.Boolean(), 1, 2
    )
    assert field(
        {"type": "object", "properties": {"a": {"type": "unknown"}}, "required": ["a"], "nullable": ["a"]}
    ) == defs.Object({"a": defs.Unknown()}, frozenset("a"), frozenset("a"))


@pytest.mark.parametrize(
    ("ref", "absolute"),
    [
        ("#local", "com.example.thing#local"),
        ("#main", "com.example.thing"),
        ("com.example.other", "com.example.other"),
        ("com.example.other#main", "com.example.other"),
        ("com.example.other#part", "com.example.other#part"),
    ],
)
def test_references_become_absolute(ref: str, absolute: str) -> None:
    """In the form that `$type` has in data: never with #main."""
    assert field({"type": "ref", "ref": ref}) == defs.Ref(absolute)
    assert field({"type": "union", "refs": [ref], "closed": True}) == defs.Union((absolute,), closed=True)


@pytest.mark.parametrize(
    "ref", ["", "#", "thing", "com.example.other#", "com.example.other#a#b", "#a b", "com.example.*"]
)
def test_references_have_to_name_something(ref: str) -> None:
    """An NSID, a # and a name, or one of the two halves."""
    assert refusal(document({"type": "object", "properties": {"x": {"type": "ref", "ref": ref}}})).path[-1] == "ref"


def test_methods_keep_parameters_bodies_and_errors() -> None:
    """A procedure has all there is to a method."""
    raw = document(
        {
            "type": "procedure",
            "parameters": {"type": "params", "required": ["a"], "properties": {"a": {"type": "string"}}},
            "input": {"encoding": "*/*"},
            "output": {"encoding": "application/json", "schema": {"type": "ref", "ref": "#part"}},
            "errors": [{"name": "Oops", "description": "It went wrong."}],
        }
    )

    assert parse_document(raw).defs["main"] == defs.Procedure(
        defs.Params({"a": defs.String()}, frozenset("a")),
        defs.Body("*/*"),
        defs.Body("application/json", defs.Ref("com.example.thing#part")),
        ("Oops",),
    )


def test_a_method_needs_nothing_but_its_type() -> None:
    """Everything else is optional."""
    assert parse_document(document({"type": "query"})).defs["main"] == defs.Query(defs.Params({}), None, ())


def test_a_subscription_has_a_union_for_its_messages() -> None:
    """An object alone could not be told apart from a later second kind of message."""
    union = {"type": "union", "refs": ["#part"]}

    assert parse_document(document({"type": "subscription", "message": {"schema": union}})).defs[
        "main"
    ] == defs.Subscription(defs.Params({}), defs.Union(("com.example.thing#part",)), ())
    assert refusal(document({"type": "subscription", "message": {"schema": {"type": "object"}}})).path[-1] == "type"
    assert refusal(document({"type": "subscription"})).path == ("defs", "main", "message")


def test_permissions_say_which_of_their_fields_are_unknown() -> None:
    """Whoever grants access must ignore a permission that a newer field may narrow."""
    raw = document(
        {
            "type": "permission-set",
            "title": "Title",
            "title:lang": {"de": "Titel"},
            "permissions": [
                {"type": "permission", "resource": "repo", "collection": ["com.example.thing"], "action": ["create"]},
                {"type": "permission", "resource": "rpc", "lxm": ["com.example.do"], "inheritAud": True, "until": "x"},
                {"type": "permission", "resource": "blob", "accept": ["*/*"]},
            ],
        }
    )

    assert parse_document(raw).defs["main"] == defs.PermissionSet(
        (
            defs.Permission("repo", collection=("com.example.thing",), action=("create",)),
            defs.Permission("rpc", lxm=("com.example.do",), inherit_aud=True, unsupported=frozenset({"until"})),
            defs.Permission("blob", unsupported=frozenset({"accept"})),
        ),
        title="Title",
        detail=None,
        titles={"de": "Titel"},
        details={},
    )


def test_tokens_and_values_may_be_named() -> None:
    """Any type with data of its own, and the token, which has none."""
    parsed = parse_document(
        document({"type": "token"}, text={"type": "string"}, list={"type": "array", "items": {"type": "integer"}})
    )

    assert parsed.defs == {"main": defs.Token(), "text": defs.String(), "list": defs.Array(defs.Integer())}


def test_fields_the_language_does_not_have_are_ignored() -> None:
    """It grows, and authors add notes."""
    raw = {**document({"type": "string", "pattern": "x"}), "$type": "com.atproto.lexicon.schema", "revision": 3}

    assert parse_document(raw).defs["main"] == defs.String()


def test_an_object_may_leave_its_properties_out() -> None:
    """The language says they are required, but published documents have it so."""
    assert parse_document(document({"type": "object"})).defs["main"] == defs.Object({})


def test_a_main_definition_may_be_of_the_draft_type_space() -> None:
    """The language does not have it yet, but published documents do."""
    assert parse_document(document({"type": "space", "key": "any"})).defs["main"] == defs.Space()


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ([], ()),
        ({"lexicon": 2, "id": "com.example.thing", "defs": {"main": STRING}}, ("lexicon",)),
        ({"lexicon": True, "id": "com.example.thing", "defs": {"main": STRING}}, ("lexicon",)),
        ({"lexicon": 1, "id": "com.example.thing#main", "defs": {"main": STRING}}, ("id",)),
        ({"lexicon": 1, "id": "com.example.thing", "defs": {}}, ("defs",)),
        ({"lexicon": 1, "id": "com.example.thing"}, ("defs",)),
        (document(STRING, **{"#part": STRING}), ("defs", "#part")),
        (document({}), ("defs", "main", "type")),
        (document({"type": "null"}), ("defs", "main", "type")),
        (document({"type": "union", "refs": []}), ("defs", "main", "type")),
        (document({"type": "params"}), ("defs", "main", "type")),
        (document({"type": "permission", "resource": "repo"}), ("defs", "main", "type")),
        (document(STRING, part={"type": "query"}), ("defs", "part", "type")),
        (document({"type": "string", "description": 1}), ("defs", "main", "description")),
        (document({"type": "record", "record": {"type": "object"}}), ("defs", "main", "key")),
        (document({"type": "record", "key": "uuid", "record": {"type": "object"}}), ("defs", "main", "key")),
        (document({"type": "record", "key": "tid", "record": STRING}), ("defs", "main", "record", "type")),
        (document({"type": "record", "key": "tid"}), ("defs", "main", "record")),
        (document({"type": "query", "output": {}}), ("defs", "main", "output", "encoding")),
        (
            document({"type": "query", "output": {"encoding": "a/b", "schema": STRING}}),
            ("defs", "main", "output", "schema"),
        ),
        (document({"type": "query", "errors": [{"name": "not a name"}]}), ("defs", "main", "errors", 0, "name")),
        (document({"type": "query", "parameters": {"type": "object"}}), ("defs", "main", "parameters", "type")),
        (document({"type": "permission-set"}), ("defs", "main", "permissions")),
        (
            document({"type": "permission-set", "permissions": [{"type": "permission"}]}),
            ("defs", "main", "permissions", 0, "resource"),
        ),
        (
            document({"type": "permission-set", "permissions": [{"type": "string", "resource": "repo"}]}),
            ("defs", "main", "permissions", 0, "type"),
        ),
    ],
)
def test_a_broken_document_is_refused_at_the_place_that_is_wrong(raw: object, path: tuple[str | int, ...]) -> None:
    """The author is told where to look."""
    assert refusal(raw).path == path


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"type": "token"}, "type"),
        ({"type": "record", "key": "tid", "record": {"type": "object"}}, "type"),
        ({"type": "boolean", "const": 1}, "const"),
        ({"type": "boolean", "const": True, "default": True}, "default"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "minimum"),
        ({"type": "integer", "minimum": True}, "minimum"),
        ({"type": "integer", "enum": ["1"]}, "enum"),
        ({"type": "string", "format": "email"}, "format"),
        ({"type": "string", "maxLength": -1}, "maxLength"),
        ({"type": "string", "minLength": 2, "maxLength": 1}, "minLength"),
        ({"type": "string", "minGraphemes": 2, "maxGraphemes": 1}, "minGraphemes"),
        ({"type": "string", "const": "a", "default": "a"}, "default"),
        ({"type": "string", "knownValues": "a"}, "knownValues"),
        ({"type": "bytes", "minLength": 2, "maxLength": 1}, "minLength"),
        ({"type": "array"}, "items"),
        ({"type": "blob", "accept": ["image"]}, "accept"),
        ({"type": "blob", "accept": ["image/p*"]}, "accept"),
        ({"type": "blob", "accept": ["*"]}, "accept"),
        ({"type": "blob", "maxSize": "1"}, "maxSize"),
        ({"type": "object", "required": ["a"], "properties": {}}, "required"),
        ({"type": "object", "nullable": ["a"], "properties": {}}, "nullable"),
        ({"type": "ref"}, "ref"),
        ({"type": "union"}, "refs"),
        ({"type": "union", "refs": [], "closed": True}, "refs"),
    ],
)
def test_a_broken_field_is_refused_with_its_name(schema: object, name: str) -> None:
    """One rule of the language each."""
    raw = document({"type": "object", "properties": {"x": schema}})

    assert refusal(raw).path == ("defs", "main", "properties", "x", name)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "unknown"},
        {"type": "ref", "ref": "#part"},
        {"type": "bytes"},
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
    ],
)
def test_parameters_have_to_fit_in_a_url(schema: object) -> None:
    """Scalars, and arrays of scalars."""
    raw = document({"type": "query", "parameters": {"type": "params", "properties": {"x": schema}}})

    assert refusal(raw).path == ("defs", "main", "parameters", "properties")
