"""A CAR on its way in, kept in a file that has no name: each block is checked as it comes, and found again by its CID.

In memory there are 16 bytes for each block, so a repository of a million records takes some tens of megabytes, whatever
its records weigh. Every method works on the file and is called in a thread. Deliberately does not know what the blocks
mean.
"""

import os
from array import array
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from roost.data.car_feed import Feed
from roost.data.cid import SIZE, Cid

MAX_BLOCKS: Final = 4_000_000
"""Blocks in one CAR: some three million records. The index of so many takes 64 MB."""

MAX_BLOCK_BYTES: Final = 1_000_000
"""The largest block: a record's limit. No node and no commit is larger."""

_BUCKETS: Final = 1 << 14
"""Blocks are found by looking through one bucket, which has 61 of a million."""

_SIZE_BITS: Final = 24
_ASKED: Final = 1 << 63
"""Beside a block's place and size: somebody has asked for it."""


class Spool:
    """One CAR, until it is closed."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder, prefix=".import-", buffering=0)  # noqa: SIM115 - it lives as long as this
        self._feed = Feed(max_blocks=MAX_BLOCKS, max_block=MAX_BLOCK_BYTES)
        self._buckets: dict[int, array[int]] = {}
        self.size = 0
        self.blocks = 0

    def close(self) -> None:
        """Give the place on the disk back."""
        self._file.close()

    def write(self, piece: bytes) -> None:
        """Take the next bytes of the file. Raises InvalidCar and its kin for what can be seen to be wrong by now."""
        for offset, cid, block in self._feed.feed(piece):
            self._bucket(cid).extend((_short(cid), offset << _SIZE_BITS | len(block)))
            self.blocks += 1
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(piece)

    def finish(self) -> tuple[Cid, ...]:
        """Return the roots, once everything has been written. Raises TruncatedCar."""
        return self._feed.close()

    def get(self, cid: Cid) -> bytes | None:
        """Return the block of that name, or None."""
        bucket, short = self._bucket(cid), _short(cid)
        at = -2
        while True:
            try:
                at = bucket.index(short, at + 2)
            except ValueError:
                return None
            if at % 2:  # a place in the file that looks like a name
                at -= 1
                continue
            place = bucket[at + 1] & ~_ASKED
            offset, size = place >> _SIZE_BITS, place & (1 << _SIZE_BITS) - 1
            framed = os.pread(self._file.fileno(), SIZE + size, offset - SIZE)
            # Eight bytes of a digest can be made to agree, all of it cannot.
            if framed[:SIZE] == cid:
                bucket[at + 1] |= _ASKED
                return framed[SIZE:]

    def strays(self) -> tuple[int, int]:
        """Return how many blocks nobody has asked for, and their bytes. One that came twice is none."""
        count = size = 0
        for bucket in self._buckets.values():
            asked = {bucket[at] for at in range(0, len(bucket), 2) if bucket[at + 1] & _ASKED}
            for at in range(0, len(bucket), 2):
                if bucket[at] not in asked:
                    count += 1
                    size += bucket[at + 1] & (1 << _SIZE_BITS) - 1
        return count, size

    def _bucket(self, cid: Cid) -> "array[int]":
        # Python's own hash has a key that no sender knows, so nobody can fill one bucket on purpose.
        return self._buckets.setdefault(hash(cid) % _BUCKETS, array("Q"))


def _short(cid: Cid) -> int:
    return int.from_bytes(cid.digest[:8])
