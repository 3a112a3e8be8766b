"""What an operator asks a running server beside the protocol: `/_roost/…`, in JSON, for the administrator's password.

The `roost` program asks here when the database is the server's (`roost.cli.relay`). It deliberately does not know what
the answers are made of.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roost.api.encode import encode
from roost.api.method import Auth
from roost.http.address import Addresses
from roost.http.answer import CHALLENGES, JSON
from roost.http.auth import Authenticator
from roost.http.errors import answer_of
from roost.services.audit import Audit
from roost.services.crawlers import Crawlers
from roost.services.errors import ServiceError
from roost.services.reports import Reports

NOT_KEPT: Final = {"content-type": JSON[1].decode(), "cache-control": "no-store"}


def operator_routes(
    authenticator: Authenticator, crawlers: Crawlers, reports: Reports, audit: Audit, addresses: Addresses
) -> list[BaseRoute]:
    """Make the routes that `authenticator` guards; what changes anything is noted in the audit log."""

    def route(path: str, verb: str, run: Callable[[], Awaitable[object]]) -> Route:
        async def answer(request: Request) -> Response:
            header = request.headers.get("authorization")
            try:
                sent = None if header is None else header.encode("latin-1")
                await authenticator.admit(Auth.ADMIN, frozenset(), sent, path, request.scope)
                if verb == "GET":
                    return Response(encode(await run()), headers=NOT_KEPT)
                async with audit.acting(path, actor="admin", address=addresses.of(request.scope).text):
                    return Response(encode(await run()), headers=NOT_KEPT)
            except ServiceError as error:
                status, body = answer_of(error)
                challenge = {name.decode(): value.decode() for name, value in [CHALLENGES[True]] if status == 401}
                return Response(body, status, headers=NOT_KEPT | challenge)

        return Route(path, answer, methods=[verb])

    return [
        route("/_roost/relays", "GET", crawlers.status),
        route("/_roost/relays/crawl", "POST", crawlers.ask_now),
        route("/_roost/reports", "GET", reports.shown),
    ]
