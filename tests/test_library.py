"""The lexicon documents that a server has at hand."""

from pathlib import Path

import orjson
import pytest

from roost.config import ConfigError
from roost.library import Library

NOTE = {"lexicon": 1, "id": "com.example.note", "defs": {"main": {"type": "token"}}}
OBJECT = {"type": "object", "required": []}
RECORD = {"type": "record", "key": "tid"}


def keep(data: Path, name: str, content: bytes) -> None:
    """Put a file among the operator's lexicons."""
    path = data / "lexicons" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_every_document_has_the_id_that_its_place_says(tmp_path: Path) -> None:
    """All documents of the protocol's own parse, each under its name, and those of 2022 are among them."""
    library = Library(tmp_path)

    own = [nsid for nsid in library if nsid.startswith(("com.atproto.", "app.bsky.", "chat.bsky."))]

    assert [nsid for nsid in own if library[nsid].id != nsid] == []
    assert {"com.atproto.repo.createRecord", "com.atproto.repoCreateRecord", "app.bsky.post"} <= set(library)
    assert len(library) > 500


def test_the_operators_documents_count_before_the_bundled_ones(tmp_path: Path) -> None:
    """Wherever they are in the folder, by the id inside them."""
    keep(tmp_path, "deep/down/note.json", orjson.dumps(NOTE))
    keep(tmp_path, "post.json", orjson.dumps(NOTE | {"id": "app.bsky.feed.post"}))

    library = Library(tmp_path)

    assert library["com.example.note"].id == "com.example.note"
    assert list(library["app.bsky.feed.post"].defs) == ["main"]
    assert len(library["app.bsky.feed.like"].defs) >= 1


def test_an_unknown_document_is_not_there(tmp_path: Path) -> None:
    """Asking for what nobody has is a KeyError, for a name with slashes too."""
    library = Library(tmp_path)

    for nsid in ("com.example.note", "app/bsky/feed/post", ""):
        assert nsid not in library
        with pytest.raises(KeyError):
            library[nsid]


@pytest.mark.parametrize("content", [b"{", orjson.dumps(NOTE | {"id": "note"}), b"\xff"])
def test_what_is_wrong_with_an_operators_document_is_told_at_the_start(tmp_path: Path, content: bytes) -> None:
    """The message names the file."""
    keep(tmp_path, "deep/note.json", content)

    with pytest.raises(ConfigError, match=r"lexicons/deep/note\.json "):
        Library(tmp_path)


def record(nsid: str, **properties: object) -> bytes:
    """Return a document of a record with these properties."""
    return orjson.dumps(NOTE | {"id": nsid, "defs": {"main": RECORD | {"record": OBJECT | {"properties": properties}}}})


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ({"type": "ref", "ref": "com.example.missing"}, "com.example.missing is referred to, but not known"),
        ({"type": "ref", "ref": "#nope"}, "com.example.note#nope is referred to, but not known"),
        (
            {"type": "union", "closed": True, "refs": ["com.example.missing#a"]},
            "com.example.missing#a is a variant of a closed union, but not known",
        ),
        ({"type": "ref", "ref": "com.atproto.repo.getRecord"}, "is referred to as data, but stands for none"),
    ],
)
def test_what_refers_to_nothing_is_told_at_the_start(tmp_path: Path, schema: object, wrong: str) -> None:
    """Not as an error of the server, to whoever writes the first record of that type."""
    keep(tmp_path, "note.json", record("com.example.note", part=schema))

    with pytest.raises(ConfigError, match=r"lexicons/note\.json cannot be used: ") as refused:
        Library(tmp_path).catalog()
    assert wrong in str(refused.value)


@pytest.mark.parametrize(
    "nsid", ["com.atproto.repo.createRecord", "com.atproto.createAccount", "com.atproto.repo.defs"]
)
def test_the_protocol_itself_is_not_replaced(tmp_path: Path, nsid: str) -> None:
    """Neither a method of either generation nor what they are made of."""
    keep(tmp_path, "own.json", record(nsid))

    with pytest.raises(ConfigError, match=rf"own\.json: {nsid} is of the protocol"):
        Library(tmp_path)


def test_two_documents_of_one_id_are_told_by_their_files(tmp_path: Path) -> None:
    """Rather than that one of them counts."""
    for name in ("a.json", "z/b.json"):
        keep(tmp_path, name, record("com.example.note"))

    with pytest.raises(ConfigError, match=r"z/b\.json has the id of .*/a\.json: com\.example\.note"):
        Library(tmp_path)


def test_what_fits_together_is_a_catalog(tmp_path: Path) -> None:
    """Documents may refer to one another, in circles, and to the bundled ones; the bundled ones do too."""
    keep(tmp_path, "a.json", record("com.example.a", b={"type": "ref", "ref": "com.example.b"}))
    keep(tmp_path, "b.json", record("com.example.b", a={"type": "ref", "ref": "com.example.a"}))
    keep(tmp_path, "c.json", record("com.example.c", to={"type": "ref", "ref": "com.atproto.repo.strongRef"}))

    catalog = Library(tmp_path).catalog()

    assert all(catalog.record(f"com.example.{name}") for name in "abc")
    assert catalog.record("app.bsky.feed.post") is not None
