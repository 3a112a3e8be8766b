"""Methods that another server answers, in the name of an account here: streamed through, both ways (spec section 3).

Who is calling is settled before anything else is done. What is asked in nobody's name, as for a record that is not
here, goes without a token, has a smaller share of the places, and its look-ups are counted. Nothing is held in memory
but the piece that is under way. It deliberately does not know which service is where (`services.upstreams`) or what an
account may have done there (`services.delegation`). It is the one part of the edge that makes requests itself: a stream
cannot pass through a service that answers with a value.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from roost.api.method import DEFAULT_BODY, STANDARD, TAKENDOWN, Auth
from roost.http.address import Addresses
from roost.http.auth import Authenticator
from roost.http.errors import ClientGone, UnknownMethod
from roost.http.exchange import Answer, Intake
from roost.http.relay import MOST_ERROR, refusal, refusal_headers, request_headers, response_headers
from roost.http.slots import Owner, Slots
from roost.http.xrpc import PREFIX, refuse
from roost.net.client import Client
from roost.net.errors import NetError, RequestRefused, TooLarge, Unreachable
from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.delegation import allows, is_protected
from roost.services.errors import (
    AccountDeactivated,
    InvalidRequest,
    InvalidToken,
    UpstreamFailure,
)
from roost.services.feeds import GET_FEED, GET_FEED_SKELETON, generator_of
from roost.services.push import PUSHES, service_of
from roost.services.service_auth import ServiceAuth
from roost.services.upstreams import APPVIEW_ID, CREATE_REPORT, Upstream, Upstreams, parse_name
from roost.syntax import InvalidSyntax, Nsid

log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("roost.http")

HEAD_SECONDS: Final = 10.0
"""How long another server may take to begin its answer once it has the whole request: the reference server's time."""

SILENCE_SECONDS: Final = 30.0
"""How long it may pause in the middle, as long as a client of ours may."""

MOST_BYTES: Final = 10 * 1024 * 1024
"""Bytes of an answer that are passed on: the reference server's limit."""

ERROR_SECONDS: Final = 5.0
"""How long the body of an error is read; without it the error is told in words of our own."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be made: what, in whose name if in anybody's, at whose expense, and whom it was addressed to,
    if anybody.
    """

    verb: str
    nsid: Nsid
    caller: Caller | None
    owner: Owner
    named: str | None


class Proxy:
    """Passes calls on, for as long as the process runs. `configured` asks the services in the settings, `strangers` all
    others, whose addresses must be public.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        accounts: Accounts,
        auth: ServiceAuth,
        upstreams: Upstreams,
        addresses: Addresses,
        *,
        configured: Client,
        strangers: Client,
    ) -> None:
        self._authenticator = authenticator
        self._accounts = accounts
        self._auth = auth
        self._upstreams = upstreams
        self._addresses = addresses
        self._configured = configured
        self._strangers = strangers
        self._slots = Slots()

    def takes(self, scope: Asgi, nsid: str) -> bool:
        """Return whether a call goes elsewhere that could be answered here: a report to those who take reports, and
        whatever is addressed to anybody but the app view, in whose place we answer.
        """
        named = [value for name, value in scope["headers"] if name == b"atproto-proxy"]
        if not named:
            return nsid == CREATE_REPORT and self._upstreams.reports is not None
        return nsid == CREATE_REPORT or not self._upstreams.is_appview(named[0].decode("latin-1"))

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Pass one call on, whatever comes of it."""
        await self._serve(self._admit, scope, receive, send)

    async def for_anybody(self, scope: Asgi, receive: Receive, send: Send) -> bool:
        """Pass on a query of a method that is served here, in nobody's name, if there is anybody else to answer it; say
        whether there was (spec section 1.2 getRecord).
        """
        named = any(name == b"atproto-proxy" for name, _ in scope["headers"])
        if not named and self._upstreams.usual(_name(scope)) is None:
            return False
        await self._serve(self._admit_anybody, scope, receive, send)
        return True

    async def _serve(self, admit: Callable[[Asgi], Awaitable[Call]], scope: Asgi, receive: Receive, send: Send) -> None:
        answer = Answer(send)
        try:
            intake = Intake(scope, receive)
            call = await self._readdressed(await admit(scope), intake)
            upstream = self._upstreams.usual(call.nsid) if call.named is None else await self._find(call)
            assert upstream is not None, "a call for nobody was not admitted"
            with self._slots.taken(call.owner, stranger=not upstream.configured):
                await self._until_gone(call, upstream, intake, answer)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 — the request boundary
            if answer.begun:
                # An answer that has begun cannot be taken back; that the connection breaks off says it is not whole.
                log.info("a relayed answer broke off", path=scope["path"], error=str(error))
                return
            await refuse(error, send, nsid=scope["path"], private=True)

    async def _admit(self, scope: Asgi) -> Call:
        verb = scope["method"]
        if verb not in ("GET", "HEAD", "POST"):
            raise InvalidRequest("XRPC requests only supports GET and POST")
        name = _name(scope)
        try:
            nsid = Nsid.parse(name)
        except InvalidSyntax as error:
            raise UnknownMethod(name) from error
        named = _header(scope, b"atproto-proxy")
        if named is None and self._upstreams.usual(nsid) is None:
            raise UnknownMethod(nsid)
        if is_protected(nsid):
            raise InvalidToken("Bad token method")
        if named is not None:
            parse_name(named)
        authorization = _header(scope, b"authorization")
        caller = await self._caller(nsid, None if authorization is None else authorization.encode("latin-1"), scope)
        return Call(verb, nsid, caller, caller.account, named)

    async def _admit_anybody(self, scope: Asgi) -> Call:
        named = _header(scope, b"atproto-proxy")
        if named is not None:
            parse_name(named)
        return Call(scope["method"], Nsid(_name(scope)), None, self._addresses.of(scope).site, named)

    async def _readdressed(self, call: Call, intake: Intake) -> Call:
        """Return the call as it is addressed by its body, where the method has it so and nobody else is named."""
        usual = call.named is None or self._upstreams.is_appview(call.named)
        if call.nsid not in PUSHES or not usual or call.verb != "POST":
            return call
        did = service_of(call.nsid, await intake.whole(DEFAULT_BODY) if intake.has_body else b"")
        return replace(call, named=self._upstreams.notifier(did))

    async def _caller(self, nsid: Nsid, authorization: bytes | None, scope: Asgi) -> Caller:
        """Return whose call it is, if the account stands and the credentials reach so far.

        An account that has been taken down may still say something to the moderators.
        """
        report = nsid == CREATE_REPORT
        scopes = TAKENDOWN if report else STANDARD
        caller, _ = await self._authenticator.admit(Auth.ACCESS, scopes, authorization, nsid, scope)
        assert isinstance(caller, Caller), "an access token is an account's"
        if report:
            return caller
        if not allows(caller, nsid):
            raise InvalidToken("Bad token method")
        if (await self._accounts.get(caller.account)).status is not None:
            # The protocol has it so; the reference server does not look.
            raise AccountDeactivated("Account is deactivated")
        return caller

    async def _find(self, call: Call, *, fresh: bool = False) -> Upstream:
        assert call.named is not None, "a call for the usual service needs no look-up"
        return await self._upstreams.find(*parse_name(call.named), fresh=fresh, for_anybody=call.caller is None)

    async def _until_gone(self, call: Call, upstream: Upstream, intake: Intake, answer: Answer) -> None:
        """Pass a call on until it is answered or nobody waits for it any more."""
        work = asyncio.create_task(self._pass(call, upstream, intake, answer))
        gone = asyncio.create_task(intake.until_gone())
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.wait((work, gone))
        if not work.cancelled():
            work.result()

    async def _pass(self, call: Call, upstream: Upstream, intake: Intake, answer: Answer) -> None:
        try:
            await self._exchange(call, upstream, intake, answer)
        except (Unreachable, RequestRefused) as error:
            moved = await self._moved(call, upstream, intake, answer)
            if moved is None:
                raise _told(error, upstream) from error
            try:
                await self._exchange(call, moved, intake, answer)
            except NetError as again:
                raise _told(again, moved) from again
        except NetError as error:
            raise _told(error, upstream) from error

    async def _moved(self, call: Call, upstream: Upstream, intake: Intake, answer: Answer) -> Upstream | None:
        """Return where a service is now that is not where it was, if nothing of the call has been sent yet."""
        if upstream.configured or call.named is None or intake.begun or answer.begun:
            return None
        try:
            found = await self._find(call, fresh=True)
        except InvalidRequest:
            return None  # what was found did not answer: that is what is told
        return None if found == upstream else found

    async def _token(self, call: Call, upstream: Upstream, client: Client, intake: Intake) -> str | None:
        """Return the token for a call, None for one in nobody's name. Raises UnknownFeed, UpstreamFailure, NetError."""
        if call.caller is None:
            return None
        if call.nsid == GET_FEED and upstream.id == APPVIEW_ID:
            # The app view hands it on to whoever makes the feed: it is of no use to anybody else.
            generator = await generator_of(client, upstream, intake.query)
            return await self._auth.issue(call.caller, aud=generator, lxm=GET_FEED_SKELETON)
        return await self._auth.issue(call.caller, aud=upstream.did, lxm=call.nsid)

    async def _exchange(self, call: Call, upstream: Upstream, intake: Intake, answer: Answer) -> None:
        """Send the request and pass the answer on. Raises a NetError."""
        client = self._configured if upstream.configured else self._strangers
        token = await self._token(call, upstream, client, intake)
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(HEAD_SECONDS) as patience:
                    opened = client.stream(
                        call.verb,
                        f"{upstream.origin}{PREFIX}{call.nsid}{intake.query}",
                        headers=request_headers(intake.headers, token=token, with_body=intake.has_body),
                        content=intake.pieces(patience, HEAD_SECONDS) if intake.has_body else b"",
                        silence=SILENCE_SECONDS,
                    )
                    response = await stack.enter_async_context(opened)
            except TimeoutError:
                raise Unreachable("no answer in time") from None
            chunks = response.aiter_raw()
            if not 200 <= response.status_code < 300:
                status, told = refusal(response.status_code, response.headers, await _beginning(chunks))
                await answer.whole(status, refusal_headers(status, response.headers), told)
                return
            declared = response.headers.get("content-length", "0")
            if not declared.isascii() or not declared.isdigit() or int(declared[:20]) > MOST_BYTES:
                raise TooLarge(MOST_BYTES)
            await answer.stream(response.status_code, response_headers(response.headers.raw), _bounded(chunks))


def _told(error: NetError, upstream: Upstream) -> Exception:
    """Return what a client is told of a failure: not what it was, which may say something about our own network."""
    log.info("a service did not answer", service=upstream.name, origin=upstream.origin, error=str(error))
    if isinstance(error, RequestRefused):
        return InvalidRequest("could not resolve proxy did service url")
    if isinstance(error, TooLarge):
        return UpstreamFailure(f"Upstream service answered with more than {MOST_BYTES} bytes")
    return UpstreamFailure("Upstream service unreachable")


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give the pieces of an answer; raises TooLarge, and Unreachable when they do not come."""
    size = 0
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise Unreachable("the answer stopped in the middle") from None
        if chunk is None:
            return
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge(MOST_BYTES)
        yield chunk


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the body of an error, as much of it as is of use and comes in time."""
    body = b""
    with contextlib.suppress(TimeoutError, NetError):
        async with asyncio.timeout(ERROR_SECONDS):
            while len(body) < MOST_ERROR and (chunk := await anext(chunks, None)) is not None:
                body += chunk
    return body[:MOST_ERROR]


def _name(scope: Asgi) -> str:
    path: str = scope["path"]
    return path.removeprefix(PREFIX).removesuffix("/")


def _header(scope: Asgi, wanted: bytes) -> str | None:
    found = [value for name, value in scope["headers"] if name == wanted]
    if len(found) > 1:
        raise InvalidRequest(f"header given more than once: {wanted.decode()}")
    return found[0].decode("latin-1") if found else None
