"""The server put together: configuration in, an ASGI application out; the one place that knows every part.

Each service is made once, with exactly what it needs, in the order in which they need each other. Methods get theirs by
the classes that they name (`roost.api.registry`).
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from roost import datadir
from roost.api import methods, registry, v2022
from roost.config import Config
from roost.crypto.keys import PrivateKey
from roost.http.auth import Authenticator
from roost.http.compose import compose
from roost.http.proxy import Proxy
from roost.http.slots import MOST_AT_ONCE, MOST_STRANGERS
from roost.http.wellknown import pages, routes
from roost.http.xrpc import Endpoint, Health
from roost.lexicon import Catalog
from roost.library import Library
from roost.net.client import Client
from roost.net.mail import DirectoryMailer, Mailer, NoMailer, SmtpMailer
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver, HandleResolver
from roost.services.accounts import Accounts
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.delegation import Delegation
from roost.services.exports import Exports
from roost.services.identity import Identity
from roost.services.imports import Imports
from roost.services.invites import Invites
from roost.services.keyring import Keyring
from roost.services.passwords import Passwords
from roost.services.policy import Policy
from roost.services.reading import Reading
from roost.services.registration import Registration
from roost.services.removals import Removals
from roost.services.repos import Repos
from roost.services.service_auth import ServiceAuth
from roost.services.sessions import Sessions
from roost.services.tokens import Tokens
from roost.services.upstreams import APPVIEW_ID, LABELER_ID, Upstream, Upstreams
from roost.services.writes import Records
from roost.storage.db import Database
from roost.storage.opening import open_database
from roost.syntax import Did
from roost.web.home import home

log = structlog.get_logger(__name__)

VERSION = version("roost")

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Server:
    """Everything that lives as long as the server does. `services` holds each by its class; `configured` asks the
    services that the settings name, `strangers` those that clients do.
    """

    config: Config
    admin_password: str
    db: Database
    catalog: Catalog
    services: dict[type, object]
    configured: Client
    strangers: Client

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
    if config.rate_limits:
        log.warning("ROOST_RATE_LIMITS has no effect yet: limit requests in front of this server")
    async with contextlib.AsyncExitStack() as stack:
        minter = Minter()
        file = quote(str(config.data.absolute() / datadir.DATABASE))
        db = await open_database(config.database_url or f"sqlite:///{file}", now=minter.milliseconds())
        stack.push_async_callback(db.close)
        client = Client(trusted=(config.plc_url,))
        stack.push_async_callback(client.close)
        catalog = Catalog(Library(config.data))
        services = await _services(config, db, keyring, catalog, client, minter)
        background, resolver = services[Background], services[DidResolver]
        assert isinstance(background, Background) and isinstance(resolver, DidResolver)  # noqa: PT018 - kept by class
        stack.push_async_callback(resolver.close)
        stack.push_async_callback(background.drain)
        password = config.admin_password or datadir.admin_password(config.data)
        urls = (config.appview_url, config.mod_service_url, config.report_service_url)
        configured = Client(trusted=[url for url in urls if url], max_connections=MOST_AT_ONCE)
        stack.push_async_callback(configured.close)
        strangers = Client(trusted=config.trusted_origins, max_connections=MOST_STRANGERS)
        stack.push_async_callback(strangers.close)
        yield Server(config, password, db, catalog, services, configured, strangers)


async def _services(
    config: Config, db: Database, keyring: Keyring, catalog: Catalog, client: Client, minter: Minter
) -> dict[type, object]:
    policy = _policy(config)
    directory = PlcDirectory(client, config.plc_url)
    resolver = DidResolver(client, directory, clock=lambda: datetime.now(UTC))
    passwords, background = Passwords(), Background()
    tokens = Tokens(await keyring.secret(db, "jwt"), policy.did, lambda: minter.milliseconds() // 1000)
    rotation_key = PrivateKey.from_bytes(await keyring.secret(db, "plc-rotation-key"))
    sessions = Sessions(db, tokens, passwords, minter)
    repos = Repos(db, keyring, minter)
    records = Records(catalog, minter)
    service_auth = ServiceAuth(db, keyring, resolver, policy, minter)
    removals = Removals(db, background)
    await removals.resume()
    made: tuple[object, ...] = (
        policy,
        background,
        resolver,
        sessions,
        repos,
        removals,
        records,
        Reading(db),
        service_auth,
        Delegation(service_auth),
        _upstreams(config, resolver),
        Exports(db),
        Imports(db, repos, resolver, minter),
        Identity(db, policy, resolver, HandleResolver(client)),
        Invites(db, policy, minter),
        Accounts(db, policy, passwords, repos, removals, _mailer(config), background, minter),
        Registration(
            db=db,
            policy=policy,
            passwords=passwords,
            keyring=keyring,
            rotation_key=rotation_key,
            directory=directory,
            resolver=resolver,
            repos=repos,
            sessions=sessions,
            minter=minter,
        ),
    )
    return {type(service): service for service in made}


def _policy(config: Config) -> Policy:
    return Policy(
        did=Did.parse(config.service_did),
        hostname=config.hostname,
        public_url=config.public_url,
        domains=tuple(domain.removeprefix(".") for domain in config.handle_domains),
        invite_required=config.invite_required,
        reset_url=f"{config.public_url}/account/reset-password",
    )


def _upstreams(config: Config, resolver: DidResolver) -> Upstreams:
    def named(did: str | None, id: str, url: str | None) -> Upstream | None:
        return Upstream(Did(did), id, url, configured=True) if did and url else None

    return Upstreams(
        resolver,
        appview=named(config.appview_did, APPVIEW_ID, config.appview_url),
        moderation=named(config.mod_service_did, LABELER_ID, config.mod_service_url),
        reports=named(config.report_service_did, LABELER_ID, config.report_service_url),
    )


def _mailer(config: Config) -> Mailer:
    if config.smtp_url is not None:
        assert config.mail_from is not None, "the configuration insists on a sender"
        return SmtpMailer(config.smtp_url, sender=config.mail_from)
    if config.dev:
        return DirectoryMailer(config.data / "mail", sender=config.mail_from or f"noreply@{config.hostname}")
    return NoMailer()


def asgi(server: Server) -> tuple[ASGIApp, ASGIApp]:
    """Return the endpoint of the methods, and the application of everything else."""
    bound = registry.build([*methods.METHODS, *v2022.METHODS], services=server.services, catalog=server.catalog)
    moderator = server.config.mod_service_did
    authenticator = Authenticator(
        server.get(Sessions),
        server.get(ServiceAuth),
        admin_password=server.admin_password,
        moderator=None if moderator is None else Did(moderator),
    )
    proxy = Proxy(
        authenticator,
        server.get(Accounts),
        server.get(ServiceAuth),
        server.get(Upstreams),
        configured=server.configured,
        strangers=server.strangers,
    )
    health = Health(VERSION, lambda: server.get(Accounts).count())
    known = routes(
        hostname=server.config.hostname, public_url=server.config.public_url, did_of=server.get(Identity).hosted
    )
    front = home(server.get(Accounts), server.get(Policy), version=VERSION)
    return Endpoint(bound, authenticator, health=health, unserved=proxy, takes=proxy.takes), pages([front, *known])


class Application:
    """The server as an ASGI application whose lifespan opens it and closes it; `server` is there in between."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._xrpc: ASGIApp | None = None
        self._pages: ASGIApp | None = None
        self.server: Server | None = None
        self._app = compose(self._answer_xrpc, self._answer_page, lifespan=self._live)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request, or live through one lifespan."""
        await self._app(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _live(self) -> AsyncIterator[None]:
        async with open_server(self._config) as self.server:
            self._xrpc, self._pages = asgi(self.server)
            yield

    async def _answer_xrpc(self, scope: Asgi, receive: Receive, send: Send) -> None:
        assert self._xrpc is not None, "the lifespan begins before the first request"
        await self._xrpc(scope, receive, send)

    async def _answer_page(self, scope: Asgi, receive: Receive, send: Send) -> None:
        assert self._pages is not None, "the lifespan begins before the first request"
        await self._pages(scope, receive, send)
