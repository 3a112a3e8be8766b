"""The endpoint of the methods: a bare ASGI application for `/xrpc/`, one dictionary look-up from each.

The order is the reference server's: verb, query parameters, credentials, body, run, answer; so a bad parameter is told
before a missing token, and a bad token before a bad body. It deliberately does not know what a method does, which
generation of the protocol it is of (its `explain` puts errors in that generation's words), or who serves the bytes.
"""

import re
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, NoReturn

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from roost.api.encode import encode
from roost.api.errors import BodyRefused, BodyRequired, JsonTooLarge, PayloadTooLarge, WrongEncoding
from roost.api.method import ADMINISTRATIVE, Auth, Body, Content, Stream
from roost.api.registry import Bound, Intake, Registry
from roost.http.address import Addresses
from roost.http.answer import CHALLENGES, CORS, EXPOSED, JSON, PRIVATE, UPGRADE, Header, preflight, respond
from roost.http.auth import Authenticator
from roost.http.body import codings_of, pieces, whole
from roost.http.content import part_of
from roost.http.errors import ClientGone, NotFound, UnknownMethod, UpgradeRequired, WrongVerb, answer_of
from roost.http.limits import Limiter, telling, told
from roost.http.sending import close, send_stream, send_whole
from roost.http.turns import Turns
from roost.services.audit import Audit
from roost.services.budget import ASKING
from roost.services.caller import Service
from roost.services.errors import InvalidRequest, TooManyRequests

log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("roost.http")

PREFIX: Final = "/xrpc/"

LIKE_NSID: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9]", re.ASCII)
"""What may stand behind the prefix at all; whether it is an NSID does not matter for one that nobody serves."""

WANTED: Final = frozenset(
    {b"authorization", b"content-type", b"content-length", b"content-encoding", b"host", b"transfer-encoding"}
)
"""The request headers that an endpoint looks at."""

HEADERS: Final[dict[tuple[bool, bool], tuple[Header, ...]]] = {
    (True, True): (JSON, CORS, *PRIVATE),
    (True, False): (JSON, CORS),
    (False, True): (CORS, *PRIVATE),
    (False, False): (CORS,),
}
"""The headers of a plain answer, by whether it has a body and whether it was given to somebody."""

STRAY_LIMIT: Final = 1024
"""Bytes of a body that nobody asked for which are read to see whether it is the `{}` that clients of 2022 sent."""

Headers = dict[bytes, bytes]


StandIn = Callable[[Asgi, Receive, Send], Awaitable[bool]]
"""Who may have an answer that is not here; says whether there was anybody to ask."""


@dataclass(frozen=True, slots=True)
class Health:
    """What `/xrpc/_health` tells: the version, once `check` has returned; it raises when the server cannot work."""

    version: str
    check: Callable[[], Awaitable[object]]


class Request(NamedTuple):
    """A request for a method, and whom its credentials prove."""

    bound: Bound
    scope: Asgi
    headers: Headers
    receive: Receive
    caller: object


class Endpoint:
    """Serves the methods of a registry, for as long as the process runs."""

    __slots__ = (
        "_addresses",
        "_audit",
        "_authenticator",
        "_bound",
        "_health",
        "_limiter",
        "_stands_in",
        "_streams",
        "_takes",
        "_turns",
        "_unserved",
    )

    def __init__(
        self,
        registry: Registry,
        authenticator: Authenticator,
        *,
        health: Health,
        audit: Audit,
        addresses: Addresses,
        limiter: Limiter | None = None,
        unserved: ASGIApp | None = None,
        takes: Callable[[Asgi, str], bool] | None = None,
        stands_in: StandIn | None = None,
        streams: Container[str] = (),
    ) -> None:
        """Methods nobody here serves go to `unserved` (a proxy), or are refused; so do calls of those methods here that
        may be another server's, if `takes` says so; `stands_in` is asked for what is not here after all. `streams`
        names those that need a WebSocket.
        """
        paths = {PREFIX + nsid: bound for nsid, bound in registry.items()}
        self._bound = paths | {path + "/": bound for path, bound in paths.items()}
        self._authenticator = authenticator
        self._health = health
        self._audit = audit
        self._addresses = addresses
        self._limiter = limiter
        self._unserved = unserved
        self._takes = takes
        self._stands_in = stands_in
        self._streams = streams
        self._turns = Turns()

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        bound = self._bound.get(scope["path"])
        if bound is None:
            await self._elsewhere(scope, receive, send)
            return
        verb: str = scope["method"]
        if verb == "OPTIONS":
            await preflight(scope, receive, send)
            return
        if bound.relayed and self._unserved is not None and self._takes is not None and self._takes(scope, bound.nsid):
            await self._pass_on(bound.nsid, scope, receive, send)
            return
        ASKING.set(self._addresses.of(scope).site)
        try:
            if verb != bound.verb and not (verb == "HEAD" and bound.verb == "GET"):
                raise WrongVerb(verb, bound.verb)
            output = await self._run(bound, scope, receive)
            stored = type(output) is Content
            if type(output) is Content:
                output = part_of(output, verb, scope["headers"])
            elif type(output) is Stream:
                output = replace(output, chunks=self._turns.in_turn(self._addresses.of(scope).site, output.chunks))
            first = await anext(output.chunks, None) if type(output) is Stream else None
            body = b"" if output is None or type(output) is Stream else encode(output)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 — the request boundary
            stands_in = self._stands_in if isinstance(error, bound.elsewhere) else None
            if stands_in is None or not await stands_in(scope, receive, telling(scope, send)):
                await _refuse(bound, error, scope, send)
            return
        private = bound.auth is not Auth.NONE
        if type(output) is Stream:
            await send_stream(output, first, scope, receive, send, nsid=bound.nsid, private=private, stored=stored)
        else:
            await send_whole(HEADERS[output is not None, private], body, scope, send)

    async def _run(self, bound: Bound, scope: Asgi, receive: Receive) -> object:
        """Call the method with what it names, each thing made from the request in the order that errors are told in."""
        arguments: dict[str, object] = {}
        if bound.params is not None:
            arguments["params"] = bound.params(scope["query_string"])
        headers, caller = _headers(scope), None
        if bound.auth is not Auth.NONE:
            authorization = headers.get(b"authorization")
            caller, token = await self._authenticator.admit(bound.auth, bound.scopes, authorization, bound.nsid, scope)
            if bound.wants_caller:
                arguments["caller"] = caller
            if token is not None or bound.wants_action:
                return await self._run_once(Request(bound, scope, headers, receive, caller), arguments, token)
        return await self._call(Request(bound, scope, headers, receive, caller), arguments)

    async def _run_once(self, request: Request, arguments: dict[str, object], token: Service | None) -> object:
        """Call the method for a token that is good for one call; for another try, if this one comes to nothing. What an
        administrator does is noted, whatever comes of it.
        """
        try:
            if not request.bound.wants_action:
                return await self._call(request, arguments)
            actor = "admin" if token is None else token.iss
            address = self._addresses.of(request.scope).text
            async with self._audit.acting(request.bound.nsid, actor=actor, address=address) as arguments["action"]:
                return await self._call(request, arguments)
        except BaseException:
            if token is not None:
                await self._authenticator.release(token)
            raise

    async def _call(self, request: Request, arguments: dict[str, object]) -> object:
        """Call the method of a request that has been admitted, with what else it names, once it is paid for."""
        bound, headers, receive = request.bound, request.headers, request.receive
        if bound.wants_host:
            arguments["host"] = headers.get(b"host", b"").decode("latin-1")
        if bound.wants_content_type:
            arguments["content_type"] = _media_type(headers)
        if bound.intake is Intake.JSON or bound.intake is Intake.BYTES:
            arguments["input"] = await _read(bound, headers, receive)
        elif bound.intake is Intake.NONE and (b"content-length" in headers or b"transfer-encoding" in headers):
            await _check_stray(bound, receive)
        if self._limiter is not None:
            await self._limiter.admit(bound.limits, request.scope, arguments=arguments, caller=request.caller)
        if bound.intake is Intake.STREAM:
            return await _run_streamed(bound, arguments, headers, receive)
        return await bound.run(**arguments)

    async def _elsewhere(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer what is not a method of the registry."""
        name, verb = scope["path"].removeprefix(PREFIX).removesuffix("/"), scope["method"]
        if verb == "OPTIONS":
            await preflight(scope, receive, send)
        elif name == "_health":
            await self._tell_health(send)
        elif "/" in name:
            await refuse(NotFound(), send)
        elif not LIKE_NSID.fullmatch(name):
            await refuse(InvalidRequest("invalid xrpc path"), send)
        elif name in self._streams:
            await refuse(UpgradeRequired(name) if verb in ("GET", "HEAD") else WrongVerb(verb, "GET"), send)
        else:
            await self._pass_on(name, scope, receive, send)

    async def _pass_on(self, name: str, scope: Asgi, receive: Receive, send: Send) -> None:
        """Have a method that nobody here serves answered by somebody else, at the price of every request."""
        if self._limiter is not None:
            try:
                await self._limiter.admit((), scope)
            except TooManyRequests as error:
                await refuse(error, send, limits=told(scope))
                return
        if self._unserved is None:
            await refuse(UnknownMethod(name), send, limits=told(scope))
        else:
            await self._unserved(scope, receive, telling(scope, send))

    async def _tell_health(self, send: Send) -> None:
        status, told = 200, {"version": self._health.version}
        try:
            await self._health.check()
        except Exception as error:
            log.error("not healthy", exc_info=error)
            status, told = 503, told | {"error": "Service Unavailable", "message": "The database does not answer"}
        await respond(send, status, (JSON, CORS), orjson.dumps(told))


def _headers(scope: Asgi) -> Headers:
    found: Headers = {}
    for name, value in scope["headers"]:
        if name in WANTED:
            if name in found:
                # Two of them mean two things, and whoever stands before us may have believed the other.
                raise InvalidRequest(f"header given more than once: {name.decode()}")
            found[name] = value
    return found


def _media_type(headers: Headers) -> str:
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")


def _check_intake(bound: Bound, headers: Headers) -> list[bytes]:
    """Refuse a body by its headers; what is left is its codings to undo."""
    length = headers.get(b"content-length")
    if bound.body is not Body.FREE:
        if length == b"0" or (length is None and b"transfer-encoding" not in headers):
            raise BodyRequired
        # Most requests name the type exactly as the lexicon does.
        if headers.get(b"content-type", b"").decode("latin-1") != bound.encoding:
            _check_type(_media_type(headers), bound.encoding)
    # llhttp lets nothing but digits through as a length.
    if length is not None and int(length) > bound.body_limit and b"content-encoding" not in headers:
        _refuse_size(bound)
    coding = headers.get(b"content-encoding")
    return codings_of(coding) if coding else []


def _check_type(given: str, declared: str) -> None:
    """Refuse a media type that is not the declared one, nor of the declared pattern: `*/*`, `image/*` and its like."""
    matches = declared == "*/*" or (declared.endswith("/*") and given.startswith(declared[:-1]))
    if given != declared and not (given and matches):
        raise WrongEncoding(given)


def _refuse_size(bound: Bound) -> NoReturn:
    raise JsonTooLarge if bound.intake is Intake.JSON else PayloadTooLarge


async def _read(bound: Bound, headers: Headers, receive: Receive) -> object:
    codings = _check_intake(bound, headers)
    try:
        body = await whole(receive, limit=bound.body_limit, codings=codings)
    except PayloadTooLarge:
        _refuse_size(bound)
    return body if bound.input is None else bound.input(body)


async def _run_streamed(bound: Bound, arguments: dict[str, object], headers: Headers, receive: Receive) -> object:
    chunks = pieces(receive, limit=bound.body_limit, codings=_check_intake(bound, headers))
    try:
        return await bound.run(**arguments, input=chunks)
    finally:
        await close(chunks)


async def _check_stray(bound: Bound, receive: Receive) -> None:
    """Refuse a body where none is declared, but for an empty one, which some clients announce with each request."""
    try:
        body = await whole(receive, limit=STRAY_LIMIT)
    except PayloadTooLarge:
        raise BodyRefused from None
    if body and not (bound.body is Body.EMPTY_OBJECT and body.strip() == b"{}"):
        raise BodyRefused


async def _refuse(bound: Bound, error: Exception, scope: Asgi, send: Send) -> None:
    try:
        error = bound.explain(error)
    except Exception as fault:  # noqa: BLE001 — the request boundary: an explanation is a method's code too
        error = fault
    private, admin = bound.auth is not Auth.NONE, bound.auth in ADMINISTRATIVE
    await refuse(error, send, nsid=bound.nsid, private=private, admin=admin, limits=told(scope))


async def refuse(
    error: Exception,
    send: Send,
    *,
    nsid: str = "",
    private: bool = False,
    admin: bool = False,
    limits: tuple[Header, ...] = (),
) -> None:
    """Answer with an error; what is a fault of ours is logged, with where it happened, and told without its text."""
    status, body = answer_of(error)
    if status == 500:
        log.error("a request failed", nsid=nsid, exc_info=error)
    headers: tuple[Header, ...] = (JSON, CORS, EXPOSED, *limits)
    if private:
        headers += PRIVATE
    if status == 401:
        headers = (*headers, CHALLENGES[admin])
    if isinstance(error, TooManyRequests) and error.retry_after is not None:
        headers = (*headers, (b"retry-after", b"%d" % error.retry_after))
    if status == 426:
        headers = (*headers, *UPGRADE)
    await respond(send, status, headers, body)
