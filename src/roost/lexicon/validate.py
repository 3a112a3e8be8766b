"""Turns a schema into a check: a function that takes a value and returns None or raises InvalidData.

All that the schema says is worked out once, here; judging a value then is a few calls and dictionary look-ups. The
path of an error is put together on its way up, so a valid value pays nothing for it. It does not know documents or
where references lead: `resolve` is given. Sections are those of https://atproto.com/specs/lexicon.
"""

from collections.abc import Callable

from roost.lexicon.defs import (
    Array,
    Blob,
    Boolean,
    Bytes,
    CidLink,
    Integer,
    Object,
    Record,
    Ref,
    Schema,
    String,
    Union,
    Unknown,
)
from roost.lexicon.errors import InvalidData, InvalidLexicon
from roost.lexicon.leaves import (
    Check,
    Form,
    blob,
    boolean,
    byte_string,
    cid_link,
    integer,
    string,
    unknown,
    wrong_type,
)

Resolve = Callable[[str], Check | None]
"""Gives the check behind an absolute reference; None when nothing is known by that name."""


def compile_schema(schema: Schema, *, form: Form, resolve: Resolve) -> Check:
    """Make the check of a schema. Raises InvalidLexicon when it refers to what `resolve` does not know."""
    match schema:
        case String():
            return string(schema)
        case Object():
            return _object(schema, form, resolve)
        case Array():
            return _array(schema, form, resolve)
        case Ref():
            return _ref(schema, resolve)
        case Union():
            return _union(schema, resolve)
        case _:
            return _leaf(schema, form)


def _leaf(schema: Integer | Boolean | Bytes | CidLink | Blob | Unknown, form: Form) -> Check:
    match schema:
        case Integer():
            return integer(schema, form)
        case Boolean():
            return boolean(schema)
        case Bytes():
            return byte_string(schema, form)
        case CidLink():
            return cid_link(form)
        case Blob():
            return blob(schema, form)
        case Unknown():
            return unknown(form)


def compile_record(record: Record, *, nsid: str, form: Form, resolve: Resolve) -> Check:
    """Make the check of a record, which always says its own type. Raises InvalidLexicon as compile does
    ("Record").
    """
    body = compile_schema(record.record, form=form, resolve=resolve)

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise wrong_type("object", value)
        if value.get("$type") != nsid:
            if "$type" not in value:
                raise _missing("$type")
            raise InvalidData("const", nsid, f"must be {nsid}", path=("$type",))
        body(value)

    return check


def _object(schema: Object, form: Form, resolve: Resolve) -> Check:
    checks = {name: compile_schema(item, form=form, resolve=resolve) for name, item in schema.properties.items()}
    for name in schema.nullable:
        checks[name] = _or_null(checks[name])
    # A property with a default is never missing: the default stands in for it, as in the reference implementation.
    needed = tuple(name for name in schema.properties if name in schema.required and not _has_default(schema, name))
    check_of = checks.get

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise wrong_type("object", value)
        for name in needed:
            if name not in value:
                raise _missing(name)
        for name, item in value.items():
            judge = check_of(name)
            if judge is not None:
                try:
                    judge(item)
                except InvalidData as wrong:
                    wrong.path = (name, *wrong.path)
                    raise

    return check


def _has_default(schema: Object, name: str) -> bool:
    item = schema.properties[name]
    return isinstance(item, Boolean | Integer | String) and item.default is not None


def _missing(name: str) -> InvalidData:
    return InvalidData("required", name, f'must have the property "{name}"')


def _or_null(inner: Check) -> Check:
    def check(value: object) -> None:
        if value is not None:
            inner(value)

    return check


def _array(schema: Array, form: Form, resolve: Resolve) -> Check:
    inner = compile_schema(schema.items, form=form, resolve=resolve)
    low = schema.min_length or 0
    high = schema.max_length

    def check(value: object) -> None:
        if not isinstance(value, list):
            raise wrong_type("array", value)
        if len(value) < low:
            raise InvalidData("minLength", low, f"must not have fewer than {low} elements")
        if high is not None and len(value) > high:
            raise InvalidData("maxLength", high, f"must not have more than {high} elements")
        for position, item in enumerate(value):
            try:
                inner(item)
            except InvalidData as wrong:
                wrong.path = (position, *wrong.path)
                raise

    return check


def _ref(schema: Ref, resolve: Resolve) -> Check:
    found = resolve(schema.ref)
    if found is None:
        raise InvalidLexicon((schema.ref,), "is referred to, but not known")
    return found


def _union(schema: Union, resolve: Resolve) -> Check:
    """An open union lets a variant that it does not know pass; so it does one whose document is not at hand."""
    variants = {ref: resolve(ref) for ref in schema.refs}
    unresolved = [ref for ref, found in variants.items() if found is None]
    if schema.closed and unresolved:
        raise InvalidLexicon((unresolved[0],), "is a variant of a closed union, but not known")
    checks = {ref: found for ref, found in variants.items() if found is not None}
    check_of = checks.get
    closed, refs = schema.closed, schema.refs

    def check(value: object) -> None:
        name = value.get("$type") if isinstance(value, dict) else None
        if not isinstance(name, str) or not name:
            raise InvalidData("union", refs, 'must be an object which includes the "$type" property')
        judge = check_of(name)
        if judge is not None:
            judge(value)
        # The main definition is named by the NSID alone; with `#main` a known variant would pass for an unknown one.
        elif closed or name.endswith("#main"):
            raise InvalidData("union", refs, f"must be one of {', '.join(refs)}", path=("$type",))

    return check
