"""Every method of today held against its lexicon document: what it takes, what it answers, and how it may refuse.

What is compared is the method's own types. Its answers are judged too, each one that any test is given
(`support.judge`); the methods of 2022 have `test_lexicons_v2022`.
"""

import types
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from roost.api.method import Content, Method, Procedure, Query, Record, Stream
from roost.api.methods import METHODS, SUBSCRIPTIONS
from roost.data.cid import Cid
from roost.http.errors import TABLE
from roost.lexicon import Catalog
from roost.lexicon import Method as Lexicon
from roost.lexicon.defs import Array, Blob, Boolean, CidLink, Integer, Object, Ref, Schema, String, Unknown
from roost.lexicon.defs import Query as QueryDef
from roost.lexicon.defs import Union as UnionDef
from roost.library import Library
from roost.syntax import AtIdentifier, AtUri, Datetime, Did, Handle, Nsid, RecordKey, Tid

FORMATS: Final[dict[str | None, set[type]]] = {
    None: {str},
    "did": {Did},
    "handle": {Handle},
    "at-identifier": {AtIdentifier},
    "nsid": {Nsid},
    "cid": {Cid},
    "tid": {Tid},
    "record-key": {RecordKey},
    "at-uri": {AtUri},
    "datetime": {Datetime, str},
    "uri": {str},
    "language": {str},
}
"""What a text of each format is, once it is past the edge; on the way out it may still be a plain one."""

IGNORED: Final[dict[str, dict[str, str]]] = {
    "com.atproto.server.createAccount": {
        "verificationCode": "nobody is verified by telephone",
        "verificationPhone": "nobody is verified by telephone",
    },
}
"""What a method takes no notice of, by the names of its document, and why."""

NEVER_RAISED: Final[dict[str, str]] = {
    "AuthFactorTokenRequired": "there is no second factor yet",
    "DuplicateCreate": "codes are made in one transaction, which no other can cross",
    "HeadNotFound": "a repository has a head from its first transaction on",
    "RepoSuspended": "accounts are deactivated or taken down, and nothing else",
    "UnresolvableDid": "a DID that cannot be resolved proves nothing, and that is told first",
}
"""Errors that documents declare and that cannot happen here, and why."""

PLAIN: Final = {"signingKey": "a did:key, which only whoever reads the key can judge"}
"""Names of what stays a plain text past the edge, and why."""


@cache
def catalog() -> Catalog:
    """Return the documents that the server has."""
    return Catalog(Library(Path("nowhere")))


def document_of(method: Method) -> Lexicon:
    """Return a method's document."""
    found = catalog().method(method.nsid)
    assert found is not None, f"{method.nsid} has no lexicon document"
    return found


def hints_of(method: Method) -> dict[str, object]:
    """Return what a method's function takes and gives."""
    return get_type_hints(method.run)


ids = [method.nsid for method in METHODS]


@pytest.mark.parametrize("nsid", [*ids, *(subscription.nsid for subscription in SUBSCRIPTIONS)])
def test_every_method_has_a_document(nsid: str) -> None:
    """One of the protocol's, not of ours."""
    assert catalog().method(nsid) is not None


@pytest.mark.parametrize("method", METHODS, ids=ids)
def test_a_method_has_the_verb_of_its_document(method: Method) -> None:
    """A query reads, a procedure may write."""
    assert isinstance(method, Query) == isinstance(document_of(method).definition, QueryDef)
    assert isinstance(method, Query | Procedure)


@pytest.mark.parametrize("method", METHODS, ids=ids)
def test_a_method_takes_what_its_document_declares(method: Method) -> None:
    """All of the parameters and of the body: what is required, what is not, and of which types."""
    document, hints = document_of(method), hints_of(method)
    declared = document.definition.parameters
    if declared.properties:
        taken = hints.get("params")
        assert _is_struct(taken), f"{method.nsid} takes no parameters, though {set(declared.properties)} are declared"
        assert _taken(taken, Object(declared.properties, declared.required), method.nsid) == []
    body = getattr(document.definition, "input", None)
    if body is not None and body.schema is not None:
        taken = hints.get("input")
        assert _is_struct(taken), f"{method.nsid} takes no body, though one is declared"
        schema = _resolved(body.schema)
        assert isinstance(schema, Object)
        assert _taken(taken, schema, method.nsid) == []


@pytest.mark.parametrize("method", METHODS, ids=ids)
def test_a_method_answers_what_its_document_declares(method: Method) -> None:
    """What is required is always there, what is not is left out and never null, and nothing else is there."""
    output = getattr(document_of(method).definition, "output", None)
    given = hints_of(method)["return"]
    if output is None:
        assert given in (None, type(None))
    elif output.schema is None:
        assert given in (Stream, Content)
    else:
        assert _given(given, _resolved(output.schema), "output") == []


@pytest.mark.parametrize("method", METHODS, ids=ids)
def test_a_method_can_refuse_as_its_document_declares(method: Method) -> None:
    """Each name that it declares is one that an error of ours is told by."""
    known = {name for _, name in TABLE.values()} | NEVER_RAISED.keys()

    assert set(document_of(method).errors) - known == set()


def test_exceptions_are_still_ones() -> None:
    """A method that has begun to take notice of something is not listed as one that does not."""
    served = {method.nsid: method for method in METHODS}
    for nsid, names in IGNORED.items():
        taken = hints_of(served[nsid]).get("input")
        assert _is_struct(taken)
        assert not names.keys() & {field.encode_name for field in msgspec.structs.fields(taken)}, nsid


def _taken(struct: Any, schema: Object, nsid: str) -> list[str]:
    """Compare what a method takes with a schema."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    problems = [f"takes {name}, which is not declared" for name in fields.keys() - schema.properties.keys()]
    for name, item in schema.properties.items():
        if name not in fields:
            if name not in IGNORED.get(nsid, {}):
                problems.append(f"takes no notice of {name}")
            continue
        field, default = fields[name], getattr(item, "default", None)
        if field.required and name not in schema.required and default is None:
            problems.append(f"needs {name}, which may be left out")
        if not field.required and default is not None and field.default != default:
            problems.append(f"takes {field.default!r} for {name}, not {default!r}")
        if name not in PLAIN:
            problems += [f"{name}: {problem}" for problem in _kind(field.type, item)]
    return problems


def _given(given: object, schema: Schema, where: str) -> list[str]:
    """Compare what a method answers with a schema, all the way down."""
    given, schema = _plain(given), _resolved(schema)
    if given is msgspec.Raw:
        return []  # written by hand; what comes of it is judged whenever a test asks for it
    if isinstance(schema, Array):
        parts = get_args(given)
        if get_origin(given) not in (list, Sequence, tuple) or not parts:
            return [f"{where} is {given}, not a list"]
        return _given(parts[0], schema.items, f"{where}[]")
    if not isinstance(schema, Object) or not _is_struct(given):
        return [f"{where}: {problem}" for problem in _kind(given, schema, out=True)]
    fields = {field.encode_name: field for field in msgspec.structs.fields(given)}
    config = given.__struct_config__
    problems = [f"{where} has {name}, which is not declared" for name in fields.keys() - schema.properties.keys()]
    problems += [f"{where} lacks {name}" for name in schema.required - fields.keys()]
    for name, field in fields.items():
        may_be_none = type(None) in get_args(field.type)
        if name in schema.required and not field.required and config.omit_defaults:
            problems.append(f"{where} leaves {name} out when it is {field.default!r}, though it is required")
        if may_be_none and name not in schema.nullable and (field.required or not config.omit_defaults):
            problems.append(f"{where} has null for {name}, which is to be left out")
        if may_be_none and name in schema.required and name not in schema.nullable:
            problems.append(f"{where} may lack {name}, which is required")
        if name in schema.properties:
            problems += _given(field.type, schema.properties[name], f"{where}.{name}")
    return problems


def _kind(given: object, schema: Schema, *, out: bool = False) -> list[str]:
    """Compare a type with a schema that is no object of known fields."""
    given, schema = _plain(given), _resolved(schema)
    if isinstance(schema, Array):
        parts = get_args(given)
        return _kind(parts[0], schema.items, out=out) if parts else [f"is {given}, not a list"]
    if _is_struct(given) and isinstance(schema, Object) and not out:
        return _taken(given, schema, "")
    match schema:
        case Boolean():
            fits = given is bool
        case Integer():
            fits = given is int
        case String():
            fits = given in FORMATS[schema.format] or (out and _is_text(given))
        case Object() | UnionDef() | Unknown() | Blob() | CidLink():
            fits = _is_object(given)
        case _:
            fits = False
    return [] if fits else [f"is {given}, which is not {schema}"]


def _plain(given: object) -> object:
    """Return a type without what says that there may be nothing."""
    if get_origin(given) in (Union, types.UnionType):
        rest = [each for each in get_args(given) if each not in (type(None), msgspec.UnsetType)]
        return rest[0] if len(rest) == 1 else given
    return given


def _resolved(schema: Schema) -> Schema:
    """Follow references to where they lead."""
    while isinstance(schema, Ref):
        found = catalog().definition(schema.ref)
        if not isinstance(found, Schema):
            return Unknown()  # a record: an object with fields of its own document
        schema = found
    return schema


def _is_struct(given: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(given, type) and issubclass(given, msgspec.Struct)


def _is_text(given: object) -> bool:
    if get_origin(given) is Literal:
        return True
    return given is Cid or (isinstance(given, type) and issubclass(given, str))


def _is_object(given: object) -> bool:
    """Return whether a type is of an object, or of one of several."""
    if get_origin(given) in (Union, types.UnionType):
        return all(_is_object(each) for each in get_args(given))
    return given in (object, dict, msgspec.Raw, Record) or get_origin(given) in (dict, Mapping) or _is_struct(given)
