"""A whole repository from anywhere, judged block by block and turned into what it changes here.

Everything must be there and canonical, and every record readable, before any of it counts; so whoever stages the
batches drops them all when the last of them is refused. It works in a thread, on blocks that were hashed before.
Deliberately does not know where blocks come from, or how rows are kept.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from roost.data import cbor
from roost.data.cid import Cid
from roost.data.errors import DataError
from roost.data.json import dumps
from roost.data.value import Value, check
from roost.repo import RepoError, mst, parse_path
from roost.repo.errors import InvalidNode, MissingBlock
from roost.repo.mst import NewNode
from roost.services.errors import InvalidRequest
from roost.services.references import NOTHING, packed, pointers
from roost.services.writes import MAX_RECORD_BYTES
from roost.storage.records import Shown
from roost.storage.staging import POINTER_WEIGHT, NodeChange, RecordChange

BATCH_ROWS: Final = 500
BATCH_BYTES: Final = 1_000_000
"""What is staged in one transaction: some 5 ms, for which others wait."""

MAX_NODE_BYTES: Final = 300_000
"""The largest node that is read at all: as many entries as one may have, each with the longest key."""

Fetch = Callable[[Cid], bytes | None]
"""Returns the block of that name, whose hash was checked, or None."""


class Standing(msgspec.Struct):
    """What stands in a repository before: what a judgement finds again is taken out, so that the rest is to go."""

    nodes: dict[Cid, int]
    records: dict[str, Cid]
    next_n: int


class Batch(msgspec.Struct):
    """Changes to stage together."""

    nodes: list[NodeChange] = []
    records: list[RecordChange] = []
    bytes: int = 0

    def add_node(self, change: NodeChange) -> None:
        """Add a node's change."""
        self.nodes.append(change)
        self.bytes += len(change[2] or b"")

    def add_record(self, change: RecordChange) -> None:
        """Add a record's change."""
        self.records.append(change)
        self.bytes += len(change.block or b"") + len(change.shown or b"") + POINTER_WEIGHT * len(change.pointers or b"")

    @property
    def full(self) -> bool:
        """Whether no more should be added."""
        return len(self.nodes) + len(self.records) >= BATCH_ROWS or self.bytes >= BATCH_BYTES


class Judgement:
    """One repository judged: `batches` is read once, to its end; then `root` and `next_n` tell of its tree."""

    def __init__(self, data: Cid, fetch: Fetch, before: Standing) -> None:
        self._data = data
        self._fetch = fetch
        self._before = before
        self._numbers: dict[Cid, int] = {}
        self._batch = Batch()
        self.next_n = before.next_n
        self.records = 0
        self.root = 0

    def batches(self) -> Iterator[Batch]:
        """Yield what the repository changes, the last batch perhaps empty. Raises InvalidRequest for whatever does not
        hold.
        """
        try:
            for found in mst.whole(self._data, self._node, self._number):
                self._add(found)
                yield from self._filled()
        except RepoError as error:
            raise InvalidRequest(f"The repository is not valid: {error}") from error
        for n in self._before.nodes.values():
            self._batch.add_node((n, None, None, None))
            yield from self._filled()
        for path in self._before.records:
            self._batch.add_record(RecordChange(path, stood=True))
            yield from self._filled()
        yield self._batch

    def _add(self, found: NewNode | tuple[bytes, Cid]) -> None:
        """Add a node or a record, unless it stands here already."""
        if isinstance(found, NewNode):
            self.root = self.root or found.n  # the root comes first
            if self._before.nodes.pop(found.cid, None) is None:
                self._batch.add_node((found.n, found.cid, found.block, found.kids))
            return
        key, cid = found
        path = _path(key)
        self.records += 1
        stood = self._before.records.pop(path, None)
        if stood != cid:
            self._batch.add_record(self._record(path, cid, stood=stood is not None))
        else:
            self._fetch(cid)  # of no use, but whoever has it is told that it belongs to the tree

    def _filled(self) -> Iterator[Batch]:
        if self._batch.full:
            yield self._batch
            self._batch = Batch()

    def _number(self, cid: Cid) -> int:
        """Return a node's number: its own from before, or a new one, asked for by its parent and then by itself."""
        n = self._before.nodes.get(cid) or self._numbers.pop(cid, None)
        if n is None:
            n = self._numbers[cid] = self.next_n
            self.next_n += 1
        return n

    def _node(self, cid: Cid) -> bytes:
        block = self._fetch(cid)
        if block is None:
            raise MissingBlock(cid)
        if len(block) > MAX_NODE_BYTES:
            raise InvalidNode(f"node {cid} is larger than any can be")
        return block

    def _record(self, path: str, cid: Cid, *, stood: bool) -> RecordChange:
        block = self._fetch(cid)
        if block is None:
            raise InvalidRequest(f"{path}: the CAR does not hold its record {cid}")
        record = record_of(path, block)
        points = pointers(path, record, block)
        return RecordChange(
            path, stood, cid, block, Shown.of(cid, dumps(record)), None if points is NOTHING else packed(points)
        )


def record_of(path: str, block: bytes) -> dict[str, Value]:
    """Return a record's value. Raises InvalidRequest unless it is an object of the data model and not too large."""
    if len(block) > MAX_RECORD_BYTES:
        raise InvalidRequest(f"{path}: a record may be at most {MAX_RECORD_BYTES} bytes")
    try:
        value = cbor.decode(block)
        check(value)
    except DataError as error:
        raise InvalidRequest(f"{path}: the record is not valid: {error}") from error
    if not isinstance(value, dict):
        raise InvalidRequest(f"{path}: a record must be an object")
    return value


def _path(key: bytes) -> str:
    try:
        path = key.decode("ascii")
        parse_path(path)
    except (UnicodeDecodeError, RepoError) as error:
        raise InvalidRequest(f"A record's path is not valid: {error}") from error
    return path
