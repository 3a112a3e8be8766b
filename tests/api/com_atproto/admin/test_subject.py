"""What a status is of, as the wire has it."""

import msgspec
import pytest

from roost.api.com_atproto.admin.subject import RepoRef, StrongRef, Subject
from roost.data.cid import Cid


def convert(raw: object) -> object:
    """Read a subject as the edge does."""
    return msgspec.convert(raw, Subject, dec_hook=lambda type_, raw: type_.parse(raw))


def test_the_type_says_what_is_meant() -> None:
    """A subject without a known `$type` is none."""
    known = {"$type": "com.atproto.admin.defs#repoRef", "did": "did:web:a.test"}

    record = {"$type": "com.atproto.repo.strongRef", "uri": "at://did:web:a.test/a.b.c/d", "cid": str(Cid.of_raw(b""))}

    assert isinstance(convert(known), RepoRef)
    assert isinstance(convert(record), StrongRef)
    with pytest.raises(msgspec.ValidationError):
        convert(known | {"$type": "com.example.other"})
