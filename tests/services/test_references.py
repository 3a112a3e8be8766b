"""What a record points to."""

import pytest

from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.services.errors import InvalidRequest
from roost.services.references import (
    MAX_SUBJECT,
    NOTHING,
    BlobRef,
    Pointers,
    blob_refs,
    current_refs,
    pointers,
    subject,
)

ONE, TWO = Cid.of_raw(b"one"), Cid.of_raw(b"two")
URI = "at://did:plc:abc/app.bsky.feed.post/1"


def typed(cid: Value, mime_type: Value = "image/png", size: Value = 3) -> dict[str, Value]:
    """Return a reference as records have it."""
    return {"$type": "blob", "ref": cid, "mimeType": mime_type, "size": size}


def found(record: dict[str, Value]) -> set[BlobRef]:
    """Return the references in a record."""
    return set(blob_refs(record, cbor.encode(record)))


def test_references_are_found_at_any_depth() -> None:
    """In lists and objects of whatever type, the record itself among them."""
    deep: Value = typed(TWO, size=0)
    for _ in range(30):
        deep = [{"x": deep}]
    record: dict[str, Value] = {"pic": typed(ONE), "list": [1, None, [typed(ONE), deep]]}

    assert found(record) == {BlobRef(ONE, "image/png", 3), BlobRef(TWO, "image/png", 0)}
    assert found(typed(ONE)) == {BlobRef(ONE, "image/png", 3)}


def test_the_old_form_has_a_cid_and_a_type_and_nothing_else() -> None:
    """It is found in what comes from elsewhere, and refused in what is written here."""
    old: dict[str, Value] = {"cid": str(ONE), "mimeType": "image/png"}
    record: dict[str, Value] = {"pics": [old]}

    assert found(record) == {BlobRef(ONE, "image/png", None)}
    assert found({"pics": [old | {"more": 1}]}) == set()
    assert found({"pics": [old | {"cid": "x"}]}) == set()
    with pytest.raises(InvalidRequest, match=rf"^Legacy blobs are not allowed \({ONE}\)$"):
        current_refs(record, cbor.encode(record))


@pytest.mark.parametrize(
    "broken",
    [
        typed(Cid.of_cbor(b"\xa0")),
        typed(str(ONE)),
        typed(None),
        typed(ONE, mime_type=None),
        typed(ONE, size="3"),
        {"$type": "blob"},
    ],
)
def test_what_is_no_reference_is_none(broken: dict[str, Value]) -> None:
    """A record from elsewhere may call anything a blob."""
    assert found({"pic": broken}) == set()


@pytest.mark.parametrize(
    ("collection", "value", "expected"),
    [
        ("app.bsky.feed.like", {"uri": URI, "cid": "x"}, URI),
        ("app.bsky.feed.repost", {"uri": URI, "cid": "x"}, URI),
        ("app.bsky.graph.follow", "did:plc:abc", "did:plc:abc"),
        ("app.bsky.graph.block", "did:plc:abc", "did:plc:abc"),
        ("app.bsky.graph.listblock", URI, None),
        ("app.bsky.feed.like", URI, None),
        ("app.bsky.feed.like", {"uri": 1}, None),
        ("app.bsky.feed.like", {"uri": "https://example.com"}, None),
        ("app.bsky.graph.follow", {"uri": URI}, None),
        ("app.bsky.graph.follow", "alice.test", None),
        ("app.bsky.graph.follow", "did:web:" + "a" * MAX_SUBJECT, None),
        ("app.bsky.graph.follow", None, None),
    ],
)
def test_what_has_a_subject(collection: str, value: Value, expected: str | None) -> None:
    """Likes and reposts are for a record, follows and blocks for an account; what cannot be one is none."""
    assert subject(collection, {"subject": value}) == expected


def test_a_record_points_to_both_or_to_nothing() -> None:
    """Nothing is one and the same for most records."""
    record: dict[str, Value] = {"subject": "did:plc:abc", "pic": typed(ONE)}
    plain: dict[str, Value] = {"text": "blob"}

    path = "app.bsky.graph.follow/1"
    assert pointers(path, record, cbor.encode(record)) == Pointers((BlobRef(ONE, "image/png", 3),), "did:plc:abc")
    assert pointers(path, plain, cbor.encode(plain)) is NOTHING
