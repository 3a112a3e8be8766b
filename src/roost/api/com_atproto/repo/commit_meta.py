"""The commit that a write made, as the answers of this namespace tell of it."""

import msgspec

from roost.data.cid import Cid
from roost.services.repos import Written
from roost.syntax import Tid


class CommitMeta(msgspec.Struct, frozen=True):
    """`com.atproto.repo.defs#commitMeta`."""

    cid: Cid
    rev: Tid


def commit_meta(written: Written | None) -> CommitMeta | None:
    """Return the commit's place in an answer; None, which is left out, where nothing was committed."""
    return None if written is None else CommitMeta(written.cid, written.rev)
