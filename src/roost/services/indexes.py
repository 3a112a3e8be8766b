"""What is kept beside a repository's records, in the transaction of the commit that changes them: which blobs they
refer to, and for which subject each like, repost, follow and block is.

A commit of records that point to nothing, on paths where none was, never comes here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from roost.data.cid import Cid
from roost.repo import MAX_OPS
from roost.services.errors import BlobNotFound, InvalidMimeType, InvalidRequest, InvalidSize
from roost.services.references import LINKED, BlobRef, Pointers
from roost.services.writes import Removal, Write
from roost.storage import backlinks, blobs
from roost.storage.db import Tx
from roost.syntax import Tid

MAX_BLOBS: Final = 1000
"""References to blobs in one commit: looking after them takes some 15 ms, for which others wait. Posts have four."""


def supplanted(tx: Tx, account: int, writes: Sequence[Write | Removal]) -> Iterator[Removal]:
    """Yield the removals of earlier records whose place the writes take (spec section 1.2, createRecord).

    What is written itself stays out of it, and so does what one commit cannot tell of.
    """
    if not any(write.supplants for write in writes):
        return
    own = {write.path for write in writes}
    room = MAX_OPS - len(writes)
    for write in writes:
        if isinstance(write, Write) and write.supplants:
            assert write.pointers.subject is not None, "what supplants others has a subject in common with them"
            collection = write.path.partition("/")[0]
            found = backlinks.find(tx, account, collection, write.pointers.subject)
            earlier = [path for path in found if path not in own][:room]
            room -= len(earlier)
            yield from map(Removal, earlier)


def check_blobs(tx: Tx, account: int, pointers: Mapping[str, Pointers]) -> None:
    """Refuse what refers to a blob that the account has not uploaded, or says something else of it (spec section
    1.9.3).

    Raises BlobNotFound, InvalidMimeType, InvalidSize, InvalidRequest.
    """
    refs = {ref for points in pointers.values() for ref in points.blobs}
    if len(refs) > MAX_BLOBS:
        raise InvalidRequest(f"Too many blobs in one commit. Max: {MAX_BLOBS}")
    for ref in refs:
        _check_blob(blobs.get(tx, account, ref.cid), ref)


def _check_blob(blob: blobs.Blob | None, ref: BlobRef) -> None:
    if blob is None or blob.object is None or blob.takedown_ref is not None:
        raise BlobNotFound(f"Could not find blob: {ref.cid}")
    # The type of a blob that is referred to already is not compared: an imported record may call it otherwise than we
    # would, and its owner must be able to edit it.
    if blob.temporary_since is not None and blob.mime_type != ref.mime_type:
        raise InvalidMimeType(f"Blob {ref.cid} was uploaded as {blob.mime_type}, not {ref.mime_type[:200]}")
    if blob.size != ref.size:
        raise InvalidSize(f"Blob {ref.cid} has {blob.size} bytes, not {ref.size}")


def keep(tx: Tx, account: int, rev: Tid, changed: Sequence[str], pointers: Mapping[str, Pointers], *, now: int) -> bool:
    """Forget what the records at `changed` pointed to, and note what those of the commit `rev` point to, by path.

    Blobs that no record refers to any more are removed; returns whether that leaves objects to be removed. `now` is in
    milliseconds since 1970.
    """
    return blobs.drop_unreferenced(tx, account, _note(tx, account, rev, changed, pointers), now) > 0


def keep_arriving(
    tx: Tx, account: int, rev: Tid, changed: Sequence[str], pointers: Mapping[str, Pointers], *, now: int
) -> None:
    """Do the same for a part of a commit. A blob that no record refers to any more waits, as one that was just
    uploaded: a record that is still to come may refer to it.
    """
    blobs.let_go(tx, account, _note(tx, account, rev, changed, pointers), now)


def _note(tx: Tx, account: int, rev: Tid, changed: Sequence[str], pointers: Mapping[str, Pointers]) -> set[Cid]:
    """Return the blobs that records referred to, and may not refer to any more."""
    unreferred = blobs.unrefer(tx, account, changed)
    if links := [path for path in changed if path.partition("/")[0] in LINKED]:
        backlinks.delete_many(tx, account, links)
    for path, points in pointers.items():
        if points.blobs:
            cids = {ref.cid for ref in points.blobs}
            blobs.expect(tx, account, path, rev, cids)
            unreferred -= cids
        if points.subject is not None:
            backlinks.put(tx, account, path, path.partition("/")[0], points.subject)
    return unreferred
