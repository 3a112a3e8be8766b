"""Serves an ASGI app on a loopback port inside the running event loop, for as long as a `with` block lasts.

Installs no signal handlers and configures no logging: the process belongs to whoever called.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

# How long requests under way may take to finish when the block ends.
GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Served:
    """Where the app answers."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The origin, without a slash at the end."""
        return f"http://{self.host}:{self.port}"


class _Server(uvicorn.Server):
    """uvicorn's server, leaving signals alone and stopping at once.

    Its own loop and shutdown each sleep a tenth of a second whatever there is to wait for; hundreds of tests would each
    pay that twice.
    """

    def __init__(self, config: uvicorn.Config, *, grace: float) -> None:
        super().__init__(config)
        self._grace = grace
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop; `serve` returns when that is done."""
        self.should_exit = True
        self._stopping.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # a tick numbered 0 renews the Date header
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._grace):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_SECONDS)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    grace: float = GRACE_SECONDS,
) -> AsyncIterator[Served]:
    """Serve an app; port 0 takes any free one. There are no WebSockets.

    Raises OSError if the port is taken, RuntimeError if the app fails.
    """
    # The protocol is spelled out because asyncio looks for it before it turns Nagle's algorithm off, which would hold
    # the body of an answer back until the head is acknowledged: 40 ms a request.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port whose last server has just stopped is free; one that still has a server is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="auto", ws="none")
        server = _Server(config, grace=grace)
        running = asyncio.create_task(_run(server, listener))
        await _started(server, running)
        try:
            yield Served(host, listener.getsockname()[1])
        finally:
            server.stop()
            await running
    finally:
        listener.close()


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except SystemExit:
        # uvicorn ends the process when an app cannot start; this process is not uvicorn's.
        raise RuntimeError("The app could not start: its lifespan failed") from None


async def _started(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            await running  # raises why it is
            raise RuntimeError("The server stopped while it started")
        await asyncio.sleep(_POLL_SECONDS)
