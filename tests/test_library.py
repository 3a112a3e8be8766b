"""The lexicon documents that a server has at hand."""

from pathlib import Path

import orjson
import pytest

from roost.config import ConfigError
from roost.library import Library

NOTE = {"lexicon": 1, "id": "com.example.note", "defs": {"main": {"type": "token"}}}


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
    """The message names where it is."""
    keep(tmp_path, "note.json", content)

    with pytest.raises(ConfigError, match="lexicons"):
        Library(tmp_path)
