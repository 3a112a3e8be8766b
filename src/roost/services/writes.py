"""A record on its way into a repository: what must hold of it before any transaction is opened."""

from typing import ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from roost.data import cbor, json
from roost.data.cid import Cid
from roost.data.value import Value
from roost.lexicon import Catalog, InvalidData
from roost.repo import path_of
from roost.services.blocked import BlockedWords
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest
from roost.services.references import NOTHING, Pointers, current_refs, subject
from roost.syntax import Nsid, RecordKey

MAX_RECORD_BYTES: Final = 1_000_000
"""The largest record, as DAG-CBOR (repository specification, "Data model")."""

NONE: Final = BlockedWords()

ValidationStatus = Literal["valid", "unknown"]


class Write(msgspec.Struct, frozen=True):
    """A record to be put at a path.

    `put` creates or replaces; `create` and `update` insist. `swap` is the CID that the record there must have now, None
    if there must be none, UNSET if that does not matter. A record that `supplants` takes the place of earlier ones for
    the same subject, which go in the same commit.
    """

    action: Literal["create", "update", "put"]
    path: str
    cid: Cid
    block: bytes
    json: bytes
    swap: Cid | UnsetType | None = UNSET
    status: ValidationStatus | None = None
    pointers: Pointers = NOTHING
    supplants: bool = False


class Removal(msgspec.Struct, frozen=True):
    """A record to be taken away; `insist` on its being there, and at the CID `swap` unless that is UNSET."""

    path: str
    insist: bool = False
    swap: Cid | UnsetType = UNSET
    supplants: ClassVar[bool] = False


def removal(collection: Nsid, rkey: RecordKey, *, insist: bool = False, swap: Cid | None = None) -> Removal:
    """Return the removal of the record at that key; without a `swap` any record will do."""
    return Removal(path_of(collection, rkey), insist, UNSET if swap is None else swap)


class Records:
    """Makes writes of record values: type, key, schema, size and encoding."""

    def __init__(self, catalog: Catalog, minter: Minter, blocked: BlockedWords = NONE) -> None:
        self._catalog = catalog
        self._minter = minter
        self._blocked = blocked

    def write(
        self,
        action: Literal["create", "update", "put"],
        collection: Nsid,
        rkey: RecordKey | None,
        value: object,
        *,
        validate: bool | None = None,
        swap: Cid | UnsetType | None = UNSET,
        supplant: bool = False,
    ) -> Write:
        """Return the write that puts `value` into `collection`; without an rkey the server chooses a TID.

        `validate` False stores any record, True insists on a known schema, None checks those that are known.
        With `supplant` it takes the place of earlier records for the same subject, if records of its type have one.
        Raises InvalidRequest.
        """
        if not isinstance(value, dict):
            raise InvalidRequest("A record must be an object")
        if rkey is not None and action != "update":  # what is there already may be changed, whatever it is called
            self._blocked.check_rkey(rkey)
        record = _typed(collection, value)
        key = RecordKey(self._minter.mint()) if rkey is None else rkey
        status = None if validate is False else self._check(collection, key, record, known=validate is True)
        block = cbor.encode(record)
        if len(block) > MAX_RECORD_BYTES:
            raise InvalidRequest(f"A record may be at most {MAX_RECORD_BYTES} bytes of CBOR; this one has {len(block)}")
        blobs, link = current_refs(record, block), subject(collection, record)
        points = Pointers(blobs, link) if blobs or link is not None else NOTHING
        path, cid, text = path_of(collection, key), Cid.of_cbor(block), json.dumps(record)
        return Write(action, path, cid, block, text, swap, status, points, supplant and link is not None)

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


def shown(value: Value) -> str:
    """Return a value of a record as a message may quote it."""
    return str(value)[:200]
