"""A record on its way into a repository: what must hold of it before any transaction is opened."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from roost.data import cbor, json
from roost.data.cid import Cid
from roost.data.errors import InvalidCid
from roost.data.value import Value
from roost.lexicon import Catalog, InvalidData
from roost.repo import path_of
from roost.services.clock import Minter
from roost.services.errors import BlobNotFound, InvalidRequest
from roost.syntax import Nsid, RecordKey

MAX_RECORD_BYTES: Final = 1_000_000
"""The largest record, as DAG-CBOR (repository specification, "Data model")."""

ValidationStatus = Literal["valid", "unknown"]


class Write(msgspec.Struct, frozen=True):
    """A record to be put at a path.

    `put` creates or replaces; `create` and `update` insist. `swap` is the CID that the record there must have now, None
    if there must be none, UNSET if that does not matter.
    """

    action: Literal["create", "update", "put"]
    path: str
    cid: Cid
    block: bytes
    json: bytes
    swap: Cid | UnsetType | None = UNSET
    status: ValidationStatus | None = None


class Removal(msgspec.Struct, frozen=True):
    """A record to be taken away; `insist` on its being there, and at the CID `swap` unless that is UNSET."""

    path: str
    insist: bool = False
    swap: Cid | UnsetType = UNSET


def removal(collection: Nsid, rkey: RecordKey, *, insist: bool = False, swap: Cid | None = None) -> Removal:
    """Return the removal of the record at that key; without a `swap` any record will do."""
    return Removal(path_of(collection, rkey), insist, UNSET if swap is None else swap)


class Records:
    """Makes writes of record values: type, key, schema, size and encoding."""

    def __init__(self, catalog: Catalog, minter: Minter) -> None:
        self._catalog = catalog
        self._minter = minter

    def write(
        self,
        action: Literal["create", "update", "put"],
        collection: Nsid,
        rkey: RecordKey | None,
        value: object,
        *,
        validate: bool | None = None,
        swap: Cid | UnsetType | None = UNSET,
    ) -> Write:
        """Return the write that puts `value` into `collection`; without an rkey the server chooses a TID.

        `validate` False stores any record, True insists on a known schema, None checks those that are known.
        Raises InvalidRequest, BlobNotFound.
        """
        if not isinstance(value, dict):
            raise InvalidRequest("A record must be an object")
        record = _typed(collection, value)
        key = RecordKey(self._minter.mint()) if rkey is None else rkey
        status = None if validate is False else self._check(collection, key, record, known=validate is True)
        block = cbor.encode(record)
        if len(block) > MAX_RECORD_BYTES:
            raise InvalidRequest(f"A record may be at most {MAX_RECORD_BYTES} bytes of CBOR; this one has {len(block)}")
        _check_blobs(record, block)
        cid = Cid.of_cbor(block)
        return Write(action, path_of(collection, key), cid, block, json.dumps(record), swap, status)

    def _check(self, collection: Nsid, rkey: RecordKey, record: Value, *, known: bool) -> ValidationStatus:
        schema = self._catalog.record(collection)
        if schema is None:
            if known:
                raise UnknownRecordType(collection)
            return "unknown"
        try:
            schema.check_key(rkey)
            schema.check(record)
        except InvalidData as error:
            raise InvalidRecord(collection, error) from error
        return "valid"


class UnknownRecordType(InvalidRequest):
    """Validation was insisted on, and there is no schema for records of this type."""

    def __init__(self, collection: Nsid) -> None:
        super().__init__(f"Unknown lexicon type: {collection}")
        self.collection = collection


class InvalidRecord(InvalidRequest):
    """The record does not fit its schema; `__cause__` is the lexicon's InvalidData."""

    def __init__(self, collection: Nsid, problem: InvalidData) -> None:
        super().__init__(f"Invalid {collection} record: {problem}")
        self.collection = collection


def _typed(collection: Nsid, value: dict[str, Value]) -> dict[str, Value]:
    """Return the record with its `$type`, which in a repository always is its collection."""
    declared = value.get("$type")
    if declared == collection:
        return value
    if declared is None:
        return {"$type": str(collection), **value}
    raise InvalidRequest(f"Invalid $type: expected {collection}, got {shown(declared)}")


def _check_blobs(record: Value, block: bytes) -> None:
    """Refuse references to blobs: none that is not uploaded here may be referenced, and the old form never may."""
    # Looking for the encoded words is far cheaper than walking every record, and most have neither.
    if b"\x64blob" not in block and b"\x68mimeType" not in block:
        return
    for found in _objects(record):
        if found.get("$type") == "blob":
            raise BlobNotFound(f"Could not find blob: {shown(found.get('ref'))}")
        if found.keys() == {"cid", "mimeType"} and _is_cid(found["cid"]):
            raise InvalidRequest(f"Legacy blobs are not allowed ({shown(found['cid'])})")


def shown(value: Value) -> str:
    """Return a value of a record as a message may quote it."""
    return str(value)[:200]


def _objects(value: Value) -> Iterator[dict[str, Value]]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _is_cid(value: Value) -> bool:
    try:
        Cid.parse(value)
    except InvalidCid:
        return False
    return True
