"""The tree of repository errors."""

import pytest

from roost.data.cid import Cid
from roost.repo import errors


@pytest.mark.parametrize(
    "name", ["InvalidPath", "InvalidNode", "InvalidCommit", "MissingBlock", "KeyExists", "KeyMissing", "BrokenStore"]
)
def test_each_is_a_repository_error_and_a_value_error(name: str) -> None:
    """Whoever judges a foreign repository can answer all that is wrong with it in one place."""
    kind = getattr(errors, name)

    assert issubclass(kind, errors.RepoError)
    assert issubclass(kind, ValueError)


def test_they_carry_what_they_are_about() -> None:
    """A block is named by its CID, a key by its bytes, also where those are no text."""
    cid = Cid.of_cbor(b"\xa0")

    assert errors.MissingBlock(cid).cid == cid
    assert errors.KeyExists(b"a/\xff").key == b"a/\xff"
    assert str(errors.KeyMissing(b"a/b")) == "a/b does not exist"
