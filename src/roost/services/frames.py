"""Events of the firehose as the bytes that subscribers are sent (reference: event stream and sync specifications).

A frame is two CBOR items: a header that names the event, and its body. Bodies of commits are framed by hand: they are
written on every commit, and most of one is the CAR of its blocks.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from roost.data import cbor
from roost.data.value import Value
from roost.repo import AppliedOp, CommitDraft
from roost.syntax import Did, Handle, Tid

MAX_BLOCKS_BYTES: Final = 2_000_000
"""The largest CAR that a #commit may carry (sync specification); consumers drop a larger one, so it must not be
made.
"""

_COMMIT: Final = cbor.encode({"op": 1, "t": "#commit"})
_SYNC: Final = cbor.encode({"op": 1, "t": "#sync"})
_IDENTITY: Final = cbor.encode({"op": 1, "t": "#identity"})
_ACCOUNT: Final = cbor.encode({"op": 1, "t": "#account"})
_INFO: Final = cbor.encode({"op": 1, "t": "#info"})
_ERROR: Final = cbor.encode({"op": -1})

_NO_BLOBS: Final = b"eblobs\x80"
_NOT_REBASED: Final = b"frebase\xf4"
_NOT_TOO_BIG: Final = b"ftooBig\xf4"


def time_text(milliseconds: int) -> str:
    """Return the moment as events write it, `2026-01-31T12:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second_text(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4)
def _second_text(seconds: int) -> str:
    # Formatting a date takes longer than the rest of a frame, and thousands of events share a second.
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def commit(draft: CommitDraft, *, seq: int, time: int) -> bytes:
    """Return the #commit frame of a drafted commit; `time` is in milliseconds since 1970."""
    made = draft.commit
    fields = [
        b"cops" + cbor.head(4, len(draft.ops)) + b"".join([_op(op) for op in draft.ops]),
        b"crev" + cbor.text(made.rev),
        b"cseq" + cbor.head(0, seq),
        b"drepo" + cbor.text(made.did),
        b"dtime" + cbor.text(time_text(time)),
        _NO_BLOBS,
        b"esince" + (b"\xf6" if draft.since is None else cbor.text(draft.since)),
        b"fblocks" + cbor.head(2, len(draft.blocks)) + draft.blocks,
        b"fcommit" + cbor.LINK + made.cid,
        _NOT_REBASED,
        _NOT_TOO_BIG,
    ]
    if draft.prev_data is not None:
        fields.append(b"hprevData" + cbor.LINK + draft.prev_data)
    return _COMMIT + cbor.head(5, len(fields)) + b"".join(fields)


def sync(*, did: Did, rev: Tid, blocks: bytes, seq: int, time: int) -> bytes:
    """Return the #sync frame that states where a repository is; `blocks` is a CAR of its commit alone."""
    fields = [
        b"cdid" + cbor.text(did),
        b"crev" + cbor.text(rev),
        b"cseq" + cbor.head(0, seq),
        b"dtime" + cbor.text(time_text(time)),
        b"fblocks" + cbor.head(2, len(blocks)) + blocks,
    ]
    return _SYNC + cbor.head(5, len(fields)) + b"".join(fields)


def identity(*, did: Did, handle: Handle | None, seq: int, time: int) -> bytes:
    """Return the #identity frame: the DID's document or handle may have changed."""
    body: dict[str, Value] = {"seq": seq, "did": did, "time": time_text(time)}
    if handle is not None:
        body["handle"] = handle
    return _IDENTITY + cbor.encode(body)


def account(*, did: Did, status: str | None, seq: int, time: int) -> bytes:
    """Return the #account frame; `status` is None for an active account."""
    body: dict[str, Value] = {"seq": seq, "did": did, "time": time_text(time), "active": status is None}
    if status is not None:
        body["status"] = status
    return _ACCOUNT + cbor.encode(body)


def info(name: str, message: str) -> bytes:
    """Return the #info frame, which tells one subscriber something about its stream; it has no sequence number."""
    return _INFO + cbor.encode({"name": name, "message": message})


def error(name: str, message: str) -> bytes:
    """Return the frame that ends a stream and says why."""
    return _ERROR + cbor.encode({"error": name, "message": message})


def _op(op: AppliedOp) -> bytes:
    cid = b"\xf6" if op.cid is None else cbor.LINK + op.cid
    prev = b"" if op.prev is None else b"dprev" + cbor.LINK + op.prev
    fields = b"ccid" + cid + b"dpath" + cbor.text(op.path) + prev + b"faction" + cbor.text(op.action)
    return cbor.head(5, 4 if prev else 3) + fields
