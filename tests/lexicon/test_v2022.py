"""The documents of 2022, held against a table of what the method reference of 12 October 2022 says."""

import re

import pytest

from roost.lexicon import Catalog, InvalidData
from roost.lexicon.defs import Array, Boolean, Integer, Object, Params, Procedure, Query, Ref, Schema, String, Unknown

# Each method: its kind, then parameters, input and output in a short notation. `name?` is optional, `=x` is a default,
# `*` an object of any shape. An encoding stands alone where no schema goes with it.
SHAPES = {
    "createAccount": ("procedure", "", "email username inviteCode? password", "jwt username did"),
    "createInviteCode": ("procedure", "", "useCount:int", "code"),
    "createSession": ("procedure", "", "username password", "jwt name did"),
    "deleteAccount": ("procedure", "", "*/*", "*"),
    "deleteSession": ("procedure", "", "*/*", "*"),
    "getAccount": ("query", "", "", "*"),
    "getAccountsConfig": ("query", "", "", "inviteCodeRequired?:bool availableUserDomains:[]"),
    "getSession": ("query", "", "", "name did"),
    "repoBatchWrite": ("procedure", "did validate?:bool=True", "writes:[#write]", "*"),
    "repoCreateRecord": ("procedure", "did type validate?:bool=True", "*", "uri"),
    "repoDeleteRecord": ("procedure", "did type tid", "", ""),
    "repoDescribe": ("query", "nameOrDid", "", "name did didDoc:{} collections:[] nameIsCorrect:bool"),
    "repoGetRecord": ("query", "nameOrDid type tid", "", "uri value:{}"),
    "repoListRecords": (
        "query",
        "nameOrDid type limit?:int>=1=50 before? after? reverse?:bool=False",
        "",
        "records:[#record]",
    ),
    "repoPutRecord": ("procedure", "did type tid validate?:bool=True", "*", "uri"),
    "requestAccountPasswordReset": ("procedure", "", "email", "*"),
    "resetAccountPassword": ("procedure", "", "token password", "*"),
    "resolveName": ("query", "name?", "", "did"),
    "syncGetRepo": ("query", "did from?", "", "application/cbor"),
    "syncGetRoot": ("query", "did", "", "root"),
    "syncUpdateRepo": ("procedure", "did", "application/cbor", ""),
}

ERRORS = {
    "createAccount": ("InvalidUsername", "InvalidPassword", "InvalidInviteCode", "UsernameNotAvailable"),
    "resetAccountPassword": ("ExpiredToken", "InvalidToken"),
}


def main_of(catalog: Catalog, name: str) -> Query | Procedure:
    """Return the main definition of a method."""
    found = catalog.definition(f"com.atproto.{name}")
    assert isinstance(found, Query | Procedure)
    return found


def notation(schema: Schema) -> str:
    """Write a schema in the notation of the table."""
    match schema:
        case Boolean():
            return ":bool" if schema.default is None else f":bool={schema.default}"
        case Integer():
            bound = "" if schema.minimum is None else f">={schema.minimum}"
            return f":int{bound}" + ("" if schema.default is None else f"={schema.default}")
        case Unknown():
            return ":{}"
        case Array(items=Ref(ref=ref)):
            return f":[#{ref.partition('#')[2]}]"
        case Array(items=String()):
            return ":[]"
        case _:
            assert schema == String(), "a plain string is all that is left"
            return ""


def shape(of: Object | Params) -> str:
    """Write an object or parameters in the notation of the table."""
    fields = (f"{name}{'' if name in of.required else '?'}{notation(schema)}" for name, schema in of.properties.items())
    return " ".join(fields) or ("*" if isinstance(of, Object) else "")


def body_shape(catalog: Catalog, name: str, which: str) -> str:
    """Write an input or an output in the notation of the table."""
    body = getattr(main_of(catalog, name), which, None)
    if body is None:
        return ""
    if body.schema is None:
        return str(body.encoding)
    assert body.encoding == "application/json"
    assert isinstance(body.schema, Object)
    return shape(body.schema)


def test_there_are_21_methods_and_one_record_type(v2022: Catalog) -> None:
    """The whole system of that day."""
    assert sorted(document.id for document in v2022) == sorted(["app.bsky.post", *(f"com.atproto.{m}" for m in SHAPES)])
    assert len(SHAPES) == 21


@pytest.mark.parametrize("name", SHAPES)
def test_a_method_has_the_shape_of_the_reference(v2022: Catalog, name: str) -> None:
    """Kind, parameters, input, output."""
    main = main_of(v2022, name)
    kind = "procedure" if isinstance(main, Procedure) else "query"

    actual = (kind, shape(main.parameters), body_shape(v2022, name, "input"), body_shape(v2022, name, "output"))
    assert actual == SHAPES[name]


@pytest.mark.parametrize("name", SHAPES)
def test_a_method_declares_the_errors_of_that_day(v2022: Catalog, name: str) -> None:
    """Two methods have any."""
    assert main_of(v2022, name).errors == ERRORS.get(name, ())


@pytest.mark.parametrize("name", SHAPES)
def test_a_method_compiles(v2022: Catalog, name: str) -> None:
    """Nothing in these documents refers outside of them."""
    assert v2022.method(f"com.atproto.{name}") is not None


def test_a_listed_record_is_its_uri_and_its_value(v2022: Catalog) -> None:
    """No CID: that came later."""
    record = v2022.definition("com.atproto.repoListRecords#record")
    assert isinstance(record, Object)

    assert shape(record) == "uri value:{}"


def test_a_write_of_a_batch_says_its_action(v2022: Catalog) -> None:
    """One of three; what else each needs, this language cannot say."""
    write = v2022.definition("com.atproto.repoBatchWrite#write")
    assert isinstance(write, Object)

    assert write.required == {"action", "collection"}
    assert write.properties == {
        "action": String(enum=("create", "update", "delete")),
        "collection": String(),
        "tid": String(),
        "value": Unknown(),
    }


def test_validation_is_on_when_nothing_is_said(v2022: Catalog) -> None:
    """As the reference says, though the server of the time did not do so."""
    method = v2022.method("com.atproto.repoCreateRecord")
    assert method is not None

    assert method.params({"did": ["did:web:a.test"], "type": ["app.bsky.post"]})["validate"] is True


POST = {"$type": "app.bsky.post", "text": "Hello", "createdAt": "2022-10-12T10:00:00.000Z"}
ENTITY = {"index": [0, 5], "type": "mention", "value": "did:web:a.test"}


def check_post(catalog: Catalog, value: object) -> None:
    """Check a post of 2022."""
    post = catalog.record("app.bsky.post")
    assert post is not None
    post.check(value)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"text": "x" * 256},
        {"text": "🙂" * 256},
        {"reply": {"root": "at://a"}},
        {"reply": {"root": "at://a", "parent": "at://b"}},
        {"entities": []},
        {"entities": [ENTITY]},
        {"anything": "else"},
    ],
)
def test_a_post_of_2022_passes(v2022: Catalog, more: dict[str, object]) -> None:
    """Text, time, and perhaps a reply and entities."""
    check_post(v2022, {**POST, **more})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"text": "x" * 257}, "Record/text must not be longer than 256 graphemes"),
        ({"text": None}, "Record/text must be a string, not null"),
        ({"createdAt": "yesterday"}, "Record/createdAt must be a valid datetime"),
        ({"reply": {"parent": "at://b"}}, 'Record/reply must have the property "root"'),
        ({"entities": [{**ENTITY, "index": [0]}]}, "Record/entities/0/index must not have fewer than 2 elements"),
        ({"entities": [{**ENTITY, "index": [0, 1, 2]}]}, "Record/entities/0/index must not have more than 2 elements"),
        ({"entities": [{**ENTITY, "index": [-1, 5]}]}, "Record/entities/0/index/0 can not be less than 0"),
        ({"entities": [{"index": [0, 5], "type": "link"}]}, 'Record/entities/0 must have the property "value"'),
    ],
)
def test_a_wrong_post_of_2022_is_refused(v2022: Catalog, more: dict[str, object], message: str) -> None:
    """With a path to what is wrong."""
    with pytest.raises(InvalidData, match=f"^{re.escape(message)}$"):
        check_post(v2022, {**POST, **more})


@pytest.mark.parametrize("rkey", ["3kznmn7xqxl22", "foo"])
def test_a_post_of_2022_may_have_any_key(v2022: Catalog, rkey: str) -> None:
    """Creating one mints a TID, but put takes the caller's key."""
    post = v2022.record("app.bsky.post")
    assert post is not None

    post.check_key(rkey)
