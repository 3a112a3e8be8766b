"""Telling the network: each function appends one event to the log, in the transaction of the change that it tells
of.
"""

from roost.data import car
from roost.repo import MAX_OPS, Commit, CommitDraft
from roost.services import frames
from roost.storage import events
from roost.storage.db import Tx
from roost.syntax import Did, Handle

TOO_MUCH = f"Too many writes. Max event size: {frames.MAX_BLOCKS_BYTES // 1_000_000}MB"


def fits(draft: CommitDraft) -> bool:
    """Return whether one #commit can tell of the draft: consumers drop a larger one."""
    return len(draft.ops) <= MAX_OPS and len(draft.blocks) <= frames.MAX_BLOCKS_BYTES


def append_written(tx: Tx, account: int, draft: CommitDraft, *, now: int) -> None:
    """Append the #commit of a draft, or the #sync that sends consumers to fetch what is too much for one.

    `now` is in milliseconds since 1970, here and below.
    """
    if not fits(draft):
        append_sync(tx, account, draft.commit, now=now)
        return
    seq = events.next_seq(tx)
    events.append(tx, seq=seq, account=account, time=now, frame=frames.commit(draft, seq=seq, time=now))


def append_sync(tx: Tx, account: int, commit: Commit, *, now: int) -> None:
    """Append the #sync that states the repository's current commit."""
    seq = events.next_seq(tx)
    blocks = car.header(commit.cid) + car.frame(commit.cid, commit.block)
    frame = frames.sync(did=commit.did, rev=commit.rev, blocks=blocks, seq=seq, time=now)
    events.append(tx, seq=seq, account=account, time=now, frame=frame)


def append_identity(tx: Tx, account: int, did: Did, handle: Handle | None, *, now: int) -> None:
    """Append the #identity that makes the network look at the DID again."""
    seq = events.next_seq(tx)
    frame = frames.identity(did=did, handle=handle, seq=seq, time=now)
    events.append(tx, seq=seq, account=account, time=now, frame=frame)


def append_account(tx: Tx, account: int, did: Did, status: str | None, *, now: int) -> int:
    """Append the #account that tells whether the account is active, and if not, why; return its sequence number."""
    seq = events.next_seq(tx)
    frame = frames.account(did=did, status=status, seq=seq, time=now)
    events.append(tx, seq=seq, account=account, time=now, frame=frame)
    return seq
