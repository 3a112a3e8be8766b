"""What is asked of a repository at once: which requests can share a commit, and what each comes to on its tree.

Deliberately does not know how a commit is made of it: that is `roost.services.repos`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from roost.data.cid import Cid
from roost.repo import MAX_OPS, Base, Create, Delete, RepoOp, Update, mst
from roost.services import indexes
from roost.services.errors import InvalidRequest, InvalidSwap, RecordAlreadyExists
from roost.services.references import NOTHING, Pointers
from roost.services.writes import Removal, Write
from roost.storage.db import Tx

MAX_SHARED_BYTES: Final = 500_000
"""Bytes of records in a commit that several requests share: with its proofs it stays far below what one event holds."""


class Asked(msgspec.Struct, frozen=True):
    """The writes of one request, and the commit that it wants the repository to be at."""

    writes: Sequence[Write | Removal]
    swap_commit: Cid | None

    @property
    def alone(self) -> bool:
        """Whether what it comes to depends on the commits of others, so that it has to have one of its own.

        What supplants others is looked for in the state before the commit: two likes at once would miss each other.
        """
        return self.swap_commit is not None or any(write.supplants for write in self.writes)


class Plan(msgspec.Struct, frozen=True):
    """What a request comes to: operations, and the JSON and pointers of the new records by their path."""

    ops: Sequence[RepoOp]
    json: dict[str, bytes]
    pointers: dict[str, Pointers]


def sharing(asked: Sequence[Asked]) -> Sequence[Asked]:
    """Return the first requests, as many as can be one commit: each at least as good as after those before it."""
    if len(asked) == 1 or asked[0].alone:
        return asked[:1]
    paths: set[str] = set()
    references = size = 0
    for count, each in enumerate(asked):
        references += sum(len(write.pointers.blobs) for write in _puts(each.writes))
        size += sum(len(write.block) for write in _puts(each.writes))
        fits = (
            not each.alone
            and paths.isdisjoint(write.path for write in each.writes)
            and len(paths) + len(each.writes) <= MAX_OPS
            and references <= indexes.MAX_BLOBS
            and size <= MAX_SHARED_BYTES
        )
        if count and not fits:
            return asked[:count]
        paths.update(write.path for write in each.writes)
    return asked


def plan(tx: Tx, account: int, base: Base, head: Cid, asked: Asked) -> Plan:
    """Return what the request comes to on `base`, the tree of the commit `head`.

    Raises InvalidSwap, RecordAlreadyExists, InvalidRequest, BlobNotFound, InvalidMimeType, InvalidSize.
    """
    changes = [write for write in asked.writes if not _already_so(base, write)]
    if changes and asked.swap_commit is not None and asked.swap_commit != head:
        raise InvalidSwap(f"Commit was at {head}")
    ops = [op for write in changes if (op := _op(base, write)) is not None]
    puts = [*_puts(changes)]
    pointers = {write.path: write.pointers for write in puts if write.pointers is not NOTHING}
    if pointers:
        indexes.check_blobs(tx, account, pointers)
    return Plan(ops, {write.path: write.json for write in puts}, pointers)


def check_distinct(writes: Sequence[Write | Removal]) -> None:
    """Refuse two writes to one path: a consumer could not undo the event that told of them."""
    seen: set[str] = set()
    for index, write in enumerate(writes):
        if write.path in seen:
            raise InvalidRequest(f"Write {index} is the second to {write.path}: one batch writes a record once")
        seen.add(write.path)


def _puts(writes: Iterable[Write | Removal]) -> Iterator[Write]:
    return (write for write in writes if isinstance(write, Write))


def _already_so(base: Base, write: Write | Removal) -> bool:
    """Return whether a put finds just what it would write: then nothing is asked of the repository at all."""
    return isinstance(write, Write) and write.action == "put" and mst.find(base.root, write.path.encode()) == write.cid


def _op(base: Base, write: Write | Removal) -> RepoOp | None:
    """Return the operation that the write comes to on this tree; None for removing what is not there."""
    current = mst.find(base.root, write.path.encode())
    if current is None and isinstance(write, Removal) and not write.insist:
        return None
    _check_swap(write.swap, current)
    if isinstance(write, Write) and (write.action == "create" or (write.action == "put" and current is None)):
        if current is not None:
            raise RecordAlreadyExists(f"Record already exists: {write.path}")
        return Create(write.path, write.block)
    if current is None:
        raise InvalidRequest(f"Could not locate record: {write.path}")
    return Delete(write.path) if isinstance(write, Removal) else Update(write.path, write.block)


def _check_swap(swap: Cid | UnsetType | None, current: Cid | None) -> None:
    if swap is not UNSET and swap != current:
        raise InvalidSwap("Record does not exist" if current is None else f"Record was at {current}")
