"""The server put together: configuration in, an ASGI application out; the one place that knows every part.

Each service is made once, with exactly what it needs, in the order in which they need each other. Methods get theirs by
the classes that they name (`roost.api.registry`).
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from roost import datadir
from roost.api import methods, registry, v2022
from roost.api.com_atproto.repo import import_repo, upload_blob
from roost.api.method import Method, Procedure
from roost.config import Config
from roost.http.address import Addresses
from roost.http.auth import Authenticator
from roost.http.compose import compose
from roost.http.firehose import Firehose as FirehoseEdge
from roost.http.limits import Limiter
from roost.http.operator import operator_routes
from roost.http.proxy import Proxy
from roost.http.slots import MOST_AT_ONCE, MOST_STRANGERS
from roost.http.wellknown import pages, routes
from roost.http.xrpc import Endpoint, Health
from roost.lexicon import Catalog
from roost.library import Library
from roost.net.client import Client
from roost.net.dns import addresses_by
from roost.net.resolve import DidResolver
from roost.net.transport import trusted_lookup
from roost.outgoing import Outgoing, open_outgoing
from roost.services.accounts import Accounts
from roost.services.audit import Audit
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.collecting import Collecting
from roost.services.crawlers import Crawlers
from roost.services.deletion import Deletion
from roost.services.firehose import Firehose
from roost.services.identity import Identity
from roost.services.keyring import Keyring
from roost.services.policy import Policy
from roost.services.repeating import repeating
from roost.services.reports import Reports
from roost.services.retention import Retention
from roost.services.server_identity import ServerIdentity
from roost.services.service_auth import ServiceAuth
from roost.services.sessions import Sessions
from roost.services.upkeep import Upkeep
from roost.services.upstreams import Upstreams
from roost.storage.db import Database
from roost.storage.opening import open_database, open_objects
from roost.web.home import home
from roost.wiring import Parts, services_of

if TYPE_CHECKING:
    from roost.services.shared_counters import SharedCounters

log = structlog.get_logger(__name__)

VERSION = version("roost")

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Server:
    """Everything that lives as long as the server does. `services` holds each by its class."""

    config: Config
    admin_password: str
    db: Database
    catalog: Catalog
    services: dict[type, object]
    outgoing: Outgoing
    counters: "SharedCounters | None" = None

    def get(self, service: type[S]) -> S:
        """Return the service of that class."""
        found = self.services[service]
        assert isinstance(found, service), "services are kept by their class"
        return found


@contextlib.asynccontextmanager
async def open_server(config: Config) -> AsyncIterator[Server]:
    """Open the database, make what is not there yet, and put the services together; closes all at the end.

    Raises ConfigError, and what `open_database` does.
    """
    datadir.make(config.data)
    # Before the database is there: beside one, a missing key is a lost one.
    keyring = Keyring(datadir.master_key(config.data))
    async with contextlib.AsyncExitStack() as stack:
        minter = Minter()
        file = quote(str(config.data.absolute() / datadir.DATABASE))
        db = await open_database(config.database_url or f"sqlite:///{file}", now=minter.milliseconds())
        stack.push_async_callback(db.close)
        configured = (config.plc_url, *config.trusted_origins, *config.crawlers)
        client = Client(trusted=configured, lookup=addresses_by(config.nameservers), own_lookup=trusted_lookup)
        stack.push_async_callback(client.close)
        objects = open_objects(config.blobstore_url, config.data)
        stack.push_async_callback(objects.close)
        catalog = Library(config.data).catalog()
        services = await services_of(Parts(config, db, objects, keyring, catalog, client, minter))
        password = config.admin_password or datadir.admin_password(config.data)
        outgoing = await stack.enter_async_context(
            open_outgoing(config, configured=MOST_AT_ONCE, strangers=MOST_STRANGERS)
        )
        counters = await stack.enter_async_context(_counters(config))
        server = Server(config, password, db, catalog, services, outgoing, counters)
        stack.push_async_callback(server.get(Background).drain)
        stack.push_async_callback(server.get(DidResolver).close)
        stack.push_async_callback(server.get(Firehose).close)
        yield server


@dataclass(frozen=True, slots=True)
class Applications:
    """What answers: the endpoint of the methods, that of the subscriptions, and everything else."""

    xrpc: ASGIApp
    sockets: ASGIApp
    pages: ASGIApp


def asgi(server: Server) -> Applications:
    """Return the applications of an open server."""
    streams = registry.subscriptions(methods.SUBSCRIPTIONS, services=server.services, catalog=server.catalog)
    served = [_limited(method, server.config) for method in (*methods.METHODS, *v2022.METHODS)]
    bound = registry.build(served, services=server.services, catalog=server.catalog)
    config, addresses = server.config, Addresses(server.config.trusted_proxies)
    authenticator = Authenticator(
        server.get(Sessions),
        server.get(ServiceAuth),
        admin_password=server.admin_password,
        addresses=addresses,
        moderator=config.mod_service_did,
    )
    proxy = Proxy(
        authenticator,
        server.get(Accounts),
        server.get(ServiceAuth),
        server.get(Upstreams),
        addresses,
        configured=server.outgoing.configured,
        strangers=server.outgoing.strangers,
    )
    health = Health(VERSION, lambda: server.get(Accounts).count())
    known = routes(
        hostname=config.hostname,
        document=server.get(ServerIdentity).document(),
        is_ours=server.get(Policy).is_ours,
        did_of=server.get(Identity).hosted,
    )
    operator = operator_routes(authenticator, server.get(Crawlers), server.get(Reports), server.get(Audit), addresses)
    front = home(server.get(Accounts), server.get(Policy), version=VERSION)
    limiter = _limiter(server, addresses)
    endpoint = Endpoint(
        bound,
        authenticator,
        health=health,
        audit=server.get(Audit),
        addresses=addresses,
        limiter=limiter,
        unserved=proxy,
        takes=proxy.takes,
        stands_in=proxy.for_anybody,
        streams=streams,
    )
    return Applications(endpoint, FirehoseEdge(streams, limiter=limiter), pages([front, *known, *operator]))


def _limiter(server: Server, addresses: Addresses) -> Limiter | None:
    config = server.config
    if not config.rate_limits:
        return None
    return Limiter(
        addresses,
        shared=server.counters,
        bypass_key=config.rate_limit_bypass_key,
        exempt=config.rate_limit_bypass_ips,
        whose=server.get(Sessions).whose,
    )


@contextlib.asynccontextmanager
async def _counters(config: Config) -> AsyncIterator["SharedCounters | None"]:
    """Give the counters that several processes share, where the settings name a server of them."""
    if config.rate_limit_store is None or not config.rate_limits:
        yield None
        return
    # Here and not above: the client costs a tenth of a second of every start, and few have such a server.
    from roost.net.counting import RedisCounters  # noqa: PLC0415
    from roost.services.shared_counters import SharedCounters  # noqa: PLC0415

    counters = RedisCounters(config.rate_limit_store, prefix=f"roost:{config.hostname}:")
    try:
        yield SharedCounters(counters)
    finally:
        await counters.close()


def _limited(method: Method, config: Config) -> Method:
    """Return the method under the operator's limits."""
    limits = {upload_blob.METHOD.nsid: config.blob_limit, import_repo.METHOD.nsid: config.import_limit}
    if isinstance(method, Procedure) and method.nsid in limits:
        return replace(method, body_limit=limits[method.nsid])
    return method


@contextlib.asynccontextmanager
async def _working(server: Server) -> AsyncIterator[None]:
    """Do what a server does unasked for as long as it serves."""
    async with contextlib.AsyncExitStack() as stack:
        for name, work in (
            ("removal of old events", server.get(Retention).prune),
            ("requests to relays", server.get(Crawlers).tend),
            ("upkeep of identities", server.get(Upkeep).work),
            ("deletion of accounts whose time is over", server.get(Deletion).sweep),
        ):
            await stack.enter_async_context(repeating(name, work))
        yield


class Application:
    """The server as an ASGI application whose lifespan opens it and closes it; `server` is there in between."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._parts: Applications | None = None
        self.server: Server | None = None
        self._app = compose(self._answer_xrpc, self._answer_page, lifespan=self._live, sockets=self._answer_socket)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request, or live through one lifespan."""
        await self._app(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _live(self) -> AsyncIterator[None]:
        async with open_server(self._config) as self.server, self.server.get(Collecting).running():
            self._parts = asgi(self.server)
            async with _working(self.server):
                yield

    async def _answer_xrpc(self, scope: Asgi, receive: Receive, send: Send) -> None:
        await self._begun().xrpc(scope, receive, send)

    async def _answer_socket(self, scope: Asgi, receive: Receive, send: Send) -> None:
        await self._begun().sockets(scope, receive, send)

    async def _answer_page(self, scope: Asgi, receive: Receive, send: Send) -> None:
        await self._begun().pages(scope, receive, send)

    def _begun(self) -> Applications:
        assert self._parts is not None, "the lifespan begins before the first request"
        return self._parts
