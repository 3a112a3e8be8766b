"""Serving an app inside the running loop."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from roost.devnet.serving import serve

pytestmark = pytest.mark.anyio


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", _hello)])


async def test_app_answers_while_the_block_lasts() -> None:
    """The app is there inside the block, and its port is free after it."""
    async with serve(APP) as served, httpx.AsyncClient() as client:
        assert (await client.get(served.url)).text == "hello"

    async with serve(APP, port=served.port), httpx.AsyncClient() as client:
        assert (await client.get(served.url)).text == "hello"


async def test_two_apps_side_by_side() -> None:
    """Each takes a port of its own."""
    async with serve(APP) as first, serve(APP) as second, httpx.AsyncClient() as client:
        assert first.port != second.port
        assert (await client.get(second.url)).text == "hello"


async def test_signals_are_left_alone() -> None:
    """Whoever owns the process keeps its signal handlers."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    async with serve(APP):
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    assert during == before


async def test_a_taken_port_is_an_error() -> None:
    """Two servers cannot share a port."""
    async with serve(APP) as served:
        with pytest.raises(OSError, match="in use"):
            async with serve(APP, port=served.port):
                pass


async def test_requests_under_way_are_finished() -> None:
    """Leaving the block waits for an answer that is being made."""
    begun = asyncio.Event()

    async def slow(_request: Request) -> Response:
        begun.set()
        await asyncio.sleep(0.05)
        return PlainTextResponse("done")

    async with httpx.AsyncClient() as client:
        async with serve(Starlette(routes=[Route("/", slow)])) as served:
            asking = asyncio.create_task(client.get(served.url))
            await begun.wait()

        assert (await asking).text == "done"


async def test_a_request_that_never_ends_is_cut_off() -> None:
    """A stuck handler does not keep the block open."""
    begun = asyncio.Event()

    async def stuck(_request: Request) -> Response:
        begun.set()
        await asyncio.Event().wait()
        return PlainTextResponse("never")

    async with httpx.AsyncClient() as client:
        async with serve(Starlette(routes=[Route("/", stuck)]), grace=0.05) as served:
            asking = asyncio.create_task(client.get(served.url))
            await begun.wait()

        answer = await asyncio.gather(asking, return_exceptions=True)

    assert not isinstance(answer[0], httpx.Response) or answer[0].status_code == 500


async def test_a_failing_start_is_an_error() -> None:
    """An app whose lifespan fails does not look like one that is up."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(RuntimeError, match="lifespan"):
        async with serve(app):
            pass
