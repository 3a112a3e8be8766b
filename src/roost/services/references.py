"""What a record points to that is kept beside it: the blobs that it refers to, and the subject of a like or its kin.

Deliberately does not know whether what is pointed to is here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from roost.data import cbor
from roost.data.cid import RAW, Cid
from roost.data.errors import InvalidCid
from roost.data.value import Value
from roost.services.errors import InvalidRequest
from roost.syntax import AtUri, Did, InvalidSyntax

TYPE: Final = b"\x64blob"
MIME_TYPE: Final = b"\x68mimeType"
"""Texts that a record with a reference holds, as CBOR has them."""


class BlobRef(msgspec.Struct, frozen=True):
    """A reference to a blob, and what it says of it; the old form says no size, which is None."""

    cid: Cid
    mime_type: str
    size: int | None


class Pointers(msgspec.Struct, frozen=True):
    """What a record points to."""

    blobs: tuple[BlobRef, ...] = ()
    subject: str | None = None


MAX_SUBJECT: Final = 2000
"""Characters of a subject that is kept: far more than a DID or the URI of a record has, and what an index takes."""

NOTHING: Final = Pointers()


def pointers(path: str, record: Mapping[str, Value], block: bytes) -> Pointers:
    """Return what the record at `path` points to, blobs in the old form included: for records made elsewhere."""
    blobs = tuple(blob_refs(record, block))
    link = subject(path.partition("/")[0], record)
    return Pointers(blobs, link) if blobs or link is not None else NOTHING


def blob_refs(record: Mapping[str, Value], block: bytes) -> Iterator[BlobRef]:
    """Yield the references to blobs at any depth of a record, of whatever type; `block` is the record as CBOR.

    A reference is an object of type `blob`, or one of just a CID and a media type (spec section 1.9.1).
    """
    if not _may_refer(block):
        return
    for found in _objects(record):
        ref = _typed(found) if found.get("$type") == "blob" else old_ref(found)
        if ref is not None:
            yield ref


def current_refs(record: Mapping[str, Value], block: bytes) -> tuple[BlobRef, ...]:
    """Return the references to blobs of a record that is about to be written. Raises InvalidRequest for one in the old
    form.
    """
    if not _may_refer(block):
        return ()
    found = tuple(blob_refs(record, block))
    for ref in found:
        if ref.size is None:
            raise InvalidRequest(f"Legacy blobs are not allowed ({ref.cid})")
    return found


def subject(collection: str, record: Mapping[str, Value]) -> str | None:
    """Return what a like or repost, or whom a follow or block is for; None for any other record, and where it does not
    say.
    """
    read = _SUBJECTS.get(collection)
    return None if read is None else read(record.get("subject"))


def packed(points: Pointers) -> bytes:
    """Return pointers as they are kept while their record is on its way."""
    blobs: list[Value] = [[ref.cid, ref.mime_type, ref.size] for ref in points.blobs]
    return cbor.encode([blobs, points.subject])


def unpacked(data: bytes) -> Pointers:
    """Return pointers that were packed."""
    blobs, subject = msgspec.convert(cbor.decode(data), tuple[list[tuple[bytes, str, int | None]], str | None])
    return Pointers(tuple(BlobRef(Cid(cid), mime_type, size) for cid, mime_type, size in blobs), subject)


def _may_refer(block: bytes) -> bool:
    """Look for the encoded words: far cheaper than walking every record, and most have neither."""
    return TYPE in block or MIME_TYPE in block


def _typed(value: Mapping[str, Value]) -> BlobRef | None:
    ref, mime_type, size = value.get("ref"), value.get("mimeType"), value.get("size")
    if isinstance(ref, Cid) and ref.codec == RAW and isinstance(mime_type, str) and isinstance(size, int):
        return BlobRef(ref, mime_type, size)
    return None


def old_ref(value: Value) -> BlobRef | None:
    """Return the reference that a value is in the old form, None for any other."""
    if not isinstance(value, dict) or value.keys() != {"cid", "mimeType"}:
        return None
    try:
        return BlobRef(Cid.parse(value["cid"]), str(value["mimeType"]), None)
    except InvalidCid:
        return None


def _objects(value: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
    waiting: list[Value | Mapping[str, Value]] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _record(value: Value) -> str | None:
    return _parsed(AtUri.parse, value.get("uri")) if isinstance(value, dict) else None


def _account(value: Value) -> str | None:
    return _parsed(Did.parse, value)


def _parsed(parse: Callable[[object], str], value: Value) -> str | None:
    try:
        found = parse(value)
    except InvalidSyntax:
        return None
    return found if len(found) <= MAX_SUBJECT else None


_SUBJECTS: Final[Mapping[str, Callable[[Value], str | None]]] = {
    "app.bsky.feed.like": _record,
    "app.bsky.feed.repost": _record,
    "app.bsky.graph.block": _account,
    "app.bsky.graph.follow": _account,
}
"""The types of which an account should have one record for each subject (spec section 1.2), and what a subject is."""

LINKED: Final = frozenset(_SUBJECTS)
