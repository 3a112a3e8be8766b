"""The edge of subscriptions: a WebSocket in, a method's frames out, an error as the last of them.

It deliberately does not know what a method sends, nor when, and needs `roost.http.websocket` for its connections.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.types import Message, Receive, Send
from starlette.types import Scope as Asgi

from roost.api.registry import BoundSubscription
from roost.http.errors import NotFound, UnknownMethod, named
from roost.http.limits import Limiter, told
from roost.http.websocket import Socket, binary
from roost.http.xrpc import PREFIX, refuse
from roost.services.errors import ServiceError
from roost.services.firehose import Sink
from roost.services.frames import error as error_frame

log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("roost.http")

REFUSED: Final = 1008
"""The close code after an error that is the client's (event stream specification, "Error Frames")."""

FAILED: Final = 1011
"""The close code after one that is ours (RFC 6455 section 7.4.1)."""


class Firehose:
    """Serves the subscriptions of a registry over WebSockets. A handshake costs what every request does."""

    __slots__ = ("_bound", "_limiter")

    def __init__(self, subscriptions: Mapping[str, BoundSubscription], *, limiter: Limiter | None = None) -> None:
        self._bound = {PREFIX + nsid: bound for nsid, bound in subscriptions.items()}
        self._limiter = limiter

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Serve one connection until either side ends it."""
        path: str = scope["path"]
        bound = self._bound.get(path.removesuffix("/"))
        await receive()
        try:
            if self._limiter is not None:
                await self._limiter.admit((), scope)
            if bound is None:
                raise UnknownMethod(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else NotFound
        except ServiceError as error:
            await refuse(error, _denying(send), limits=told(scope))
            return
        socket = scope["state"]["socket"]
        assert isinstance(socket, Socket), "the server speaks WebSocket with our own connections"
        await send({"type": "websocket.accept"})
        task = asyncio.current_task()
        assert task is not None, "an application is called in a task"
        socket.run(task)
        try:
            await _run(bound, scope["query_string"], socket)
        except asyncio.CancelledError:
            # The connection is lost, or the server stops. The server below takes it for a fault, and nobody else waits.
            socket.leave()


async def _run(bound: BoundSubscription, query: bytes, socket: Socket) -> None:
    try:
        arguments = {} if bound.params is None else {"params": bound.params(query)}
        sink: Sink = socket
        await bound.run(**arguments, sink=sink)
    except Exception as error:
        _, name, message = named(error)
        ours = not isinstance(error, ServiceError)
        if ours:
            log.error("a subscription failed", nsid=bound.nsid, exc_info=error)
        socket.put(binary(error_frame(name, message)))
        socket.end(FAILED if ours else REFUSED, name)
    else:
        socket.end(1000)


def _denying(send: Send) -> Send:
    """Answer a handshake like any other request that is refused (ASGI's WebSocket Denial Response)."""

    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return deny
