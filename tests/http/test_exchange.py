"""The two ends of a call that is passed on."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from roost.http.errors import ClientGone
from roost.http.exchange import Answer, Intake

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


def intake(*messages: Message, verb: str = "POST", **headers: str) -> Intake:
    """Return a request that arrives in these messages."""
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Intake({"type": "http", "method": verb, "query_string": b"a=b", "headers": sent}, receive)


def piece(body: bytes, *, more: bool = True) -> Message:
    """Return a message with a piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_read_once_then_the_end_is_waited_for() -> None:
    """The two never read the same message."""
    request = intake(piece(b"a"), piece(b""), piece(b"b", more=False), content_length="2")
    gone = asyncio.create_task(request.until_gone())

    async with asyncio.timeout(10) as patience:
        body = [chunk async for chunk in request.pieces(patience, 5)]

    await gone
    assert (body, request.begun, request.query) == ([b"a", b"b"], True, "?a=b")


async def test_a_body_may_be_looked_at_first() -> None:
    """Undone of its coding; then it is passed on like that, as often as need be."""
    zipped = gzip.compress(b"hello")
    request = intake(
        piece(zipped[:9]), piece(zipped[9:], more=False), content_length=str(len(zipped)), content_encoding="gzip"
    )

    assert await request.whole(100) == b"hello"
    for _ in range(2):
        async with asyncio.timeout(10) as patience:
            assert [chunk async for chunk in request.pieces(patience, 5)] == [b"hello"]
    assert (request.headers, request.begun, request.has_body) == ([(b"content-length", b"5")], False, True)
    await request.until_gone()


async def test_patience_begins_when_the_request_is_whole() -> None:
    """However long the client takes, the other server has its time afterwards."""
    request = intake(piece(b"a"), piece(b"b", more=False), transfer_encoding="chunked")
    async with asyncio.timeout(0.001) as patience:
        async for _ in request.pieces(patience, 60):
            await asyncio.sleep(0.01)
        ends = patience.when()

    assert ends is not None
    assert ends > asyncio.get_running_loop().time() + 50


async def test_a_client_that_goes_in_the_middle_is_told() -> None:
    """The rest of the request does not come."""
    request = intake(piece(b"a"), content_length="2")

    async with asyncio.timeout(10) as patience:
        with pytest.raises(ClientGone):
            _ = [chunk async for chunk in request.pieces(patience, 5)]


@pytest.mark.parametrize(
    ("verb", "headers", "has_body"),
    [
        ("POST", {"content_length": "1"}, True),
        ("POST", {"transfer_encoding": "chunked"}, True),
        ("POST", {"content_length": "0"}, False),
        ("POST", {}, False),
        ("GET", {"content_length": "1"}, False),
    ],
)
def test_a_body_is_announced(verb: str, headers: dict[str, str], has_body: bool) -> None:
    """One that a query has is not passed on."""
    assert intake(verb=verb, **headers).has_body == has_body


async def test_nothing_is_said_before_the_first_piece() -> None:
    """So a failure up to there can still be told."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def chunks(fail: bool) -> AsyncIterator[bytes]:
        if fail:
            raise RuntimeError
        yield b"a"

    answer = Answer(send)
    with pytest.raises(RuntimeError):
        await answer.stream(200, [], chunks(fail=True))
    assert (sent, answer.begun) == ([], False)
    await answer.stream(200, [], chunks(fail=False))
    assert [message.get("body") for message in sent] == [None, b"a", b""]
    assert answer.begun
