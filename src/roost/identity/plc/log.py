"""Which operations may follow which: signatures, order, and the 72 hours in which a stronger key may rewrite (7.1).

Judges signatures, links and times, which come in with the log. Knows nothing of the limits of a new operation
(`rules`), so that logs older than those limits stay readable, and nothing of where a log is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from roost.crypto import CryptoError, PublicKey
from roost.data import Cid
from roost.identity.errors import (
    GenesisMismatch,
    InvalidLog,
    InvalidSignature,
    LateRecovery,
    MisorderedOperation,
    MissingPrev,
)
from roost.identity.plc.operation import (
    AnyOperation,
    LegacyCreate,
    Operation,
    State,
    Tombstone,
    cid_of,
    did_of,
    prev_of,
    signature_bytes,
    signed_bytes,
    state_of,
)
from roost.syntax import Did

# How long a stronger rotation key may undo what a weaker one did; exactly 72 hours is still in time.
RECOVERY_WINDOW = dt.timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation with what the directory knows of it."""

    operation: AnyOperation
    cid: Cid
    created_at: dt.datetime
    nullified: bool = False


def judge_next(did: Did, live: Sequence[Entry], proposed: AnyOperation, *, now: dt.datetime) -> tuple[Cid, ...]:
    """Decide whether `proposed` may join the operations that now stand; returns the CIDs it nullifies, oldest first.

    `live` holds the operations not nullified, oldest first; none at all means `proposed` must create the DID. Raises an
    InvalidLog, or InvalidSignatureText.
    """
    prev = prev_of(proposed)
    if not live:
        if isinstance(proposed, Tombstone) or prev is not None:
            raise MissingPrev("Expected null prev on create")
        judge_genesis(did, proposed)
        return ()
    if prev is None:
        raise MissingPrev(f"{did} is registered; an update requires a non-null prev")
    at = next((i for i, entry in enumerate(live) if entry.cid == prev), None)
    if at is None:
        raise MisorderedOperation
    last = live[at].operation
    if isinstance(last, Tombstone):
        raise MisorderedOperation("An operation cannot follow a tombstone")
    return _judge_fork(state_of(last).rotation_keys, live[at + 1 :], proposed, now)


def _judge_fork(
    keys: tuple[str, ...], undone: Sequence[Entry], proposed: AnyOperation, now: dt.datetime
) -> tuple[Cid, ...]:
    if not undone:
        signer_of(keys, proposed)
        return ()
    # Only keys that stand before the one whose work is undone may undo it.
    stronger = keys[: signer_of(keys, undone[0].operation)]
    signer_of(stronger, proposed)
    elapsed = now - undone[0].created_at
    if elapsed > RECOVERY_WINDOW:
        raise LateRecovery(elapsed)
    return tuple(entry.cid for entry in undone)


def judge_genesis(did: Did, operation: Operation | LegacyCreate) -> State:
    """Check that an operation creates exactly this DID and is signed by a key it names; returns the state it sets."""
    if prev_of(operation) is not None:
        raise MissingPrev("Expected null prev on create")
    expected = did_of(operation)
    if expected != did:
        raise GenesisMismatch(expected)
    state = state_of(operation)
    signer_of(state.rotation_keys, operation)
    return state


def signer_of(keys: Sequence[str], operation: AnyOperation) -> int:
    """Return the index of the first key that signed the operation; raises InvalidSignature, InvalidSignatureText."""
    signature, message = signature_bytes(operation), signed_bytes(operation)
    for index, did_key in enumerate(keys):
        try:
            key = PublicKey.from_did_key(did_key)
        except CryptoError:
            continue  # an old log may list a key of another kind; it can sign nothing
        if key.verify(signature, message):
            return index
    raise InvalidSignature


def validate_log(did: Did, operations: Sequence[AnyOperation]) -> State | Tombstone:
    """Replay a log without forks, as `/:did/log` gives it; returns where the identity stands.

    Raises an InvalidLog at the first operation that does not follow from those before it.
    """
    if not operations:
        raise InvalidLog("The log is empty")
    first, *rest = operations
    if isinstance(first, Tombstone):
        raise MissingPrev("Expected null prev on create")
    judge_genesis(did, first)
    last: AnyOperation = first
    for operation in rest:
        if isinstance(last, Tombstone) or isinstance(operation, LegacyCreate) or prev_of(operation) != cid_of(last):
            raise MisorderedOperation
        signer_of(state_of(last).rotation_keys, operation)
        last = operation
    return last if isinstance(last, Tombstone) else state_of(last)


def validate_audit_log(did: Did, entries: Iterable[Entry]) -> State | Tombstone:
    """Replay a log with its forks, as `/:did/log/audit` gives it, and check what the directory says of each operation.

    Times must grow, CIDs must be right, and an entry must be marked nullified exactly when a later one undid it.
    Raises an InvalidLog.
    """
    told = list(entries)
    live: list[Entry] = []
    for entry in told:
        if cid_of(entry.operation) != entry.cid:
            raise InvalidLog(f"The log's CID for an operation is not its CID: {entry.cid}")
        if live and entry.created_at <= live[-1].created_at:
            raise MisorderedOperation("Operations are not in the order of their times")
        undone = judge_next(did, live, entry.operation, now=entry.created_at)
        live = [standing for standing in live if standing.cid not in undone]
        live.append(replace(entry, nullified=False))
    if not live:
        raise InvalidLog("The log is empty")
    standing_cids = {entry.cid for entry in live}
    for entry in told:
        if entry.nullified == (entry.cid in standing_cids):
            raise InvalidLog(f"The log is wrong about whether an operation was nullified: {entry.cid}")
    last = live[-1].operation
    return last if isinstance(last, Tombstone) else state_of(last)
