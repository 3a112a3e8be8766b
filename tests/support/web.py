"""A small web server with every bad habit, for tests of whoever asks it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from roost.devnet.serving import Served, serve
from roost.net.client import Client
from roost.net.transport import Lookup, system_lookup


def lookup_of(*addresses: str) -> Lookup:
    """A resolver that knows one answer."""

    async def lookup(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return lookup


@contextlib.asynccontextmanager
async def serving(*routes: Route, lookup: Lookup = system_lookup) -> AsyncIterator[tuple[Client, Served]]:
    """Serve routes, with a client that trusts exactly this server."""
    async with serve(Starlette(routes=list(routes))) as served:
        client = Client(trusted=[served.url], lookup=lookup)
        try:
            yield client, served
        finally:
            await client.close()


def route(path: str, make: Callable[[Request], Response]) -> Route:
    """A path and what it answers."""

    async def endpoint(request: Request) -> Response:
        return make(request)

    return Route(path, endpoint, methods=["GET", "POST"])


def text(path: str, body: str) -> Route:
    """A path with one text."""
    return route(path, lambda _request: PlainTextResponse(body))


def redirect(path: str, to: str) -> Route:
    """A path that sends elsewhere."""
    return route(path, lambda _request: RedirectResponse(to))


def echo(path: str) -> Route:
    """A path that answers with the headers it was asked with."""
    return route(path, lambda request: JSONResponse(dict(request.headers)))


def endless(path: str, *, pause: float = 0.0) -> Route:
    """A path that never stops answering, a kilobyte at a time."""

    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1024
            await asyncio.sleep(pause)

    return route(path, lambda _request: StreamingResponse(body()))


def zipped(path: str) -> Route:
    """A path that compresses what nobody asked to have compressed."""
    body = gzip.compress(bytes(1024 * 1024))
    return route(path, lambda _request: Response(body, headers={"content-encoding": "gzip"}))


def cookie(path: str) -> Route:
    """A path that sets a cookie and tells which it was given."""

    def answer(request: Request) -> Response:
        response = JSONResponse(dict(request.cookies))
        response.set_cookie("id", "1")
        return response

    return route(path, answer)
