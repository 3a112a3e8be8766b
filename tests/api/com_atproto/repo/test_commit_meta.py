"""The commit in an answer."""

from roost.api.com_atproto.repo.commit_meta import commit_meta
from roost.api.encode import encode
from roost.data.cid import Cid
from roost.services.repos import Written
from roost.syntax import Tid


def test_a_commit_is_told_by_cid_and_rev() -> None:
    """Both are text."""
    written = Written(Cid.of_cbor(b"x"), Tid.parse("3jzfcijpj2z2a"))

    assert encode(commit_meta(written)) == f'{{"cid":"{written.cid}","rev":"3jzfcijpj2z2a"}}'.encode()


def test_no_commit_is_no_field() -> None:
    """Where nothing was committed there is nothing to tell."""
    assert commit_meta(None) is None
