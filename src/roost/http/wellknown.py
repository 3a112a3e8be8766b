"""The paths outside `/xrpc/` that the protocol gives a meaning to, and the answer for those with none.

It deliberately does not know accounts: whose handle a host name is, is asked of `DidOf`.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from roost.http.answer import preflight
from roost.syntax import Did, Handle, InvalidSyntax

DidOf = Callable[[Handle], Awaitable[Did | None]]
"""Gives the account that a handle belongs to, when it is hosted here and active."""

CORS: Final = {"access-control-allow-origin": "*"}

ROBOTS: Final = "# Crawling the public API is allowed\nUser-agent: *\nAllow: /\n"


def routes(*, hostname: str, public_url: str, did_of: DidOf) -> list[BaseRoute]:
    """Make the routes of a server that is `did:web:<hostname>` and is reached at `public_url`."""

    async def atproto_did(request: Request) -> Response:
        """Say whose handle the asked host is (handle specification, "HTTPS well-known Method")."""
        did = await _hosted(request.headers.get("host", ""), did_of)
        if did is None:
            return PlainTextResponse("User not found", status_code=404, headers=CORS)
        return PlainTextResponse(did, headers=CORS)

    async def did_json(_request: Request) -> Response:
        """Say where this server's own DID is served (did:web method, section 3.2)."""
        return JSONResponse(document, headers=CORS)

    document = _document(hostname, public_url)
    return [
        Route("/.well-known/atproto-did", atproto_did),
        Route("/.well-known/did.json", did_json),
        Route("/robots.txt", _robots),
    ]


def pages(routes: list[BaseRoute]) -> Starlette:
    """Make the application of everything that is not a method: an unknown path is refused in JSON, as anywhere here."""
    return Starlette(
        routes=routes, exception_handlers={HTTPException: _refuse}, middleware=[Middleware(_WellKnownPreflight)]
    )


async def _hosted(host: str, did_of: DidOf) -> Did | None:
    try:
        return await did_of(Handle.parse(host.partition(":")[0]))
    except InvalidSyntax:
        return None


def _document(hostname: str, public_url: str) -> dict[str, object]:
    did = f"did:web:{hostname}"
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": public_url}
    return {"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "service": [service]}


async def _robots(_request: Request) -> Response:
    return PlainTextResponse(ROBOTS)


async def _refuse(_request: Request, error: Exception) -> Response:
    status, message = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    name = {404: "XRPCNotSupported", 405: "InvalidRequest"}.get(status, "InvalidRequest")
    return JSONResponse({"error": name, "message": message}, status_code=status, headers=CORS)


class _WellKnownPreflight:
    """Answers the OPTIONS of the paths that pages of other origins may read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "OPTIONS"
        if asked and scope["path"].startswith("/.well-known/") and "oauth" not in scope["path"]:
            await preflight(scope, receive, send)
        else:
            await self._app(scope, receive, send)
