"""One application out of the parts: `/xrpc/` to the endpoint, sockets to the firehose, all else to pages.

It deliberately does not know any of the parts; the app makes them and says what has to live as long as the server does.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Asgi

from roost.http.xrpc import PREFIX

Lifespan = Callable[[], AbstractAsyncContextManager[object]]
"""Gives what is entered before the first request and left after the last one."""


def compose(xrpc: ASGIApp, pages: ASGIApp, *, lifespan: Lifespan, sockets: ASGIApp | None = None) -> ASGIApp:
    """Put the parts together. An error on entering `lifespan` comes out of the application."""

    async def app(scope: Asgi, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (xrpc if scope["path"].startswith(PREFIX) else pages)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(lifespan, receive, send)
        elif sockets is not None:
            await sockets(scope, receive, send)
        else:
            await _close_socket(receive, send)

    return app


async def _live(lifespan: Lifespan, receive: Receive, send: Send) -> None:
    """Speak the lifespan protocol of ASGI."""
    await receive()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(lifespan())
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _close_socket(receive: Receive, send: Send) -> None:
    _: Message = await receive()
    await send({"type": "websocket.close"})
