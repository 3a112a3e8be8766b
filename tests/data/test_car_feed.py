"""CAR files that are pushed in, in pieces of any size."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.data import car
from roost.data.car_feed import MAX_HEADER, Feed
from roost.data.cid import Cid
from roost.data.errors import BlockHashMismatch, InvalidCar, OversizedCar, TruncatedCar

BLOCKS = [b"", b"a", b"b" * 200, b"c" * 20_000]
CIDS = [Cid.of_cbor(block) for block in BLOCKS]
FILE = car.header(CIDS[0]) + b"".join(car.frame(cid, block) for cid, block in zip(CIDS, BLOCKS, strict=True))


def feed(max_blocks: int = 100, max_block: int = 100_000) -> Feed:
    """Return a reader."""
    return Feed(max_blocks=max_blocks, max_block=max_block)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Yield a file in pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 7, 36, 64, 1000, 1 << 20])
def test_pieces_may_have_any_size(size: int) -> None:
    """However a file is cut, its blocks come out whole, with where they stand in it."""
    reader = feed()

    found = [each for piece in cut(FILE, size) for each in reader.feed(piece)]

    assert [(cid, block) for _, cid, block in found] == list(zip(CIDS, BLOCKS, strict=True))
    assert [FILE[at : at + len(block)] for at, _, block in found] == BLOCKS
    assert reader.close() == (CIDS[0],)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_it_judges_as_the_reader_that_pulls(data: bytes, size: int) -> None:
    """Any bytes at all are a file, or not, for both."""
    damaged = FILE[: len(FILE) - 20_100] + data
    try:
        expected = list(car.read(damaged, max_blocks=100, max_bytes=1 << 20).blocks.items())
    except InvalidCar:
        expected = None

    reader = feed()
    try:
        found = [(cid, block) for piece in cut(damaged, size) for _, cid, block in reader.feed(piece)]
        reader.close()
    except InvalidCar:
        assert expected is None
    else:
        assert list(dict(found).items()) == expected


def test_a_flipped_bit_is_found() -> None:
    """Wherever it is: in a length, in a name, or in a block."""
    rng = random.Random(1)
    for _ in range(200):
        damaged = bytearray(FILE)
        damaged[rng.randrange(len(car.header(CIDS[0])), len(FILE))] ^= 1 << rng.randrange(8)
        reader = feed()

        with pytest.raises(InvalidCar):  # noqa: PT012 - whichever of the two finds it
            list(reader.feed(bytes(damaged)))
            reader.close()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xff" * 8 + b"\x7f", InvalidCar),  # a header of 2**63 bytes
        (b"\xff" * 20, InvalidCar),  # a length that never ends
        (b"\x80\x00", InvalidCar),  # a length in two bytes that needs one
        (car.varint(MAX_HEADER + 1), InvalidCar),
        (car.header(CIDS[0]) + b"\xff" * 8 + b"\x7f", OversizedCar),  # a block of 2**63 bytes
        (car.header(CIDS[0]) + car.varint(36 + 100_001), OversizedCar),
        (car.header(CIDS[0]) + car.varint(35), InvalidCar),
        (car.header(CIDS[0]) + car.varint(40) + b"x" * 40, InvalidCar),  # not named by a CID
        (car.header(CIDS[0]) + car.frame(CIDS[1], b"other"), BlockHashMismatch),
        (car.header(CIDS[0]) + car.frame(CIDS[1], b"a") * 101, OversizedCar),
        (b"\x01\xa0", InvalidCar),
    ],
)
def test_what_is_wrong_is_found_at_once(data: bytes, error: type[Exception]) -> None:
    """A length is judged before one byte of what it promises has come."""
    with pytest.raises(error):
        list(feed().feed(data))


@pytest.mark.parametrize("size", [0, 1, 30, len(FILE) - 1])
def test_a_file_that_ends_too_soon(size: int) -> None:
    """Half a file is none."""
    reader = feed()
    list(reader.feed(FILE[:size]))

    with pytest.raises(TruncatedCar):
        reader.close()
