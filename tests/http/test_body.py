"""Content-Encoding and its limits, over real HTTP and byte by byte."""

import asyncio
import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from roost.api.errors import PayloadTooLarge
from roost.http.body import PIECE, codings_of, pieces, whole
from roost.http.errors import ClientGone, UnsupportedCoding
from roost.services.errors import InvalidRequest
from support.edge import Edge

SMALL = b'{"repo":"did:web:a.test","record":{"a":"b"}}'


ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
}


def coded(edge: Edge, body: bytes, coding: str) -> tuple[int, str]:
    """Send a body with a Content-Encoding; give the status and the name of the error."""
    answer = edge.ask(
        "POST",
        "/xrpc/test.edge.create",
        body,
        token="access",
        type="application/json",
        headers={"Content-Encoding": coding},
    )
    return answer.status, "" if answer.status == 200 else answer.error[1]


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("", bytes),
        ("gzip, identity", gzip.compress),
        ("br", brotli.compress),
        ("BR, identity", brotli.compress),
        ("br, gzip", lambda body: gzip.compress(brotli.compress(body))),
        ("deflate, br", lambda body: brotli.compress(zlib.compress(body))),
        ("deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
        (
            "gzip",
            lambda body: (
                gzip.compress(body[:9], mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(body[9:], mtime=0)
            ),
        ),
    ],
)
def test_codings_are_undone(edge: Edge, coding: str, encode: Callable[[bytes], bytes]) -> None:
    """A compressed body is as good as a plain one, also in layers and in several members."""
    assert coded(edge, encode(SMALL), coding) == (200, "")


@pytest.mark.parametrize(
    "coding", ["zstd", "compress", "gzip, zstd", "br, br", "br,gzip,br", "gzip,gzip,gzip,gzip", "\xe9"]
)
def test_other_codings_are_unsupported(edge: Edge, coding: str) -> None:
    """What cannot be undone is 415, before the body is looked at."""
    assert coded(edge, SMALL, coding) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", SMALL),
        ("gzip", gzip.compress(SMALL, mtime=0)[:-1]),
        ("gzip", gzip.compress(SMALL, mtime=0)[:10]),
        ("gzip", gzip.compress(SMALL, mtime=0) + b"junk"),
        ("gzip", zlib.compress(SMALL)),
        ("deflate", zlib.compress(SMALL) + b"junk"),
        ("br", SMALL),
        ("br", brotli.compress(SMALL)[:-1]),
        ("br", brotli.compress(SMALL) + b"junk"),
        ("br", b""),
        ("deflate", zlib.compress(SMALL)[:-5] + b"\0\0\0\0\0"),
    ],
)
def test_a_broken_coding_is_told(edge: Edge, coding: str, body: bytes) -> None:
    """A body that is not in the coding it says is the client's mistake."""
    assert coded(edge, body, coding) == (400, "InvalidRequest")


def test_a_bomb_does_not_go_off(edge: Edge) -> None:
    """The limit is for what comes out: ten megabytes in ten kilobytes are ten megabytes."""
    bomb = gzip.compress(bytes(10_000_000))
    assert len(bomb) < 10_000

    assert coded(edge, bomb, "gzip") == (413, "PayloadTooLargeError")
    assert coded(edge, gzip.compress(gzip.compress(bytes(100_000_000))), "gzip, gzip") == (413, "PayloadTooLargeError")


@pytest.mark.parametrize("coding", ["br", "br, gzip", "gzip, br"])
def test_a_bomb_of_brotli_does_not_go_off_either(edge: Edge, coding: str) -> None:
    """300 megabytes are in 500 bytes, and there is a second layer to hide them in."""
    bomb = bytes(300_000_000)
    for layer in coding.split(", "):
        bomb = brotli.compress(bomb, quality=5) if layer == "br" else gzip.compress(bomb)

    assert coded(edge, bomb, coding) == (413, "PayloadTooLargeError")


def test_no_step_of_a_bomb_is_large() -> None:
    """What is decoded at a time is bounded, however much a few bytes stand for."""
    for coding, bomb in ((b"br", brotli.compress(bytes(50_000_000))), (b"gzip", gzip.compress(bytes(50_000_000)))):
        next_message = received(bomb, len(bomb))

        async def read(coding: bytes = coding, next_message: Callable[[], Message] = next_message) -> list[int]:
            async def receive() -> Message:
                return next_message()

            return [len(piece) async for piece in pieces(receive, limit=50_000_000, codings=[coding])]

        sizes = asyncio.run(read())
        assert sum(sizes) == 50_000_000
        assert max(sizes) <= 2 * PIECE


def test_coded_nothing_has_a_limit_too(edge: Edge) -> None:
    """Members that decode to nothing must not go on for ever."""
    assert coded(edge, gzip.compress(b"", mtime=0) * 10_000, "gzip") == (413, "PayloadTooLargeError")


def test_codings_are_undone_from_the_outside() -> None:
    """The header lists codings in the order they were applied (RFC 9110 section 8.4)."""
    assert codings_of(b"deflate, GZip ,identity") == [b"gzip", b"deflate"]
    assert codings_of(b"br, gzip") == [b"gzip", b"br"]
    with pytest.raises(UnsupportedCoding, match="zstd"):
        codings_of(b"zstd")


def received(body: bytes, size: int) -> Callable[[], Message]:
    """Cut a body into messages of at most `size` bytes."""
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": i < len(parts) - 1} for i, part in enumerate(parts)
    ]
    return lambda: messages.pop(0)


@settings(max_examples=100, deadline=None)
@given(
    body=st.binary(max_size=300),
    size=st.integers(1, 50),
    layers=st.lists(st.sampled_from(["gzip", "deflate", "br"]), max_size=2, unique=True),
)
def test_any_body_in_any_pieces(body: bytes, size: int, layers: list[str]) -> None:
    """However a body is coded and cut, it comes out as it went in."""
    wire = body
    for layer in layers:
        wire = ENCODE[layer](wire)
    next_message = received(wire, size)

    async def receive() -> Message:
        return next_message()

    assert asyncio.run(whole(receive, limit=300, codings=codings_of(",".join(layers).encode()))) == body


def test_a_piece_that_is_exactly_full_has_a_rest() -> None:
    """A library may have taken all input and still have output: nothing of it is lost, at whichever length."""
    for size in (65_535, 65_536, 65_537, 131_072, 200_000):
        for coding, encode in ENCODE.items():
            next_message = received(encode(bytes(size)), 1000)

            async def receive(next_message: Callable[[], Message] = next_message) -> Message:
                return next_message()

            assert len(asyncio.run(whole(receive, limit=size, codings=[coding.encode()]))) == size


def test_who_goes_away_in_the_middle_is_gone() -> None:
    """A body that is not whole is not taken for one."""
    messages: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    with pytest.raises(ClientGone):
        asyncio.run(whole(receive, limit=100))


def test_pieces_stop_at_the_limit() -> None:
    """What is over the limit is not handed on."""
    next_message = received(b"x" * 30, 10)

    async def receive() -> Message:
        return next_message()

    async def read() -> list[bytes]:
        got = []
        try:
            async for piece in pieces(receive, limit=25):
                got.append(piece)  # noqa: PERF401 — what came before the error is the point
        except PayloadTooLarge:
            pass
        return got

    assert asyncio.run(read()) == [b"x" * 10, b"x" * 10]


def test_invalid_request_is_what_a_broken_coding_raises() -> None:
    """Streams meet the same error in the middle of a method."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"not gzip"}

    with pytest.raises(InvalidRequest, match="not valid gzip"):
        asyncio.run(whole(receive, limit=100, codings=[b"gzip"]))
