"""Records on their way into a repository."""

import pytest

from roost.data import cbor
from roost.data.cid import Cid
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest
from roost.services.references import NOTHING, BlobRef, Pointers
from roost.services.writes import MAX_RECORD_BYTES, InvalidRecord, Records, UnknownRecordType, Write, removal
from roost.syntax import Nsid, RecordKey
from support.house import CATALOG, NOTE, Clock

OTHER = Nsid.parse("com.example.other")
FOLLOW = Nsid.parse("app.bsky.graph.follow")
KEY = RecordKey.parse("3jzfcijpj2z2a")
BLOB = Cid.of_raw(b"picture")


@pytest.fixture
def records() -> Records:
    """What makes writes; it knows notes."""
    return Records(CATALOG, Minter(Clock()))


def test_a_write_is_all_that_is_stored(records: Records) -> None:
    """The block is canonical CBOR, the CID is its hash, and the JSON is what readers are sent."""
    link = Cid.of_cbor(b"x")

    write = records.write("create", NOTE, KEY, {"text": "hi", "link": link, "raw": b"\x01"})

    block = cbor.encode({"$type": NOTE, "text": "hi", "link": link, "raw": b"\x01"})
    json = f'{{"$type":"{NOTE}","text":"hi","link":{{"$link":"{link}"}},"raw":{{"$bytes":"AQ"}}}}'.encode()
    assert write == Write("create", f"{NOTE}/{KEY}", Cid.of_cbor(block), block, json, status="valid")


def test_the_server_chooses_a_key_that_is_new(records: Records) -> None:
    """Without a key a record gets a TID, later ones greater than earlier ones."""
    paths = [records.write("create", NOTE, None, {"text": "hi"}).path for _ in range(3)]

    assert paths == sorted(set(paths))
    assert all(len(path) == len(NOTE) + 1 + 13 for path in paths)


@pytest.mark.parametrize(
    ("collection", "text", "validate", "status"),
    [
        (NOTE, "short", None, "valid"),
        (NOTE, "short", True, "valid"),
        (NOTE, "short", False, None),
        (NOTE, "longer than twenty characters", False, None),
        (OTHER, "anything", None, "unknown"),
        (OTHER, "anything", False, None),
    ],
)
def test_what_is_checked_is_told(
    records: Records, collection: Nsid, text: str, validate: bool | None, status: str | None
) -> None:
    """A record is valid, of an unknown type, or not looked at."""
    assert records.write("put", collection, KEY, {"text": text}, validate=validate).status == status


@pytest.mark.parametrize("validate", [None, True])
def test_a_record_that_breaks_its_schema_is_refused(records: Records, validate: bool | None) -> None:
    """The refusal names the type, the field and the rule."""
    with pytest.raises(InvalidRecord) as refused:
        records.write("create", NOTE, KEY, {"text": "longer than twenty characters"}, validate=validate)
    assert str(refused.value).startswith(f"Invalid {NOTE} record: Record/text must not be longer than 20 ")


def test_a_key_that_its_schema_forbids_is_refused(records: Records) -> None:
    """Notes stand under TIDs; unchecked ones where one likes."""
    with pytest.raises(InvalidRecord):
        records.write("create", NOTE, RecordKey("self"), {"text": "hi"})
    assert records.write("create", NOTE, RecordKey("self"), {"text": "hi"}, validate=False).path == f"{NOTE}/self"


def test_insisting_needs_a_schema(records: Records) -> None:
    """Nobody can vouch for a type that is not known here."""
    with pytest.raises(UnknownRecordType, match=rf"^Unknown lexicon type: {OTHER}$"):
        records.write("create", OTHER, KEY, {"text": "hi"}, validate=True)


@pytest.mark.parametrize("validate", [None, True, False])
@pytest.mark.parametrize("declared", [OTHER, "", 7, None])
def test_a_record_is_of_its_collections_type(records: Records, declared: object, validate: bool | None) -> None:
    """Another `$type` is refused even of a record that is not checked; a missing one is filled in."""
    if declared is None:
        write = records.write("create", NOTE, KEY, {"text": "hi"}, validate=validate)
        assert cbor.decode(write.block) == {"$type": NOTE, "text": "hi"}
        return
    with pytest.raises(InvalidRequest, match=rf"^Invalid \$type: expected {NOTE}, got {declared}$"):
        records.write("create", NOTE, KEY, {"$type": declared, "text": "hi"}, validate=validate)


@pytest.mark.parametrize("value", [None, "text", 7, [], True])
def test_a_record_is_an_object(records: Records, value: object) -> None:
    """Nothing else can have a type."""
    with pytest.raises(InvalidRequest, match=r"^A record must be an object$"):
        records.write("create", NOTE, KEY, value, validate=False)


def test_a_record_has_a_megabyte_at_most(records: Records) -> None:
    """What counts is its CBOR; one byte more is refused."""
    room = MAX_RECORD_BYTES - len(cbor.encode({"$type": NOTE, "x": "x" * 100_000})) + 100_000

    assert len(records.write("create", NOTE, KEY, {"x": "x" * room}, validate=False).block) == MAX_RECORD_BYTES
    with pytest.raises(InvalidRequest, match=r"A record may be at most 1000000 bytes of CBOR; this one has 1000001"):
        records.write("create", NOTE, KEY, {"x": "x" * (room + 1)}, validate=False)


@pytest.mark.parametrize("wrap", [lambda ref: ref, lambda ref: {"deep": [[{"er": ref}]]}])
@pytest.mark.parametrize("validate", [None, False])
def test_a_reference_to_a_blob_is_found(records: Records, wrap: object, validate: bool | None) -> None:
    """However deep it stands, and whether the record is checked or not: the repository judges it."""
    assert callable(wrap)
    ref = {"$type": "blob", "ref": BLOB, "mimeType": "image/png", "size": 7}

    write = records.write("create", OTHER, KEY, {"image": wrap(ref)}, validate=validate)

    assert write.pointers == Pointers((BlobRef(BLOB, "image/png", 7),))


@pytest.mark.parametrize("validate", [None, False])
def test_the_old_form_of_a_blob_is_refused(records: Records, validate: bool | None) -> None:
    """An object of just a CID and a media type is how blobs were referenced before."""
    with pytest.raises(InvalidRequest, match=rf"^Legacy blobs are not allowed \({BLOB}\)$"):
        records.write("create", OTHER, KEY, {"list": [{"cid": str(BLOB), "mimeType": "image/png"}]}, validate=validate)


@pytest.mark.parametrize(
    "harmless",
    [
        {"cid": str(BLOB), "mimeType": "image/png", "more": 1},
        {"cid": "not a cid", "mimeType": "image/png"},
        {"mimeType": "image/png"},
        {"text": "blob", "blob": {"mimeType": "x"}},
        {"$type": "blobs"},
    ],
)
def test_what_only_looks_like_a_blob_is_kept(records: Records, harmless: dict[str, object]) -> None:
    """Fields may be called anything."""
    write = records.write("create", OTHER, KEY, {"it": harmless})

    assert (write.status, write.pointers) == ("unknown", NOTHING)


@pytest.mark.parametrize("supplant", [False, True])
def test_only_what_has_a_subject_supplants(records: Records, supplant: bool) -> None:
    """A follow takes an earlier one's place if that is asked for; a record of another type never does."""
    follow = records.write("create", FOLLOW, KEY, {"subject": "did:plc:abc"}, supplant=supplant)
    other = records.write("create", OTHER, KEY, {"subject": "did:plc:abc"}, supplant=supplant)

    assert (follow.pointers.subject, follow.supplants) == ("did:plc:abc", supplant)
    assert (other.pointers, other.supplants) == (NOTHING, False)


def test_a_removal_without_a_swap_takes_any_record() -> None:
    """What must hold is said or left open."""
    cid = Cid.of_cbor(b"x")

    assert removal(NOTE, KEY).swap != cid
    assert removal(NOTE, KEY, swap=cid).swap == cid
    assert removal(NOTE, KEY, insist=True).insist
