"""What a status is of, as the wire has it."""

import msgspec
import pytest

from roost.api.com_atproto.admin.subject import RepoRef, Subject


def test_the_type_says_what_is_meant() -> None:
    """A subject without a known `$type` is none."""
    known = {"$type": "com.atproto.admin.defs#repoRef", "did": "did:web:a.test"}

    assert isinstance(msgspec.convert(known, Subject, dec_hook=lambda type_, raw: type_(raw)), RepoRef)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(known | {"$type": "com.example.other"}, Subject)
