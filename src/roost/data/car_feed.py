"""A CAR v1 file that arrives in pieces of any size: each block is checked as soon as its last byte is there.

`roost.data.car` pulls the pieces that it wants; here they are pushed, for whoever can never wait for the next one.
Where in the file each block stands is told too, so that it can be found again without being kept. Deliberately does not
know which blocks belong together.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from roost.data.car import roots_of
from roost.data.cid import PREFIXES, SIZE, Cid
from roost.data.errors import BlockHashMismatch, InvalidCar, OversizedCar, TruncatedCar

MAX_HEADER: Final = 65_536
"""A header with one root takes 59 bytes; this leaves room for hundreds of roots, and none for an attack."""

MAX_VARINT_BYTES: Final = 9
"""2**63 - 1, the most an unsigned varint may say, takes nine bytes."""


class Feed:
    """Reads one file. `roots` is there once the header is, and never changes then."""

    __slots__ = ("_at", "_blocks", "_max_block", "_max_blocks", "_rest", "roots")

    def __init__(self, *, max_blocks: int, max_block: int) -> None:
        """A block may have `max_block` bytes, of which none is waited for that an oversized length promises."""
        self.roots: tuple[Cid, ...] | None = None
        self._max_blocks = max_blocks
        self._max_block = max_block
        self._rest = b""  # what has come and is not a whole item yet
        self._at = 0  # where in the file it begins
        self._blocks = 0

    def feed(self, piece: bytes) -> Iterator[tuple[int, Cid, bytes]]:
        """Yield the blocks that `piece` completes, each with where in the file its bytes begin.

        To be read to its end before the next piece. Raises InvalidCar and its kin (spec section 6.5).
        """
        data = self._rest + piece
        start = 0
        while (found := self._item(data, start)) is not None:
            begin, end = found
            if self.roots is None:
                self.roots = roots_of(data[begin:end])
            else:
                self._blocks += 1
                cid, block = self._block(data[begin:end])
                yield self._at + begin + SIZE, cid, block
            start = end
        self._rest = data[start:]
        self._at += start

    def close(self) -> tuple[Cid, ...]:
        """Return the roots; raises TruncatedCar if the file ends in the middle of something."""
        if self.roots is None or self._rest:
            raise TruncatedCar("the CAR file ends in the middle of a header, a length or a block")
        return self.roots

    def _item(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Return where the next item begins and ends, None while it is not all there."""
        size = shift = 0
        for at in range(start, min(len(data), start + MAX_VARINT_BYTES)):
            byte = data[at]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if byte == 0 and at > start:
                    raise InvalidCar("a length is not in its shortest form")
                self._check_size(size)
                end = at + 1 + size
                return (at + 1, end) if end <= len(data) else None
        if len(data) - start >= MAX_VARINT_BYTES:
            raise InvalidCar("a length has more than 63 bits")
        return None

    def _check_size(self, size: int) -> None:
        if self.roots is None:
            if size > MAX_HEADER:
                raise InvalidCar("the CAR header is too long")
            return
        if self._blocks >= self._max_blocks:
            raise OversizedCar(f"the CAR file has more than {self._max_blocks} blocks")
        if size < SIZE:
            raise InvalidCar(f"block {self._blocks + 1} is too short for its CID")
        if size - SIZE > self._max_block:
            raise OversizedCar(
                f"block {self._blocks + 1} says it has {size - SIZE} bytes, of {self._max_block} at most"
            )

    def _block(self, framed: bytes) -> tuple[Cid, bytes]:
        if framed[:4] not in PREFIXES:
            raise InvalidCar(f"block {self._blocks} is not named by a CIDv1 with SHA-256")
        cid, block = Cid(framed[:SIZE]), framed[SIZE:]
        if sha256(block).digest() != framed[4:SIZE]:
            raise BlockHashMismatch(f"block {self._blocks} is not the one that {cid} names")
        return cid, block
