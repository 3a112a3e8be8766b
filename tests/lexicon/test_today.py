"""Today's documents, all of them, as the lexrpc distribution has them."""

import pytest

from roost.data.cid import Cid
from roost.lexicon import Catalog, InvalidData, InvalidLexicon, parse_document
from roost.lexicon.defs import Procedure, Query, Record, Subscription

DID = "did:plc:" + "a" * 24
STRONG_REF = {"uri": f"at://{DID}/app.bsky.feed.post/3kznmn7xqxl22", "cid": str(Cid.of_cbor(b""))}
POST = {
    "$type": "app.bsky.feed.post",
    "text": "Hello 🙂",
    "createdAt": "2026-11-23T10:00:00.000Z",
    "langs": ["en", "pt-BR"],
    "reply": {"root": STRONG_REF, "parent": STRONG_REF},
    "facets": [
        {
            "index": {"byteStart": 0, "byteEnd": 5},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com"}],
        }
    ],
    "embed": {
        "$type": "app.bsky.embed.images",
        "images": [
            {"alt": "", "image": {"$type": "blob", "ref": Cid.of_raw(b""), "mimeType": "image/png", "size": 1000}}
        ],
    },
}


def test_every_document_is_read(today_raw: dict[str, object]) -> None:
    """A published document that is not is ours to look at: be lenient there, and say why in schema.py."""
    refused = {}
    for name, raw in today_raw.items():
        try:
            parse_document(raw)
        except InvalidLexicon as wrong:
            refused[name] = str(wrong)

    assert len(today_raw) > 500
    assert refused == {}


def test_every_record_type_compiles(today: Catalog) -> None:
    """All their references lead somewhere."""
    nsids = [document.id for document in today if isinstance(document.defs.get("main"), Record)]

    assert len(nsids) > 50
    assert all(today.record(nsid) for nsid in nsids)


def test_every_method_compiles(today: Catalog) -> None:
    """Parameters, inputs and outputs."""
    methods = [d.id for d in today if isinstance(d.defs.get("main"), Query | Procedure | Subscription)]

    assert len(methods) > 400
    assert all(today.method(nsid) for nsid in methods)


def check_post(today: Catalog, **changes: object) -> None:
    """Check a valid post, or one that differs in a field."""
    post = today.record("app.bsky.feed.post")
    assert post is not None
    post.check({**POST, **changes})


def test_a_post_with_everything_passes(today: Catalog) -> None:
    """Reply, facets, images, languages."""
    check_post(today)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": "x" * 301}, "Record/text must not be longer than 300 graphemes"),
        ({"text": "👩‍👩‍👦‍👦" * 121}, "Record/text must not be longer than 3000 characters"),
        ({"createdAt": "today"}, "Record/createdAt must be a valid datetime"),
        ({"langs": ["en"] * 4}, "Record/langs must not have more than 3 elements"),
        ({"langs": ["en", "-"]}, "Record/langs/1 must be a valid language"),
        ({"reply": {"root": STRONG_REF}}, 'Record/reply must have the property "parent"'),
        (
            {"reply": {"root": {**STRONG_REF, "uri": "x"}, "parent": STRONG_REF}},
            "Record/reply/root/uri must be a valid at-uri",
        ),
        ({"embed": {"$type": "app.bsky.embed.images"}}, 'Record/embed must have the property "images"'),
        ({"embed": {}}, 'Record/embed must be an object which includes the "$type" property'),
        ({"$type": "app.bsky.feed.like"}, "Record/$type must be app.bsky.feed.post"),
    ],
)
def test_a_post_that_is_wrong_says_where(today: Catalog, changes: dict[str, object], message: str) -> None:
    """In a sentence that a person understands."""
    with pytest.raises(InvalidData) as caught:
        check_post(today, **changes)

    assert caught.value.message == message


def test_the_parameters_of_a_list_of_records_are_typed(today: Catalog) -> None:
    """With the default of its limit."""
    method = today.method("com.atproto.repo.listRecords")
    assert method is not None

    assert method.params({"repo": [DID], "collection": ["app.bsky.feed.post"], "reverse": ["true"]}) == {
        "repo": DID,
        "collection": "app.bsky.feed.post",
        "limit": 50,
        "reverse": True,
    }
