"""A process that serves: `roost.app` on a socket, and beside it the PLC directory of a development network.

A peer of `roost.app` for whoever runs one from outside, the command line first of all. It deliberately does not know
what is printed, or where the settings came from.
"""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from roost import datadir
from roost.app import Application, Server
from roost.config import Config, ConfigError
from roost.crypto.errors import SealError
from roost.devnet import plc
from roost.devnet.serving import serve as serve_in_loop
from roost.http.address import Addresses
from roost.http.gate import Gate
from roost.http.serving import CannotListenError, Listener, lift_file_limit, serve
from roost.net.client import Client
from roost.net.errors import NetError
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.repo.errors import BrokenStore
from roost.services.errors import ServiceError
from roost.storage.errors import DatabaseInUse, StorageError
from roost.storage.sqlite import SqliteDatabase

__all__ = [
    "MISTAKES",
    "DatabaseInUse",
    "has_directory",
    "holds_server",
    "network",
    "resolving",
    "run",
    "run_plc",
    "saved_admin_password",
]

FILES_KEPT: Final = 400
"""Open files that are kept for what is not a client's connection: a relay's worth of blobs being read and the rest."""

MISTAKES: Final = (ConfigError, CannotListenError, StorageError, SealError, ServiceError, NetError, BrokenStore)
"""What an operator can do something about: its message says what is wrong, and where it came from says nothing more."""


def run(config: Config, on_ready: Callable[[Server], None]) -> None:
    """Serve until a signal says to stop, with a PLC directory one port below in a development network.

    `on_ready` is called once everything answers. Raises CannotListenError, ConfigError, StorageError, SealError.
    """
    app = Application(config)

    def ready() -> None:
        assert app.server is not None, "its lifespan has begun"
        on_ready(app.server)

    beside = [Listener(directory(config.data), config.host, config.port - 1)] if config.dev else []
    serve(app, config.host, config.port, gate=_gate(config), beside=beside, on_ready=ready)


def _gate(config: Config) -> Gate:
    """Return what bounds the connections; the database, blobs and other servers need files too."""
    most = max(1, min(config.max_connections, lift_file_limit() - FILES_KEPT))
    is_proxy = Addresses(config.trusted_proxies).is_proxy
    return Gate(most=most, share=config.max_connections_per_address, is_proxy=is_proxy)


def run_plc(data: Path, *, host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Serve the PLC directory of a data directory alone, until a signal says to stop. Raises as `run` does."""
    serve(directory(data), host, port, on_ready=on_ready)


def directory(data: Path) -> Starlette:
    """Return the PLC directory whose operations are in `data`, as an application that opens them in its lifespan."""

    @contextlib.asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        file = _plc_file(data)
        for folder in (data, file.parent):
            datadir.make(folder)
        db = SqliteDatabase(file)
        try:
            app.state.directory = await plc.directory(db, clock=lambda: datetime.now(UTC))
            yield
        finally:
            await db.close()

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.directory(scope, receive, send)

    return Starlette(routes=[Mount("/", forward)], lifespan=live)


def has_directory(data: Path) -> bool:
    """Return whether a development network was run in that data directory."""
    return _plc_file(data).exists()


def holds_server(data: Path) -> bool:
    """Return whether a server was ever started in that data directory."""
    return (data / datadir.MASTER_KEY).exists()


def saved_admin_password(config: Config) -> str | None:
    """Return the administrator's password as set, or as the server made it; None where neither is so."""
    if config.admin_password is not None or not (config.data / datadir.ADMIN_PASSWORD).exists():
        return config.admin_password
    return datadir.admin_password(config.data)


@contextlib.asynccontextmanager
async def network(config: Config) -> AsyncIterator[Config]:
    """Give the settings under which a PLC directory answers while the server itself does not run.

    A development network's is served for as long as the block lasts, unless somebody serves it already, or chose
    another.
    """
    db = _idle_plc(config.data) if config.dev and not config.plc_chosen else None
    if db is None:
        yield config
        return
    try:
        async with serve_in_loop(await plc.directory(db, clock=lambda: datetime.now(UTC))) as served:
            yield dataclasses.replace(config, plc_url=served.url)
    finally:
        await db.close()


@contextlib.asynccontextmanager
async def resolving(config: Config) -> AsyncIterator[DidResolver]:
    """Give what finds DID documents, without a server; nothing is made for it."""
    beside = network(config) if has_directory(config.data) else contextlib.nullcontext(config)
    async with beside as reachable, contextlib.AsyncExitStack() as stack:
        client = Client(trusted=(reachable.plc_url, *reachable.trusted_origins))
        stack.push_async_callback(client.close)
        resolver = DidResolver(client, PlcDirectory(client, reachable.plc_url), clock=lambda: datetime.now(UTC))
        stack.push_async_callback(resolver.close)
        yield resolver


def _idle_plc(data: Path) -> SqliteDatabase | None:
    """Open the database of a development network's directory, if nobody serves from it."""
    for folder in (data, _plc_file(data).parent):
        datadir.make(folder)
    try:
        return SqliteDatabase(_plc_file(data))
    except DatabaseInUse:
        return None


def _plc_file(data: Path) -> Path:
    return data / "plc" / "plc.sqlite"
