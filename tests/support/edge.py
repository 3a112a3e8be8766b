"""A server of small sample methods on a real socket, to test the edge without anything behind it."""

import asyncio
import contextlib
import http.client
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec
import orjson
import uvloop
from starlette.types import ASGIApp

from roost.api.limits import Arguments, By, Limit
from roost.api.method import FULL, WRITE_BODY, Auth, Body, Method, Procedure, Query, Record, Stream
from roost.api.registry import build
from roost.config import PRIVATE_NETWORKS
from roost.crypto import service_jwt
from roost.data.cid import Cid
from roost.http.address import Addresses
from roost.http.auth import Authenticator
from roost.http.compose import compose
from roost.http.gate import Gate
from roost.http.limits import Limiter
from roost.http.serving import Listener, running
from roost.http.wellknown import pages, routes
from roost.http.xrpc import Endpoint, Health
from roost.lexicon import Catalog, parse_document
from roost.services.audit import Audit
from roost.services.caller import Administrator, Caller, Scope, Service, Viewer
from roost.services.clock import Minter
from roost.services.errors import (
    BadJwtLexiconMethod,
    ExpiredToken,
    InvalidRequest,
    InvalidToken,
    JwtReplayed,
    RecordNotFound,
    UntrustedIss,
)
from roost.syntax import Did, Handle

ALICE = Did.parse("did:web:alice.test")
PASSWORD = "correct: horse:battery"


class FixedTokens:
    """Tokens with a fixed meaning each: a scope's last word, `expired`, or nothing."""

    async def authenticate(self, token: str) -> Caller:
        """Return Alice, with the scope that the token says."""
        scopes = {"access": Scope.ACCESS, "app": Scope.APP_PASS, "takendown": Scope.TAKENDOWN}
        if token == "expired":
            raise ExpiredToken("Token has expired")
        if token not in scopes:
            raise InvalidToken("Token could not be verified")
        return Caller(1, ALICE, Handle.parse("alice.test"), scopes[token], None)

    async def authenticate_refresh(self, token: str, *, allow_expired: bool = False) -> Caller:
        """Return Alice for a refresh token."""
        if token == "refresh" or (token == "expired" and allow_expired):
            return Caller(1, ALICE, Handle.parse("alice.test"), Scope.REFRESH, "session")
        return await self.authenticate("expired" if token == "expired" else "none")


class FixedServiceTokens:
    """Service tokens that are good for one call each, whatever they are signed with; `iss` says whose they are."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    async def admit(self, token: str, nsid: str) -> Service:
        """Return who signed it."""
        claims = service_jwt.parse(token).claims
        if claims.get("lxm") != nsid:
            raise BadJwtLexiconMethod("jwt is not for this method")
        if token in self.used:
            raise JwtReplayed("This token has been used")
        self.used.add(token)
        return Service(Did.parse(claims["iss"]), token.encode())

    async def admit_hosted(self, token: str, nsid: str) -> tuple[Caller, Service]:
        """Return Alice, whoever it is."""
        service = await self.admit(token, nsid)
        return Caller(1, ALICE, Handle.parse("alice.test"), Scope.SERVICE, None), service

    async def admit_moderator(self, token: str, nsid: str, trusted: Did | None) -> Service:
        """Return the moderation service."""
        service = await self.admit(token, nsid)
        if service.iss != trusted:
            raise UntrustedIss("Untrusted issuer")
        return service

    async def release(self, service: Service) -> None:
        """Let a token be used again."""
        self.used.remove(service.token.decode())


@dataclass(slots=True)
class Seen:
    """A service that the sample methods tell what happens to them."""

    events: list[str] = field(default_factory=list)

    def wait_for(self, event: str) -> None:
        """Wait until a method has told it; a method tells from the server's thread."""
        deadline = time.monotonic() + 5
        while event not in self.events:
            assert time.monotonic() < deadline, f"{event} never happened: {self.events}"
            time.sleep(0.005)


class ListParams(msgspec.Struct, rename="camel", frozen=True):
    """Params of test.edge.list."""

    repo: Did
    limit: int = 50
    reverse: bool = False
    tags: list[str] = []
    cursor: str | None = None


class ListOutput(msgspec.Struct, rename="camel", omit_defaults=True):
    """Output of test.edge.list."""

    repo: Did
    limit: int
    reverse: bool
    tags: list[str]
    cursor: str | None = None


class CreateInput(msgspec.Struct, rename="camel"):
    """Input of test.edge.create."""

    repo: Did
    record: Record
    swap_commit: Cid | None = None
    note: str = ""


class CreateOutput(msgspec.Struct, rename="camel", omit_defaults=True):
    """Output of test.edge.create."""

    did: Did
    record: msgspec.Raw
    cid: Cid | None = None


class Told(msgspec.Struct, omit_defaults=True):
    """What a method was told."""

    text: str


async def list_(params: ListParams) -> ListOutput:
    """Answer with the parameters."""
    return ListOutput(params.repo, params.limit, params.reverse, params.tags, params.cursor)


async def create(caller: Caller, input: CreateInput) -> CreateOutput:
    """Answer with what the record's fields became."""
    types = {key: type(value).__name__ for key, value in input.record.items()}
    return CreateOutput(caller.did, msgspec.Raw(orjson.dumps(types)), input.swap_commit)


async def whoami(caller: Caller) -> Told:
    """Answer with the caller's scope."""
    return Told(caller.scope)


async def maybe(caller: Viewer) -> Told:
    """Answer with the caller, if there is one."""
    if isinstance(caller, Administrator):
        return Told("administrator")
    return Told(caller.did if caller else "nobody")


async def caller_of(caller: Service, input: bytes) -> Told:
    """Answer with the service; refuse when asked to."""
    if input == b"refuse":
        raise InvalidRequest("as you asked")
    return Told(caller.iss)


async def caller_if_any(caller: Service | None) -> Told:
    """Answer with the service, if there is one."""
    return Told(caller.iss if caller else "nobody")


async def nothing() -> None:
    """Answer with nothing."""


async def upload(input: AsyncIterator[bytes], content_type: str, seen: Seen) -> Told:
    """Count the bytes as they arrive."""
    seen.events.append("upload begins")
    size = 0
    try:
        async for piece in input:
            size += len(piece)
            seen.events.append("upload goes on")
    finally:
        seen.events.append("upload ends")
    return Told(f"{size} bytes of {content_type}")


async def raw(input: bytes) -> Told:
    """Answer with the number of bytes."""
    return Told(f"{len(input)} bytes")


async def download(seen: Seen) -> Stream:
    """Answer with more than any socket's buffers hold."""

    async def chunks() -> AsyncIterator[bytes]:
        try:
            for _ in range(1000):
                yield bytes(64 * 1024)
                await asyncio.sleep(0)
        finally:
            seen.events.append("download ends")

    return Stream("application/vnd.ipld.car", chunks())


async def sized() -> Stream:
    """Answer with a stream whose length is known."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"abc"
        yield b"def"

    return Stream("text/plain", chunks(), length=6, headers=((b"x-content-type-options", b"nosniff"),))


async def missing() -> Stream:
    """Fail before the first chunk."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1):
            raise RecordNotFound("Could not locate record")
        yield b"never"

    return Stream("text/plain", chunks())


async def broken_stream() -> Stream:
    """Fail after the first chunk."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"abc"
        raise RuntimeError("the disk is gone")

    return Stream("text/plain", chunks())


async def drip(seen: Seen) -> Stream:
    """Answer with a piece, and with another when the client has told that it has read the first."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"a" * 2000
        async with asyncio.timeout(5):
            while "read" not in seen.events:
                await asyncio.sleep(0.005)
        seen.events.append("drip goes on")
        yield b"b" * 2000

    return Stream("application/vnd.ipld.car", chunks())


async def broken_car() -> Stream:
    """Fail after the first chunk of a CAR."""

    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(5000)
        raise RuntimeError("the disk is gone")

    return Stream("application/vnd.ipld.car", chunks())


async def picture() -> Stream:
    """Answer with a large picture."""

    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(5000)

    return Stream("image/png", chunks())


async def broken() -> Told:
    """Fail as nobody has foreseen."""
    raise RuntimeError("secret: hunter2")


async def unencodable() -> Told:
    """Answer with what no JSON can hold."""
    return Told(object())  # type: ignore[arg-type]  # that is the fault


async def slow(seen: Seen) -> Told:
    """Take a while."""
    seen.events.append("slow begins")
    await asyncio.sleep(0.3)
    return Told("done")


def in_other_words(error: Exception) -> Exception:
    """Say an error as another generation would."""
    return InvalidRequest(f"{type(error).__name__}, because of {type(error.__cause__).__name__}")


def size(arguments: Arguments) -> int:
    """Return how much was sent."""
    input = arguments["input"]
    assert isinstance(input, bytes)
    return len(input)


RARE = (Limit("rare", 10, 60, By.ACCOUNT, size), Limit("rare", 15, 600, By.ACCOUNT, size))
"""Ten bytes a minute, and fifteen in ten."""

METHODS: list[Method] = [
    Query("test.edge.list", list_),
    Procedure("test.edge.create", create, auth=Auth.ACCESS, body_limit=10_000),
    Procedure("test.edge.write", create, auth=Auth.ACCESS, body_limit=WRITE_BODY),
    Query("test.edge.whoami", whoami, auth=Auth.ACCESS),
    Query("test.edge.own", whoami, auth=Auth.ACCESS, scopes=FULL),
    Query("test.edge.maybe", maybe, auth=Auth.OPTIONAL),
    Procedure("test.edge.refresh", whoami, auth=Auth.REFRESH),
    Procedure("test.edge.end", whoami, auth=Auth.REFRESH_EXPIRED),
    Procedure("test.edge.nothing", nothing),
    Procedure("test.edge.old", nothing, body=Body.EMPTY_OBJECT),
    Procedure("test.edge.free", raw, body=Body.FREE),
    Query("test.edge.freeQuery", nothing, body=Body.FREE),
    Query("test.edge.admin", nothing, auth=Auth.ADMIN),
    Procedure("test.edge.service", caller_of, auth=Auth.SERVICE, body=Body.FREE),
    Query("test.edge.maybeService", caller_if_any, auth=Auth.OPTIONAL_SERVICE),
    Query("test.edge.either", whoami, auth=Auth.ACCESS_OR_SERVICE),
    Query("test.edge.moderate", nothing, auth=Auth.MODERATOR),
    Procedure("test.edge.upload", upload, body_limit=1_000_000),
    Procedure("test.edge.image", raw, body_limit=100),
    Query("test.edge.download", download),
    Query("test.edge.sized", sized),
    Query("test.edge.missing", missing),
    Query("test.edge.brokenStream", broken_stream),
    Query("test.edge.brokenCar", broken_car),
    Query("test.edge.drip", drip),
    Query("test.edge.picture", picture),
    Query("test.edge.broken", broken),
    Query("test.edge.unencodable", unencodable),
    Query("test.edge.slow", slow),
    Query("test.edge.explained", list_, explain=in_other_words),
    Procedure("test.edge.rare", raw, auth=Auth.ACCESS, limits=RARE),
    Query("test.edge.alone", nothing, limits=(Limit("alone", 2, 60, alone=True),)),
]

LIST_PARAMS = {
    "type": "params",
    "required": ["repo"],
    "properties": {
        "repo": {"type": "string", "format": "did"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
        "reverse": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "cursor": {"type": "string"},
    },
}

CREATE_INPUT = {
    "encoding": "application/json",
    "schema": {
        "type": "object",
        "required": ["repo", "record"],
        "properties": {
            "repo": {"type": "string", "format": "did"},
            "record": {"type": "unknown"},
            "swapCommit": {"type": "string", "format": "cid"},
            "note": {"type": "string", "maxLength": 10},
        },
    },
}

PARTS: dict[str, dict[str, object]] = {
    "test.edge.list": {"parameters": LIST_PARAMS},
    "test.edge.explained": {"parameters": LIST_PARAMS},
    "test.edge.create": {"input": CREATE_INPUT},
    "test.edge.write": {"input": CREATE_INPUT},
    "test.edge.free": {"input": {"encoding": "*/*"}},
    "test.edge.service": {"input": {"encoding": "*/*"}},
    "test.edge.upload": {"input": {"encoding": "*/*"}},
    "test.edge.rare": {"input": {"encoding": "*/*"}},
    "test.edge.image": {"input": {"encoding": "image/*"}},
}
"""What the lexicons of the methods above say beyond their verb."""


def catalog_of(methods: list[Method], parts: dict[str, dict[str, object]]) -> Catalog:
    """Make the lexicon documents of methods."""
    return Catalog.of(
        parse_document(
            {
                "lexicon": 1,
                "id": method.nsid,
                "defs": {"main": {"type": type(method).__name__.lower()} | parts.get(method.nsid, {})},
            }
        )
        for method in methods
    )


class Nowhere:
    """A database that nobody writes to: no sample method has anything to note."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the edge asked the database to {name}")


NOTHING_NOTED = Audit(Nowhere(), Minter())

ADDRESSES = Addresses(PRIVATE_NETWORKS)
"""Whom the edge believes: a test on loopback may say where it comes from."""


def endpoint(
    seen: Seen | None = None,
    *,
    health: Health | None = None,
    unserved: ASGIApp | None = None,
    limiter: Limiter | None = None,
) -> Endpoint:
    """Make the endpoint of the sample methods."""
    registry = build(METHODS, services={Seen: seen or Seen()}, catalog=catalog_of(METHODS, PARTS))
    authenticator = Authenticator(
        FixedTokens(),
        FixedServiceTokens(),
        admin_password=PASSWORD,
        addresses=ADDRESSES,
        moderator=Did.parse("did:web:mod.test"),
    )
    return Endpoint(
        registry,
        authenticator,
        health=health or Health("1.2.3", nothing),
        audit=NOTHING_NOTED,
        addresses=ADDRESSES,
        limiter=limiter,
        unserved=unserved,
    )


async def did_of(handle: Handle) -> Did | None:
    """Know one handle."""
    return ALICE if handle == "alice.test" else None


def application(
    seen: Seen, *, health: Health | None = None, unserved: ASGIApp | None = None, limiter: Limiter | None = None
) -> ASGIApp:
    """Compose the sample methods with the pages of the protocol."""

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        seen.events.append("started")
        yield
        seen.events.append("stopped")

    known = routes(
        hostname="pds.test",
        document={"id": "did:web:pds.test"},
        is_ours=lambda handle: handle.endswith(".test"),
        did_of=did_of,
    )
    return compose(endpoint(seen, health=health, unserved=unserved, limiter=limiter), pages(known), lifespan=lifespan)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> tuple[int, str, str]:
        """The status, the name and the message of an error answer."""
        told = orjson.loads(self.body)
        assert set(told) == {"error", "message"}
        return self.status, told["error"], told["message"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A served application, as a client reaches it."""

    port: int
    seen: Seen

    def ask(
        self,
        verb: str,
        path: str,
        body: bytes | None = None,
        *,
        token: str | None = None,
        type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if type is not None:
            sent["Content-Type"] = type
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request(verb, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def post(self, nsid: str, value: object, *, token: str | None = "access") -> Answer:
        """Call a procedure with JSON."""
        return self.ask("POST", f"/xrpc/{nsid}", orjson.dumps(value), token=token, type="application/json")


@contextlib.contextmanager
def served(make: Callable[[Seen], ASGIApp] = application, *, gate: Gate | None = None) -> Iterator[Edge]:
    """Serve an application in a thread with a loop of its own, for as long as the block lasts."""
    seen = Seen()
    ready, ports = threading.Event(), list[int]()
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def live() -> None:
        stop = asyncio.Event()
        async with running([Listener(make(seen), "127.0.0.1", 0, gate)]) as servers:
            ports.append(servers[0].port)
            handles.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: uvloop.run(live()))
    thread.start()
    assert ready.wait(5), "the server did not start"
    try:
        yield Edge(ports[0], seen)
    finally:
        loop, stop = handles[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(15)
        assert not thread.is_alive(), "the server did not stop"
