"""Answers as ASGI messages."""

import asyncio

from starlette.types import Message

from roost.http.answer import CORS, preflight, respond


def sent(scope_headers: list[tuple[bytes, bytes]] | None = None) -> list[Message]:
    """Collect the messages of a preflight, or of a plain answer without one."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        raise AssertionError("an answer needs nothing more of the request")

    if scope_headers is None:
        asyncio.run(respond(send, 200, (CORS,), b"abc"))
    else:
        asyncio.run(preflight({"headers": scope_headers}, receive, send))
    return messages


def test_an_answer_says_its_length() -> None:
    """Every whole answer has a length, so that the connection stays open behind it."""
    start, body = sent()

    assert start["headers"] == [CORS, (b"content-length", b"3")]
    assert body == {"type": "http.response.body", "body": b"abc"}


def test_a_preflight_reflects_only_what_was_asked() -> None:
    """Without a wish for headers none are allowed."""
    wishes = [(b"access-control-request-headers", b"a"), (b"access-control-request-headers", b"b")]

    assert (b"access-control-allow-headers", b"a,b") in sent(wishes)[0]["headers"]
    assert not any(name == b"access-control-allow-headers" for name, _ in sent([])[0]["headers"])
