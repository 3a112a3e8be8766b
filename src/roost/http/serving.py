"""Runs applications on sockets, from the first bind to the last answer: uvicorn, with what it leaves open closed.

SIGTERM and SIGINT stop accepting, let what is in flight finish, leave the application's lifespan, and return; so the
process exits 0. A second one does not wait. It deliberately does not know what the applications are.
"""

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import uvicorn
import uvloop
from starlette.types import ASGIApp, Message
from starlette.types import Scope as Asgi

from roost.http.gate import Gate
from roost.http.websocket import Socket
from roost.http.wire import sweep, wire_with

GRACE: Final = 10
"""Seconds that requests in flight get at the end. Longer than any method takes; a stream that takes longer is resumed
anew.
"""

POLL: Final = 0.01
"""Seconds between two looks whether they are done."""

BACKLOG: Final = 4096
"""Connections that may wait to be accepted, as many as Linux allows by itself: one too many is not refused, but asked
to try again, after a second, then two, then four.
"""

DOORS: Final = 16
"""Connections accepted in one turn of the loop. uvloop accepts one for each socket that listens, and nobody comes in
before those who stand in front of them, so it listens on the same one so many times. Each newcomer wakes all of them:
20 us.
"""

MOST_FILES: Final = 65_536
"""Open files that the process asks for. Where the usual limit of 1024 stands, one client that opens connections and
says nothing leaves none for the database's own.
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """An application and where it answers."""

    app: ASGIApp
    host: str
    port: int
    gate: Gate | None = None


class CannotListenError(OSError):
    """The address is somebody else's, or not one of this machine."""

    def __init__(self, host: str, port: int, reason: OSError) -> None:
        super().__init__(f"Cannot listen on {host} port {port}: {reason.strerror or reason}")


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    gate: Gate | None = None,
    beside: Sequence[Listener] = (),
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Serve until a signal says to stop. Those `beside` start earlier and stop later than `app`, which may need them.

    `gate` bounds the connections to `app`. `on_ready` is called once all of them answer. Raises CannotListenError, and
    what an application's lifespan raises.
    """
    lift_file_limit()
    uvloop.run(_until_stopped([*beside, Listener(app, host, port, gate)], on_ready))


def lift_file_limit() -> int:
    """Allow this process as many open files as it may have, up to MOST_FILES; return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


async def _until_stopped(listeners: Sequence[Listener], on_ready: Callable[[], None] | None) -> None:
    stopping = asyncio.Event()
    async with running(listeners) as servers:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if stopping.is_set():
                for server in servers:
                    server.cut_off()
            stopping.set()

        for signal_ in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_, stop)
        if on_ready is not None:
            on_ready()
        await stopping.wait()


@contextlib.asynccontextmanager
async def running(listeners: Sequence[Listener]) -> AsyncIterator[list["Server"]]:
    """Serve in the running loop for as long as the block lasts; raises as `serve` does."""
    async with contextlib.AsyncExitStack() as stack:
        # Bound before anything starts: a taken port is told before a database is opened.
        sockets = [stack.enter_context(_bound(listener)) for listener in listeners]
        servers = []
        for listener, socket_ in zip(listeners, sockets, strict=True):
            server = Server(listener.app, socket_, listener.gate)
            await stack.enter_async_context(_alive(listener.app))
            await stack.enter_async_context(server.running())
            servers.append(server)
        yield servers


class Server(uvicorn.Server):
    """uvicorn's server of one bound socket, one part of a process."""

    def __init__(self, app: ASGIApp, socket_: socket.socket, gate: Gate | None) -> None:
        self._socket = socket_
        self._gate = gate
        self._stopping = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                app,
                http=wire_with(gate),
                ws=Socket,
                backlog=BACKLOG,
                loop="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
            )
        )

    @property
    def port(self) -> int:
        """Where it answers: what the system chose when the listener's port was 0."""
        port = self._socket.getsockname()[1]
        assert isinstance(port, int), "an internet address has a port"
        return port

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for as long as the block lasts; at its end, finish what is in flight.

        Not `serve`, which would take the signals to itself and raise them again at the end: the process would die of
        one.
        """
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[self._socket, *(self._socket.dup() for _ in range(DOORS - 1))])
        ticking = asyncio.create_task(self.main_loop())
        sweeping = asyncio.create_task(sweep(self.server_state.connections, gate=self._gate))
        try:
            yield
        finally:
            sweeping.cancel()
            self.should_exit = True
            self._stopping.set()
            await ticking
            await self.shutdown()
            self.cut_off()
            if self.server_state.tasks:
                # What they hold has to be let go before the application ends.
                await asyncio.wait(self.server_state.tasks, timeout=1)

    async def main_loop(self) -> None:
        """Renew the Date header each second until the end begins. uvicorn's looks ten times as often."""
        while not await self.on_tick(0):  # a tick numbered 0 is one that renews it
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody any more, and let what is in flight finish. uvicorn's waits a tenth of a second for nothing."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = asyncio.get_running_loop().time() + GRACE
        while not self.force_exit and (self.server_state.connections or self.server_state.tasks):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(POLL)
        for task in self.server_state.tasks:
            task.cancel()

    def cut_off(self) -> None:
        """Wait for nobody: break off whatever is still open."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@contextlib.contextmanager
def _bound(listener: Listener) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    # The protocol is spelled out because asyncio looks for it before it turns Nagle's algorithm off.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as socket_:
        # A port whose last server has just stopped is free; one that still has a server is not.
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            socket_.bind((listener.host, listener.port))
            socket_.listen(BACKLOG)
        except OSError as error:
            raise CannotListenError(listener.host, listener.port, error) from error
        yield socket_


@contextlib.asynccontextmanager
async def _alive(app: ASGIApp) -> AsyncIterator[None]:
    """Enter an application's lifespan, and leave it; raises what it raises, which uvicorn's own would only log."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    scope: Asgi = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.3"}, "state": {}}

    async def live() -> None:
        await app(scope, to_app.get, from_app.put)

    task = asyncio.create_task(live())
    await _exchange("startup", task, to_app, from_app)
    try:
        yield
    finally:
        await _exchange("shutdown", task, to_app, from_app)
        await task


async def _exchange(
    what: str, task: asyncio.Task[None], to_app: asyncio.Queue[Message], from_app: asyncio.Queue[Message]
) -> None:
    await to_app.put({"type": f"lifespan.{what}"})
    answer = asyncio.create_task(from_app.get())
    await asyncio.wait([task, answer], return_when=asyncio.FIRST_COMPLETED)
    if not answer.done():
        answer.cancel()
        await task  # raises why
        raise RuntimeError(f"the application ended at its {what}")
    if answer.result()["type"] != f"lifespan.{what}.complete":
        await task  # an application that says so may then raise why
        raise RuntimeError(f"the application's {what} failed: {answer.result().get('message', '')}")
