"""Which part of a stored answer a client is sent."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.api.method import Content, Stream
from roost.http.content import part_of

DATA = bytes(range(100))


async def read(start: int, length: int) -> AsyncIterator[bytes]:
    """Give a part in two pieces."""
    part = DATA[start : start + length]
    yield part[: length // 2]
    yield part[length // 2 :]


CONTENT = Content("a/b", len(DATA), "tag", read, ((b"x-more", b"1"),), public=True)


def sent(verb: str = "GET", content: Content = CONTENT, **headers: bytes) -> Stream:
    """Return the answer to a request with these headers."""
    return part_of(content, verb, [(name.replace("_", "-").encode(), value) for name, value in headers.items()])


async def body(stream: Stream) -> bytes:
    """Return what an answer sends."""
    return b"".join([piece async for piece in stream.chunks])


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


@pytest.mark.anyio
async def test_the_whole_says_what_could_be_asked_for() -> None:
    """Its tag, and that it can be had in parts, beside its own headers."""
    answer = sent()

    assert (answer.status, answer.length, await body(answer), answer.public) == (200, 100, DATA, True)
    assert answer.headers == ((b"x-more", b"1"), (b"etag", b'"tag"'), (b"accept-ranges", b"bytes"))


@pytest.mark.anyio
async def test_a_part_is_read_alone() -> None:
    """No byte beyond it."""
    answer = sent(range=b"bytes=10-19")

    assert (answer.status, answer.length, await body(answer)) == (206, 10, DATA[10:20])
    assert (b"content-range", b"bytes 10-19/100") in answer.headers


@pytest.mark.anyio
async def test_what_is_not_there_is_not_to_be_kept() -> None:
    """A part behind the end is an error like others, of which only the length is told."""
    answer = sent(range=b"bytes=100-")

    assert (answer.status, answer.content_type, answer.public) == (416, "application/json", False)
    assert answer.headers == ((b"content-range", b"bytes */100"),)
    assert b"InvalidRequest" in await body(answer)


@pytest.mark.anyio
async def test_of_nothing_there_is_no_part() -> None:
    """But the whole is there."""
    empty = Content("a/b", 0, "tag", read)

    assert sent(content=empty, range=b"bytes=0-").status == 416
    assert sent(content=empty, range=b"bytes=-5").status == 416
    assert (sent(content=empty).status, await body(sent(content=empty))) == (200, b"")


@pytest.mark.anyio
async def test_head_and_what_is_known_read_nothing() -> None:
    """The bytes are not asked for."""

    def never(_start: int, _length: int) -> AsyncIterator[bytes]:
        raise AssertionError("it is read")

    content = Content("a/b", 100, "tag", never)

    assert await body(sent("HEAD", content)) == b""
    assert sent("HEAD", content, range=b"bytes=0-1").status == 200
    assert (sent(content=content, if_none_match=b'"tag"').status, sent("HEAD", content).length) == (304, 100)
    assert sent("HEAD", content, if_none_match=b'W/"tag"').status == 304


@pytest.mark.parametrize(
    ("header", "status"),
    [(b'"tag"', 206), (b'W/"tag"', 200), (b'"other"', 200), (b"Wed, 21 Oct 2015 07:28:00 GMT", 200)],
)
def test_a_part_of_something_else_is_of_no_use(header: bytes, status: int) -> None:
    """If-Range compares strongly (RFC 9110 section 13.1.5)."""
    assert sent(if_range=header, range=b"bytes=0-1").status == status


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_no_header_makes_it_fail(range: bytes, match: bytes, if_range: bytes) -> None:
    """Whatever is sent, there is an answer, and what it announces is within what there is."""
    for wanted in (range, b"bytes=" + range):
        answer = sent(range=wanted, if_none_match=match, if_range=if_range)

        assert answer.status in (200, 206, 304, 416)
        assert answer.length is None or answer.status == 416 or 0 < answer.length <= 100


@given(st.integers(0, 150), st.integers(0, 150))
def test_every_range_is_what_its_bounds_say(first: int, last: int) -> None:
    """As counting says."""
    answer = sent(range=b"bytes=%d-%d" % (first, last))

    expected = DATA[first : last + 1]
    if last < first:
        assert (answer.status, answer.length) == (200, 100)
    elif expected:
        assert (answer.status, answer.length) == (206, len(expected))
    else:
        assert answer.status == 416
