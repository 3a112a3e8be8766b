"""CAR v1 files: a header that names the roots, then blocks, each behind its length and its CID (spec section 6.5).

Reading checks the hash of every block, and never believes a length before it has seen the bytes. Deliberately does
not know which blocks belong together, nor in which order they should come.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from roost.data import cbor
from roost.data.cid import PREFIXES, SIZE, Cid
from roost.data.errors import BlockHashMismatch, InvalidCar, InvalidCbor, OversizedCar, TruncatedCar

# A header with one root takes 59 bytes; this leaves room for hundreds of roots, and none for an attack.
_MAX_HEADER: Final = 65_536
# 2**63 - 1, the most an unsigned varint may say, takes nine bytes.
_MAX_VARINT_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Car:
    """A CAR file that was read whole: its roots, and its blocks in the order of the file."""

    roots: tuple[Cid, ...]
    blocks: dict[Cid, bytes]


def read(data: bytes | Iterable[bytes], *, max_blocks: int, max_bytes: int) -> Car:
    """The roots and blocks of a CAR file, every hash checked; a block given twice counts twice, and is kept once.

    Raises InvalidCar: TruncatedCar, OversizedCar, BlockHashMismatch, or itself for all else (spec section 6.5).
    """
    roots, blocks = iter_blocks(data, max_blocks=max_blocks, max_bytes=max_bytes)
    return Car(roots, dict(blocks))


def iter_blocks(
    data: bytes | Iterable[bytes],
    *,
    max_blocks: int,
    max_bytes: int,
    mismatched: Callable[[BlockHashMismatch], None] | None = None,
) -> tuple[tuple[Cid, ...], Iterator[tuple[Cid, bytes]]]:
    """The roots of a CAR file, and an iterator that reads, checks and gives one block at a time.

    Both the call and each step raise InvalidCar, as `read` does (spec section 6.5). With `mismatched`, a block that is
    not the one its CID names is told to it and left out, for whoever wants to know everything that is wrong.
    """
    source = _Source((data,) if isinstance(data, bytes) else data, max_bytes)
    return _read_header(source), _read_blocks(source, max_blocks, mismatched or _refuse)


def header(root: Cid | None) -> bytes:
    """The first bytes of a CAR file with one root, or with none."""
    # By hand: every commit on the firehose has one.
    roots = b"\x80" if root is None else b"\x81" + cbor.LINK + root
    encoded = b"\xa2eroots" + roots + b"gversion\x01"
    return varint(len(encoded)) + encoded


def frame(cid: Cid, block: bytes) -> bytes:
    """One block of a CAR file, behind its length and its CID."""
    return varint(SIZE + len(block)) + cid + block


@lru_cache(maxsize=4096)  # the lengths of most blocks: an export asks ten thousand times
def varint(n: int) -> bytes:
    """A number as an unsigned LEB128 varint: seven bits a byte, the lowest first."""
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


class _Source:
    """Bytes that arrive in pieces, taken in the sizes that a reader wants and never more than `max_bytes` in all."""

    __slots__ = ("_at", "_left", "_more", "_piece")

    def __init__(self, pieces: Iterable[bytes], max_bytes: int) -> None:
        self._more = iter(pieces)
        self._piece = b""
        self._at = 0
        self._left = max_bytes

    def take(self, size: int) -> bytes:
        """Exactly the next `size` bytes. Nothing is set aside for bytes that have not come."""
        self._left -= size
        if self._left < 0:
            raise OversizedCar("the CAR file is larger than allowed")
        if self._at + size > len(self._piece):
            self._gather(size)
        start, self._at = self._at, self._at + size
        return self._piece[start : self._at]

    def ended(self) -> bool:
        """Whether no byte is left."""
        while self._at == len(self._piece):
            piece = next(self._more, None)
            if piece is None:
                return True
            self._piece, self._at = piece, 0
        return False

    def _gather(self, size: int) -> None:
        pieces = [self._piece[self._at :]]
        have = len(pieces[0])
        while have < size:
            piece = next(self._more, None)
            if piece is None:
                raise TruncatedCar("the CAR file ends in the middle of a header, a length or a block")
            pieces.append(piece)
            have += len(piece)
        self._piece, self._at = b"".join(pieces), 0


def _read_varint(source: _Source) -> int:
    value = 0
    for i in range(_MAX_VARINT_BYTES):
        byte = source.take(1)[0]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if byte == 0 and i > 0:
                raise InvalidCar("a length is not in its shortest form")
            return value
    raise InvalidCar("a length has more than 63 bits")


def _read_header(source: _Source) -> tuple[Cid, ...]:
    size = _read_varint(source)
    if size > _MAX_HEADER:
        raise InvalidCar("the CAR header is too long")
    return roots_of(source.take(size))


def roots_of(encoded: bytes) -> tuple[Cid, ...]:
    """The roots that a header's DAG-CBOR names; raises InvalidCar."""
    try:
        value = cbor.decode(encoded)
    except InvalidCbor as why:
        raise InvalidCar(f"the CAR header is not DAG-CBOR: {why}") from why
    if not isinstance(value, dict):
        raise InvalidCar("the CAR header is not a map")
    version, roots = value.get("version"), value.get("roots")
    if version is not True and version == 1 and isinstance(roots, list):
        cids = tuple(root for root in roots if isinstance(root, Cid))
        if len(cids) == len(roots):
            return cids
    raise InvalidCar("the CAR header does not say version 1 and a list of roots")


def _refuse(error: BlockHashMismatch) -> None:
    raise error


def _read_blocks(
    source: _Source, max_blocks: int, mismatched: Callable[[BlockHashMismatch], None]
) -> Iterator[tuple[Cid, bytes]]:
    count = 0
    while not source.ended():
        count += 1
        if count > max_blocks:
            raise OversizedCar(f"the CAR file has more than {max_blocks} blocks")
        size = _read_varint(source)
        if size < SIZE:
            raise InvalidCar(f"block {count} is too short for its CID")
        framed = source.take(size)
        if framed[:4] not in PREFIXES:
            raise InvalidCar(f"block {count} is not named by a CIDv1 with SHA-256")
        cid, block = Cid(framed[:SIZE]), framed[SIZE:]
        if sha256(block).digest() != framed[4:SIZE]:
            mismatched(BlockHashMismatch(f"block {count} is not the one that {cid} names"))
            continue
        yield cid, block
