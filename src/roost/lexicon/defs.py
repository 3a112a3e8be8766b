"""The definitions of the Lexicon language as values: what `parse_document` makes of a document.

Every `ref` in them is absolute (`nsid` for a main definition, `nsid#name` for any other), so that a definition means
the same wherever it is read. It does not know how a definition is written in JSON (schema.py), nor how a value is
judged by one (validate.py). Section names are those of https://atproto.com/specs/lexicon.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from roost.syntax import Nsid


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    const: bool | None = None
    default: bool | None = None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number of at most 53 bits."""

    minimum: int | None = None
    maximum: int | None = None
    enum: tuple[int, ...] = ()
    const: int | None = None
    default: int | None = None


@dataclass(frozen=True, slots=True)
class String:
    """Text; lengths are in bytes of UTF-8, graphemes are user-perceived characters."""

    format: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_graphemes: int | None = None
    max_graphemes: int | None = None
    known_values: tuple[str, ...] = ()
    enum: tuple[str, ...] = ()
    const: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Bytes:
    """Raw bytes; `$bytes` in JSON."""

    min_length: int | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class CidLink:
    """A link to a block; `$link` in JSON."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A reference to a blob; `accept` holds media types and patterns such as `image/*`."""

    accept: tuple[str, ...] = ()
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any object of the data model."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Whatever the definition named here allows."""

    ref: str


@dataclass(frozen=True, slots=True)
class Union:
    """One of several objects, told apart by `$type`; an open one also admits variants it does not know."""

    refs: tuple[str, ...]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """A list of like things; `items` is a schema (the alias below cannot be named before it exists)."""

    items: "Schema"
    min_length: int | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """A map with named properties; further ones are allowed in the data."""

    properties: Mapping[str, "Schema"]
    required: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()


Schema = Boolean | Integer | String | Bytes | CidLink | Blob | Unknown | Ref | Union | Array | Object
"""What may stand as a field ("Field Type Definitions")."""


@dataclass(frozen=True, slots=True)
class Token:
    """A name that exists to be referred to; it has no data."""


@dataclass(frozen=True, slots=True)
class Params:
    """The query parameters of a method: scalars, and arrays of them."""

    properties: Mapping[str, Boolean | Integer | String | Array]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Body:
    """What a request or an answer carries: a media type, which may be a pattern such as `*/*`, and for JSON a
    schema.
    """

    encoding: str
    schema: Object | Ref | Union | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The main definition of a record type; `key` is the rule for its record keys."""

    key: str
    record: Object


@dataclass(frozen=True, slots=True)
class Query:
    """The main definition of a method that only reads."""

    parameters: Params
    output: Body | None
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """The main definition of a method that may write."""

    parameters: Params
    input: Body | None
    output: Body | None
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """The main definition of an event stream."""

    parameters: Params
    message: Union
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission of a set.

    Which fields exist depends on the resource and grows with time. A field this server does not know may narrow what
    is granted, so a permission with any in `unsupported` has to be ignored by whoever grants access ("permission").
    """

    resource: str
    collection: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    lxm: tuple[str, ...] = ()
    aud: str | None = None
    inherit_aud: bool = False
    unsupported: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """The main definition of a bundle of permissions, with the words to show to a person by language."""

    permissions: tuple[Permission, ...]
    title: str | None
    detail: str | None
    titles: Mapping[str, str]
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Space:
    """A main definition of type `space`, from the draft of permissioned data.

    The language does not have it yet, but published documents do. It is kept by name only, so that such a document
    loads and the other definitions in it can be used.
    """


Definition = Schema | Token | Record | Query | Procedure | Subscription | PermissionSet | Space
"""What may stand under `defs`. (Of the schemas, `ref`, `union` and `unknown` may not; parsing refuses them.)"""


@dataclass(frozen=True, slots=True)
class Document:
    """One Lexicon file."""

    id: Nsid
    defs: Mapping[str, Definition]
