"""Which coding a client takes, and gzip made piece by piece."""

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.http.coding import INLINE, LONGEST, Gzip, takes_gzip


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("*;q=0.1", True),
        ("gzip;q=0.001", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("gzip ; q=1", True),
        (",, gzip ,,", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("deflate, br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.9", False),
        ("gzip;q=2", False),
        ("gzip;q=x", False),
        ("gzip;level=9", False),
        ("gzipped", False),
        ("gzip deflate", False),
        ("gzip" + " " * LONGEST, False),
    ],
)
def test_a_client_is_taken_at_its_word(said: str, taken: bool) -> None:
    """Weights count, what is none is passed over, and who says nothing gets nothing coded."""
    assert takes_gzip([(b"accept-encoding", said.encode())]) == taken


def test_a_list_may_be_in_several_headers() -> None:
    """They mean what one with commas would (RFC 9110 section 5.3); other headers mean nothing."""
    assert takes_gzip([(b"accept-encoding", b"br"), (b"accept", b"*"), (b"accept-encoding", b"gzip")])
    assert not takes_gzip([(b"accept-encoding", b"gzip;q=0"), (b"accept-encoding", b"*")])
    assert not takes_gzip([(b"accept", b"gzip")])


@given(st.binary(max_size=300))
def test_no_header_is_too_much(said: bytes) -> None:
    """Whatever bytes there are, the answer is yes or no."""
    assert takes_gzip([(b"accept-encoding", said)]) in (True, False)


@given(st.lists(st.binary(max_size=200) | st.just(bytes(2 * INLINE)), max_size=5))
def test_each_piece_can_be_read_when_it_is_there(pieces: list[bytes]) -> None:
    """Nothing is held back for the next one, and the whole is a gzip file."""

    async def run() -> None:
        coding, decoding, sent = Gzip(), zlib.decompressobj(31), b""
        for piece in pieces:
            coded = await coding.piece(piece)
            sent += coded
            assert decoding.decompress(coded) == piece
        assert gzip.decompress(sent + await coding.last()) == b"".join(pieces)

    asyncio.run(run())
