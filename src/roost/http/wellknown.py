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

IsOurs = Callable[[Handle], bool]
"""Tells whether a handle is under a domain that this server gives handles out under."""

CORS: Final = {"access-control-allow-origin": "*"}

ROBOTS: Final = "# Crawling the public API is allowed\nUser-agent: *\nAllow: /\n"


def routes(*, hostname: str, document: dict[str, object], is_ours: IsOurs, did_of: DidOf) -> list[BaseRoute]:
    """Make the routes of the server with that name, whose own DID has that document."""

    async def atproto_did(request: Request) -> Response:
        """Say whose handle the asked host is (handle specification, "HTTPS well-known Method")."""
        did = await _hosted(_host_of(request), did_of)
        if did is None:
            return PlainTextResponse("User not found", status_code=404, headers=CORS)
        return PlainTextResponse(did, headers=CORS)

    async def did_json(request: Request) -> Response:
        """Say where this server's own DID is served (did:web method, section 3.2): to whoever asked for the server.

        The did:web of a name that is given out here would be its account's, and nobody's document is made for them.
        """
        host = _host_of(request)
        if host != hostname and _is_ours(host, is_ours):
            return _problem(404, "NotFound", "This host has no DID of its own")
        return JSONResponse(document, headers=CORS)

    async def tls_check(request: Request) -> Response:
        """Say whether a certificate may be asked for: of a server in front that gets one when a name is first used."""
        domain = request.query_params.get("domain", "").lower()
        if domain == hostname:
            return JSONResponse({"success": True})
        if not _is_ours(domain, is_ours):
            return _problem(400, "InvalidRequest", "domain must be this server's host name or a handle of its own")
        if await _hosted(domain, did_of) is None:
            return _problem(404, "NotFound", "No account here has this handle")
        return JSONResponse({"success": True})

    return [
        Route("/.well-known/atproto-did", atproto_did),
        Route("/.well-known/did.json", did_json),
        Route("/tls-check", tls_check),
        Route("/robots.txt", _robots),
    ]


def pages(routes: list[BaseRoute]) -> Starlette:
    """Make the application of everything that is not a method: an unknown path is refused in JSON, as anywhere here."""
    return Starlette(
        routes=routes, exception_handlers={HTTPException: _refuse}, middleware=[Middleware(_WellKnownPreflight)]
    )


def _host_of(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].lower()


async def _hosted(host: str, did_of: DidOf) -> Did | None:
    try:
        return await did_of(Handle.parse(host))
    except InvalidSyntax:
        return None


def _is_ours(host: str, is_ours: IsOurs) -> bool:
    try:
        return is_ours(Handle.parse(host))
    except InvalidSyntax:
        return False


async def _robots(_request: Request) -> Response:
    return PlainTextResponse(ROBOTS)


async def _refuse(_request: Request, error: Exception) -> Response:
    status, message = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    name = {404: "XRPCNotSupported", 405: "InvalidRequest"}.get(status, "InvalidRequest")
    return _problem(status, name, message)


def _problem(status: int, name: str, message: str) -> Response:
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
