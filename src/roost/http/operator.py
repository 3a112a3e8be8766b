"""What an operator asks a running server beside the protocol: `/_roost/…`, in JSON, for the administrator's password.

The `roost` program asks here when the database is the server's (`roost.cli.relay`). It deliberately does not know what
the answers are made of.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roost.api.cursor import number
from roost.api.encode import encode
from roost.api.method import Auth
from roost.http.address import Addresses
from roost.http.answer import CHALLENGES, JSON
from roost.http.auth import Authenticator
from roost.http.errors import answer_of
from roost.services.audit import LATEST, Audit
from roost.services.crawlers import Crawlers
from roost.services.errors import InvalidRequest, ServiceError
from roost.services.reports import Reports
from roost.syntax import Did, InvalidSyntax

MOST_ENTRIES: Final = 1000
"""Entries of the log in one answer."""

NOT_KEPT: Final = {"content-type": JSON[1].decode(), "cache-control": "no-store"}


def operator_routes(
    authenticator: Authenticator, crawlers: Crawlers, reports: Reports, audit: Audit, addresses: Addresses
) -> list[BaseRoute]:
    """Make the routes that `authenticator` guards; what changes anything is noted in the audit log."""

    def route(path: str, verb: str, run: Callable[[Request], Awaitable[object]]) -> Route:
        async def answer(request: Request) -> Response:
            header = request.headers.get("authorization")
            try:
                sent = None if header is None else header.encode("latin-1")
                await authenticator.admit(Auth.ADMIN, frozenset(), sent, path, request.scope)
                if verb == "GET":
                    return Response(encode(await run(request)), headers=NOT_KEPT)
                async with audit.acting(path, actor="admin", address=addresses.of(request.scope).text):
                    return Response(encode(await run(request)), headers=NOT_KEPT)
            except ServiceError as error:
                status, body = answer_of(error)
                challenge = {name.decode(): value.decode() for name, value in [CHALLENGES[True]] if status == 401}
                return Response(body, status, headers=NOT_KEPT | challenge)

        return Route(path, answer, methods=[verb])

    return [
        route("/_roost/log", "GET", lambda request: _log(audit, request.query_params)),
        route("/_roost/relays", "GET", lambda _request: crawlers.status()),
        route("/_roost/relays/crawl", "POST", lambda _request: crawlers.ask_now()),
        route("/_roost/reports", "GET", lambda _request: reports.shown()),
    ]


async def _log(audit: Audit, params: Mapping[str, str]) -> dict[str, object]:
    """Return a page of the audit log, the latest first: `did` chooses an account's, `before` and `limit` the page."""
    try:
        did = Did.parse(params["did"]) if "did" in params else None
    except InvalidSyntax as error:
        raise InvalidRequest(str(error)) from None
    limit = min(number(params.get("limit", "100")), MOST_ENTRIES)
    before = number(params["before"]) if "before" in params else LATEST
    return {"entries": await audit.page(before=before, limit=limit, did=did)}
