"""Operations and the paths that they are on."""

import pytest

from roost.repo import InvalidPath, parse_path, path_of
from roost.syntax import Nsid, RecordKey


def test_a_path_is_a_collection_and_a_key() -> None:
    """A path splits into what it was made of."""
    collection, rkey = Nsid.parse("com.example.record"), RecordKey.parse("3jqfcqzm3fo2j")

    path = path_of(collection, rkey)

    assert (path, parse_path(path)) == ("com.example.record/3jqfcqzm3fo2j", (collection, rkey))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "com.example.record",
        "com.example.record/",
        "/3jqfcqzm3fo2j",
        "com.example.record/a/b",
        "com.example.record//a",
        "record/a",
        "com.example.record/..",
        "com.example.record/é",
        "com.example.record/" + "a" * 513,
        "com.example.record/a\n",
    ],
)
def test_anything_else_is_no_path(path: str) -> None:
    """Both halves must be there, once, and be what the specification calls a collection and a record key."""
    with pytest.raises(InvalidPath):
        parse_path(path)
