"""The parts of the application put together."""

import asyncio

from starlette.types import Message

from support.edge import Edge, Seen, application, served


def test_the_lifespan_surrounds_the_requests() -> None:
    """What the app needs is there before the first request and gone after the last."""
    with served() as edge:
        edge.ask("GET", "/xrpc/_health")
        seen = edge.seen
        assert seen.events == ["started"]

    assert seen.events == ["started", "stopped"]


def test_pages_are_everything_else(edge: Edge) -> None:
    """What is not under /xrpc/ is a page's."""
    assert edge.ask("GET", "/robots.txt").status == 200
    assert edge.ask("GET", "/xrpcs/").error == (404, "XRPCNotSupported", "Not Found")


def test_a_socket_without_a_firehose_is_closed() -> None:
    """A server that was given nothing for sockets closes them at once."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        messages.append(message)

    async def open_socket() -> None:
        await application(Seen())({"type": "websocket", "path": "/xrpc/a.b.c"}, receive, send)

    asyncio.run(open_socket())

    assert messages == [{"type": "websocket.close"}]
