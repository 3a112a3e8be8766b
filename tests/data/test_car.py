"""CAR files: what is written can be read, and nothing false is believed."""

from collections.abc import Callable

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.errors import BlockHashMismatch, InvalidCar, OversizedCar, TruncatedCar
from support.values import VALUES, damaged

_BLOCK = cbor.encode({"hello": "world"})
_CID = Cid.of_cbor(_BLOCK)


def _car(blocks: list[bytes], root: Cid | None = _CID) -> bytes:
    return car.header(root) + b"".join(car.frame(Cid.of_cbor(block), block) for block in blocks)


def _read(data: bytes, max_blocks: int = 100, max_bytes: int = 100_000) -> car.Car:
    return car.read(data, max_blocks=max_blocks, max_bytes=max_bytes)


@given(st.lists(VALUES.map(cbor.encode), max_size=5))
def test_what_is_written_can_be_read(blocks: list[bytes]) -> None:
    """The roots and every block come back, in order."""
    result = _read(_car(blocks))

    assert result.roots == (_CID,)
    assert list(result.blocks.items()) == list({Cid.of_cbor(block): block for block in blocks}.items())


def test_libipld_reads_it_too() -> None:
    """Another implementation finds the same root and the same block."""
    header, blocks = libipld.decode_car(_car([_BLOCK]))

    assert header["roots"] == [_CID]
    assert blocks == {bytes(_CID): {"hello": "world"}}


def test_the_header_without_a_root() -> None:
    """Blocks that belong to no root come in a file that names none."""
    assert car.header(None).hex() == "11a265726f6f7473806776657273696f6e01"
    assert _read(car.header(None)) == car.Car((), {})


def test_the_header_with_a_root() -> None:
    """Its length is 58 bytes."""
    assert car.header(_CID)[0] == 58


@pytest.mark.parametrize(("n", "data"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**32, "8080808010")])
def test_varints(n: int, data: str) -> None:
    """Seven bits a byte, the lowest first."""
    assert car.varint(n).hex() == data


@pytest.mark.parametrize("size", [1, 2, 7, 59, 1000])
def test_the_pieces_that_it_arrives_in_do_not_matter(size: int) -> None:
    """An upload is read as it comes, whatever the network does to it, empty pieces included."""
    blocks = [cbor.encode({"n": n, "text": "x" * n * 10}) for n in range(20)]
    whole = _car(blocks)
    pieces = [whole[i : i + size] for i in range(0, len(whole), size)]

    result = car.read([b"", *pieces, b""], max_blocks=20, max_bytes=len(whole))

    assert result == _read(whole)
    assert len(result.blocks) == 20


def test_blocks_are_given_as_they_arrive() -> None:
    """Nothing is read ahead of the block that is asked for."""
    arrived = []

    def pieces() -> list[bytes]:
        return [_car([_BLOCK]), b"\x01 not a block"]

    roots, blocks = car.iter_blocks(
        (arrived.append(piece) or piece for piece in pieces()),  # type: ignore[func-returns-value]  # append is None
        max_blocks=9,
        max_bytes=999,
    )

    assert roots == (_CID,)
    assert next(blocks) == (_CID, _BLOCK)
    assert len(arrived) == 1


def test_a_block_that_its_cid_does_not_name_is_refused() -> None:
    """The one lie that everything else rests on not being told."""
    with pytest.raises(BlockHashMismatch, match="block 2"):
        _read(_car([_BLOCK]) + car.frame(_CID, _BLOCK + b" "))


@pytest.mark.parametrize("cut", range(1, len(_car([_BLOCK]))))
def test_a_file_cut_anywhere_is_truncated(cut: int) -> None:
    """Except between blocks, where nothing can tell."""
    whole = _car([_BLOCK])
    if cut == len(car.header(_CID)):
        assert _read(whole[:cut]).blocks == {}
        return

    with pytest.raises(TruncatedCar):
        _read(whole[:cut])


def test_no_bytes_at_all_are_truncated() -> None:
    """An empty upload is not an empty repository."""
    with pytest.raises(TruncatedCar):
        _read(b"")


def test_more_blocks_than_allowed_are_refused() -> None:
    """The limit itself passes."""
    blocks = [cbor.encode(n) for n in range(4)]

    assert len(_read(_car(blocks), max_blocks=4).blocks) == 4
    with pytest.raises(OversizedCar):
        _read(_car(blocks), max_blocks=3)


def test_the_same_block_many_times_is_counted_each_time() -> None:
    """Repeating one block is no way around the limit."""
    with pytest.raises(OversizedCar):
        _read(_car([_BLOCK] * 4), max_blocks=3)


def test_more_bytes_than_allowed_are_refused() -> None:
    """The limit itself passes, and what is beyond it is not waited for."""
    whole = _car([_BLOCK])

    assert _read(whole, max_bytes=len(whole)).blocks
    with pytest.raises(OversizedCar):
        _read(whole, max_bytes=len(whole) - 1)


@pytest.mark.parametrize("length", [2**31, 2**56, 2**63 - 1])
def test_a_huge_length_allocates_nothing(length: int) -> None:
    """A length is only believed when its bytes are there."""
    with pytest.raises(OversizedCar):
        _read(car.header(None) + car.varint(length) + b"x")
    with pytest.raises(TruncatedCar):
        _read(car.header(None) + car.varint(length) + b"x", max_bytes=2**64)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"version": 1},
        {"version": 2, "roots": []},
        {"version": True, "roots": []},
        {"version": "1", "roots": []},
        {"version": 1, "roots": None},
        {"version": 1, "roots": [None]},
        {"version": 1, "roots": [b"bytes"]},
        [1],
        None,
    ],
)
def test_other_headers_are_refused(header: object) -> None:
    """Version 1, and a list of links."""
    encoded = cbor.encode(header)  # type: ignore[arg-type]  # mypy widens the list of headers to object

    with pytest.raises(InvalidCar):
        _read(car.varint(len(encoded)) + encoded)


@pytest.mark.parametrize(
    "tail",
    [
        "00",  # a block of no bytes
        "0a00000000000000000000",  # a block too short for a CID
        "8000",  # a varint longer than it needs to be
        "80808080808080808001",  # more than 63 bits
        "ff" * 30,
        "22" + "1220" + "00" * 32,  # a CID of version 0
        "25" + "01701220" + "00" * 33,  # another codec
    ],
)
def test_junk_after_the_blocks_is_refused(tail: str) -> None:
    """A file is blocks to its end."""
    with pytest.raises(InvalidCar):
        _read(_car([_BLOCK]) + bytes.fromhex(tail))


def test_a_header_that_is_not_cbor_is_refused() -> None:
    """The error is the CAR's own."""
    with pytest.raises(InvalidCar, match="DAG-CBOR"):
        _read(b"\x01\xff")


def test_a_huge_header_is_refused() -> None:
    """Thousands of roots are an attack and not a repository."""
    with pytest.raises(InvalidCar, match="too long"):
        _read(car.varint(10**6) + b"\x80" * 10**6, max_bytes=10**7)


@pytest.mark.parametrize("split", [lambda data: data, lambda data: [data[i : i + 1] for i in range(len(data))]])
@given(data=st.binary(max_size=80) | damaged(st.lists(VALUES.map(cbor.encode), max_size=3).map(_car)))
def test_any_bytes_are_read_or_refused_by_name(split: Callable[[bytes], bytes | list[bytes]], data: bytes) -> None:
    """Whatever is read is true; no other error comes out."""
    try:
        result = car.read(split(data), max_blocks=100, max_bytes=100_000)
    except InvalidCar:
        return

    assert all(cid.names(block) for cid, block in result.blocks.items())
