"""Reads a Lexicon document, as decoded from JSON, into the definitions of defs.py: version 1 of the language, whole.

Strict about what the language defines; fields it does not define are ignored, since the language grows. Lenient where
published documents are, and nowhere else: an object may omit `properties`, and a main definition may be of the draft
type `space`. It does not know where documents come from, nor whether what a `ref` names exists: that is for the
catalog to see. Section names are those of https://atproto.com/specs/lexicon.
"""

import re
from collections.abc import Callable, Collection
from typing import Final

from roost.lexicon.defs import (
    Array,
    Blob,
    Body,
    Boolean,
    Bytes,
    CidLink,
    Definition,
    Document,
    Integer,
    Object,
    Params,
    Permission,
    PermissionSet,
    Procedure,
    Query,
    Record,
    Ref,
    Schema,
    Space,
    String,
    Subscription,
    Token,
    Union,
    Unknown,
)
from roost.lexicon.errors import InvalidLexicon
from roost.lexicon.fields import Fields
from roost.lexicon.formats import FORMATS
from roost.lexicon.record_key import is_record_key_rule
from roost.syntax import InvalidSyntax, Nsid

VERSION: Final = 1
"""The only version of the language there is ("Lexicon Files")."""

DEF_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
"""What may follow the `#` of a reference. The specification gives no grammar; published documents keep to this."""

MEDIA_RANGE: Final = re.compile(r"\*/\*|[a-zA-Z0-9!#$&^_.+-]+/(\*|[a-zA-Z0-9!#$&^_.+-]+)", re.ASCII)
"""A media type, `image/*` or `*/*`; partial patterns and a lone `*` are not supported ("blob")."""

PERMISSION_FIELDS: Final = {
    "repo": frozenset({"collection", "action"}),
    "rpc": frozenset({"lxm", "aud", "inheritAud"}),
}
"""The fields that each kind of resource has today ("permission")."""


def parse_document(raw: object) -> Document:
    """Read a Lexicon document from decoded JSON. Raises InvalidLexicon ("Lexicon Files")."""
    fields = Fields.of(raw, ())
    if fields.number("lexicon") != VERSION:
        raise fields.wrong("lexicon", f"must be {VERSION}")
    try:
        nsid = Nsid.parse(fields.needed_text("id"))
    except InvalidSyntax as error:
        raise fields.wrong("id", f"must be an NSID: {error}") from error
    fields.text("description")
    defs = {name: _definition(name, inner, nsid) for name, inner in fields.child("defs").members()}
    if not defs:
        raise fields.wrong("defs", "must hold at least one definition")
    return Document(nsid, defs)


def _definition(name: str, fields: Fields, home: str) -> Definition:
    if not DEF_NAME.fullmatch(name):
        raise InvalidLexicon(fields.path, "is not a name for a definition")
    fields.text("description")
    kind = fields.needed_text("type")
    if kind in PRIMARY:
        if name != "main":
            raise fields.wrong("type", f"may be {kind} only in the definition main")
        return PRIMARY[kind](fields, home)
    if kind == "token":
        return Token()
    # "ref", "union" and "unknown" say nothing that a name could be given to.
    if kind not in FIELD or kind in ("ref", "union", "unknown"):
        raise fields.wrong("type", f"may not be {kind} in a definition")
    return FIELD[kind](fields, home)


def _field(fields: Fields, home: str) -> Schema:
    fields.text("description")
    kind = fields.needed_text("type")
    if kind not in FIELD:
        raise fields.wrong("type", f"may not be {kind} in a field")
    return FIELD[kind](fields, home)


def _record(fields: Fields, home: str) -> Record:
    key = fields.needed_text("key")
    if not is_record_key_rule(key):
        raise fields.wrong("key", "must be tid, nsid, any or literal:<record key>")
    inner = fields.child("record")
    if inner.text("type") != "object":
        raise inner.wrong("type", "must be object")
    return Record(key, _object(inner, home))


def _query(fields: Fields, home: str) -> Query:
    return Query(_parameters(fields, home), _body(fields, "output", home), _errors(fields))


def _procedure(fields: Fields, home: str) -> Procedure:
    carried = _body(fields, "input", home), _body(fields, "output", home)
    return Procedure(_parameters(fields, home), *carried, _errors(fields))


def _subscription(fields: Fields, home: str) -> Subscription:
    inner = fields.child("message").child("schema")
    if inner.text("type") != "union":
        raise inner.wrong("type", "must be union")
    return Subscription(_parameters(fields, home), _union(inner, home), _errors(fields))


def _parameters(fields: Fields, home: str) -> Params:
    """An absent `parameters` and one without properties mean the same."""
    if not fields.has("parameters"):
        return Params({})
    inner = fields.child("parameters")
    if inner.text("type") != "params":
        raise inner.wrong("type", "must be params")
    inner.text("description")
    properties: dict[str, Boolean | Integer | String | Array] = {}
    for name, item in _properties(inner, home).items():
        if not _is_param(item.items if isinstance(item, Array) else item):
            raise inner.wrong("properties", f"may not give {name} a type that does not fit in a URL")
        assert isinstance(item, Boolean | Integer | String | Array), "_is_param has seen to it"
        properties[name] = item
    return Params(properties, _names(inner, "required", properties))


def _is_param(schema: Schema) -> bool:
    return isinstance(schema, Boolean | Integer | String)


def _body(fields: Fields, name: str, home: str) -> Body | None:
    if not fields.has(name):
        return None
    inner = fields.child(name)
    inner.text("description")
    encoding = inner.needed_text("encoding")
    if not inner.has("schema"):
        return Body(encoding)
    schema = _field(inner.child("schema"), home)
    if not isinstance(schema, Object | Ref | Union):
        raise inner.wrong("schema", "must be an object, a ref or a union")
    return Body(encoding, schema)


def _errors(fields: Fields) -> tuple[str, ...]:
    names = []
    for error in fields.elements("errors"):
        name = error.needed_text("name")
        if any(character.isspace() for character in name):
            raise error.wrong("name", "must not contain whitespace")
        error.text("description")
        names.append(name)
    return tuple(names)


def _permission_set(fields: Fields, _home: str) -> PermissionSet:
    if not fields.has("permissions"):
        raise fields.wrong("permissions", "is missing")
    return PermissionSet(
        tuple(_permission(inner) for inner in fields.elements("permissions")),
        fields.text("title"),
        fields.text("detail"),
        fields.words("title:lang"),
        fields.words("detail:lang"),
    )


def _permission(fields: Fields) -> Permission:
    """Only the shape is judged here: a permission may be valid in a document and mean nothing as a permission."""
    if fields.text("type") != "permission":
        raise fields.wrong("type", "must be permission")
    resource = fields.needed_text("resource")
    known = PERMISSION_FIELDS.get(resource, frozenset()) | {"type", "description", "resource"}
    return Permission(
        resource,
        collection=fields.texts("collection"),
        action=fields.texts("action"),
        lxm=fields.texts("lxm"),
        aud=fields.text("aud"),
        inherit_aud=fields.flag("inheritAud") or False,
        unsupported=frozenset(map(str, fields.raw)) - known,
    )


def _space(_fields: Fields, _home: str) -> Space:
    return Space()


def _boolean(fields: Fields, _home: str) -> Boolean:
    schema = Boolean(const=fields.flag("const"), default=fields.flag("default"))
    _not_both(fields)
    return schema


def _integer(fields: Fields, _home: str) -> Integer:
    schema = Integer(
        minimum=fields.number("minimum"),
        maximum=fields.number("maximum"),
        enum=fields.numbers("enum"),
        const=fields.number("const"),
        default=fields.number("default"),
    )
    _not_both(fields)
    _in_order(fields, "minimum", "maximum")
    return schema


def _string(fields: Fields, _home: str) -> String:
    schema = String(
        format=fields.text("format"),
        min_length=fields.size("minLength"),
        max_length=fields.size("maxLength"),
        min_graphemes=fields.size("minGraphemes"),
        max_graphemes=fields.size("maxGraphemes"),
        known_values=fields.texts("knownValues"),
        enum=fields.texts("enum"),
        const=fields.text("const"),
        default=fields.text("default"),
    )
    if schema.format is not None and schema.format not in FORMATS:
        raise fields.wrong("format", f"must be one of {', '.join(FORMATS)}")
    _not_both(fields)
    _in_order(fields, "minLength", "maxLength")
    _in_order(fields, "minGraphemes", "maxGraphemes")
    return schema


def _not_both(fields: Fields) -> None:
    if fields.has("const") and fields.has("default"):
        raise fields.wrong("default", "cannot stand beside const")


def _in_order(fields: Fields, low: str, high: str) -> None:
    least, most = fields.number(low), fields.number(high)
    if least is not None and most is not None and least > most:
        raise fields.wrong(low, f"must not be greater than {high}")


def _bytes(fields: Fields, _home: str) -> Bytes:
    _in_order(fields, "minLength", "maxLength")
    return Bytes(fields.size("minLength"), fields.size("maxLength"))


def _cid_link(_fields: Fields, _home: str) -> CidLink:
    return CidLink()


def _blob(fields: Fields, _home: str) -> Blob:
    accept = fields.texts("accept")
    for pattern in accept:
        if not MEDIA_RANGE.fullmatch(pattern):
            raise fields.wrong("accept", f"must be media types, type/* or */*, not {pattern}")
    return Blob(accept, fields.size("maxSize"))


def _unknown(_fields: Fields, _home: str) -> Unknown:
    return Unknown()


def _array(fields: Fields, home: str) -> Array:
    _in_order(fields, "minLength", "maxLength")
    return Array(_field(fields.child("items"), home), fields.size("minLength"), fields.size("maxLength"))


def _object(fields: Fields, home: str) -> Object:
    properties = _properties(fields, home)
    return Object(properties, _names(fields, "required", properties), _names(fields, "nullable", properties))


def _properties(fields: Fields, home: str) -> dict[str, Schema]:
    if not fields.has("properties"):
        return {}
    return {name: _field(inner, home) for name, inner in fields.child("properties").members()}


def _names(fields: Fields, name: str, properties: Collection[str]) -> frozenset[str]:
    names = frozenset(fields.texts(name))
    strange = names.difference(properties)
    if strange:
        raise fields.wrong(name, f"names {', '.join(sorted(strange))}, which is not among the properties")
    return names


def _ref(fields: Fields, home: str) -> Ref:
    return Ref(_absolute(fields, "ref", fields.needed_text("ref"), home))


def _union(fields: Fields, home: str) -> Union:
    if not fields.has("refs"):
        raise fields.wrong("refs", "is missing")
    refs = tuple(_absolute(fields, "refs", ref, home) for ref in fields.texts("refs"))
    closed = fields.flag("closed") or False
    if closed and not refs:
        raise fields.wrong("refs", "must not be empty in a closed union")
    return Union(refs, closed)


def _absolute(fields: Fields, field: str, ref: str, home: str) -> str:
    """Write a reference in the one form that `$type` has: with the NSID, and without `#main`."""
    nsid, hash_, name = ref.partition("#")
    try:
        nsid = Nsid.parse(nsid) if nsid else home
    except InvalidSyntax as error:
        raise fields.wrong(field, f"must refer to a definition, not to {ref}") from error
    if (hash_ and not DEF_NAME.fullmatch(name)) or not ref:
        raise fields.wrong(field, f"must refer to a definition, not to {ref}")
    return f"{nsid}#{name}" if name not in ("", "main") else str(nsid)


Parser = Callable[[Fields, str], Schema]

FIELD: Final[dict[str, Parser]] = {
    "boolean": _boolean,
    "integer": _integer,
    "string": _string,
    "bytes": _bytes,
    "cid-link": _cid_link,
    "blob": _blob,
    "array": _array,
    "object": _object,
    "ref": _ref,
    "union": _union,
    "unknown": _unknown,
}
"""How each type that may stand in a field is read."""

PRIMARY: Final[dict[str, Callable[[Fields, str], Definition]]] = {
    "record": _record,
    "query": _query,
    "procedure": _procedure,
    "subscription": _subscription,
    "permission-set": _permission_set,
    "space": _space,
}
"""How each type that only the definition main may have is read."""
