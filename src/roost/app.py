"""The server put together: configuration in, an ASGI application out; the one place that knows every part.

Each service is made once, with exactly what it needs, in the order in which they need each other. Methods get theirs by
the classes that they name (`roost.api.registry`).
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from roost import datadir
from roost.api import methods, registry, v2022
from roost.api.com_atproto.repo import upload_blob
from roost.api.method import Method
from roost.config import Config, ConfigError
from roost.crypto import CryptoError
from roost.crypto.keys import PrivateKey, PublicKey
from roost.http.address import Addresses
from roost.http.auth import Authenticator
from roost.http.compose import compose
from roost.http.firehose import Firehose as FirehoseEdge
from roost.http.limits import Limiter
from roost.http.operator import operator_routes
from roost.http.proxy import Proxy
from roost.http.slots import MOST_AT_ONCE, MOST_STRANGERS
from roost.http.websocket import binary
from roost.http.wellknown import pages, routes
from roost.http.xrpc import Endpoint, Health
from roost.lexicon import Catalog
from roost.library import Library
from roost.net.client import Client
from roost.net.crawlers import Crawler
from roost.net.dns import txt_by
from roost.net.mail import DirectoryMailer, Mailer, NoMailer, SmtpMailer
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver, HandleResolver
from roost.outgoing import Outgoing, open_outgoing, upstreams_of
from roost.services.account_status import AccountStatus
from roost.services.accounts import Accounts
from roost.services.activation import Activation
from roost.services.admin import Admin
from roost.services.app_passwords import AppPasswords
from roost.services.arrivals import Arrivals
from roost.services.audit import Audit
from roost.services.background import Background
from roost.services.blob_audit import BlobAudit
from roost.services.blobs import Blobs
from roost.services.clock import Minter
from roost.services.collecting import Collecting
from roost.services.crawlers import Crawlers
from roost.services.delegation import Delegation
from roost.services.deletion import Deletion
from roost.services.did_check import DidCheck
from roost.services.earned_invites import EarnedInvites
from roost.services.email_changes import EmailChanges
from roost.services.exports import Exports
from roost.services.firehose import Firehose
from roost.services.handles import Handles
from roost.services.identity import Identity
from roost.services.identity_changes import IdentityChanges
from roost.services.imports import Imports
from roost.services.invites import Invites
from roost.services.keyring import Keyring
from roost.services.mail_tokens import MailTokens
from roost.services.newcomers import Newcomers
from roost.services.passwords import Passwords
from roost.services.policy import Policy
from roost.services.preferences import Preferences
from roost.services.reading import Reading
from roost.services.registration import Registration
from roost.services.removals import Removals
from roost.services.repeating import repeating
from roost.services.replacing import Replacing
from roost.services.reports import Reports
from roost.services.repos import Repos
from roost.services.reserved_keys import ReservedKeys
from roost.services.retention import Retention
from roost.services.service_auth import ServiceAuth
from roost.services.sessions import Sessions
from roost.services.subjects import Subjects
from roost.services.takeover import Takeover
from roost.services.tokens import Tokens
from roost.services.upstreams import Upstreams
from roost.services.writes import Records
from roost.storage.db import Database
from roost.storage.objects import Objects, open_objects
from roost.storage.opening import open_database
from roost.syntax import Did
from roost.web.home import home

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
        client = Client(trusted=(config.plc_url, *config.trusted_origins, *config.crawlers))
        stack.push_async_callback(client.close)
        objects = open_objects(config.blobstore_url, config.data)
        stack.push_async_callback(objects.close)
        catalog = Catalog(Library(config.data))
        services = await _services(config, db, objects, keyring, catalog, client, minter)
        password = config.admin_password or datadir.admin_password(config.data)
        outgoing = await stack.enter_async_context(
            open_outgoing(config, configured=MOST_AT_ONCE, strangers=MOST_STRANGERS)
        )
        server = Server(config, password, db, catalog, services, outgoing)
        stack.push_async_callback(server.get(DidResolver).close)
        stack.push_async_callback(server.get(Background).drain)
        stack.push_async_callback(server.get(Firehose).close)
        yield server


async def _services(
    config: Config,
    db: Database,
    objects: Objects,
    keyring: Keyring,
    catalog: Catalog,
    client: Client,
    minter: Minter,
) -> dict[type, object]:
    policy = _policy(config)
    directory = PlcDirectory(client, config.plc_url)
    resolver = DidResolver(client, directory, clock=lambda: datetime.now(UTC))
    passwords, background, mailer = Passwords(), Background(), _mailer(config)
    tokens = Tokens(await keyring.secret(db, "jwt"), policy.did, lambda: minter.milliseconds() // 1000)
    rotation_key = PrivateKey.from_bytes(await keyring.secret(db, "plc-rotation-key"))
    app_passwords = AppPasswords(db, await keyring.secret(db, "app-passwords"), minter)
    sessions = Sessions(db, tokens, passwords, minter, app_passwords)
    collecting = Collecting(db, objects, minter)
    repos = Repos(db, keyring, minter, collecting.nudge)
    records = Records(catalog, minter)
    service_auth = ServiceAuth(db, keyring, resolver, policy, minter)
    removals = Removals(db, background)
    await removals.resume()
    handle_resolver = HandleResolver(client, txt=txt_by(config.handle_nameservers))
    changes = IdentityChanges(db, policy, keyring, rotation_key, directory, resolver, repos, background, minter)
    mail_tokens = MailTokens(db, policy, _mailer(config), background, minter)
    replacing = Replacing(db, keyring, background, minter)
    await replacing.resume()
    handles = Handles(db, policy, changes, resolver, handle_resolver, minter)
    registration = Registration(
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
    )
    retention = Retention(db, minter, hours=config.event_retention)
    await retention.begin()
    firehose = Firehose(db, minter, wrap=binary)
    crawlers = [Crawler(client, url) for url in config.crawlers]
    did_check = DidCheck(policy, directory, resolver, repos, rotation_key=rotation_key.public.did_key)
    accounts = Accounts(db, policy, passwords, repos, removals, mail_tokens, background, minter)
    made: tuple[object, ...] = (
        policy,
        background,
        resolver,
        sessions,
        repos,
        removals,
        records,
        mail_tokens,
        collecting,
        Blobs(db, objects, policy, collecting, minter),
        BlobAudit(db, objects),
        app_passwords,
        did_check,
        accounts,
        Activation(db, did_check, minter),
        AccountStatus(db, did_check),
        Deletion(db, accounts, passwords, mail_tokens, minter),
        EmailChanges(db, mail_tokens, minter),
        ReservedKeys(db, keyring, minter),
        EarnedInvites(db, policy, minter),
        Reading(db),
        service_auth,
        Delegation(service_auth),
        upstreams_of(config, resolver),
        Preferences(db, minter),
        Reports(db, minter),
        Exports(db),
        firehose,
        retention,
        Crawlers(db, crawlers, firehose, minter, hostname=config.hostname),
        Imports(db, repos, resolver, minter),
        handles,
        changes,
        Identity(db, policy, resolver, handle_resolver),
        Arrivals(
            db=db,
            keyring=keyring,
            replacing=replacing,
            resolver=resolver,
            directory=directory,
            minter=minter,
            folder=config.data,
            limit=config.import_limit if config.accept_imports else None,
        ),
        Invites(db, policy, minter),
        Admin(db, mailer),
        Subjects(db, minter),
        Audit(db, minter),
        registration,
        Newcomers(policy, registration, handles, handle_resolver, keyring),
        Takeover(db, keyring, objects, background, minter),
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
        recovery_key=_recovery_key(config),
        blob_limit=config.blob_limit,
        blob_quota=config.blob_quota,
        privacy_policy=config.privacy_policy_url,
        terms_of_service=config.terms_of_service_url,
        contact_email=config.contact_email,
        did_doc_with_session=config.did_doc_with_session,
        invite_interval=config.invite_interval,
        invite_epoch=config.invite_epoch,
    )


def _recovery_key(config: Config) -> str | None:
    """Return the operator's recovery key. Raises ConfigError for one that could not sign."""
    if config.recovery_key is None:
        return None
    try:
        return PublicKey.from_did_key(config.recovery_key).did_key
    except CryptoError as error:
        raise ConfigError(f"ROOST_RECOVERY_KEY is not a key that a PLC directory takes: {error}") from None


def _mailer(config: Config) -> Mailer:
    if config.smtp_url is not None:
        assert config.mail_from is not None, "the configuration insists on a sender"
        return SmtpMailer(config.smtp_url, sender=config.mail_from)
    if config.dev:
        return DirectoryMailer(config.data / "mail", sender=config.mail_from or f"noreply@{config.hostname}")
    return NoMailer()


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
        configured=server.outgoing.configured,
        strangers=server.outgoing.strangers,
    )
    health = Health(VERSION, lambda: server.get(Accounts).count())
    known = routes(hostname=config.hostname, public_url=config.public_url, did_of=server.get(Identity).hosted)
    operator = operator_routes(authenticator, server.get(Crawlers), server.get(Reports), server.get(Audit), addresses)
    front = home(server.get(Accounts), server.get(Policy), version=VERSION)
    endpoint = Endpoint(
        bound,
        authenticator,
        health=health,
        audit=server.get(Audit),
        addresses=addresses,
        limiter=_limiter(config, addresses),
        unserved=proxy,
        takes=proxy.takes,
        streams=streams,
    )
    return Applications(endpoint, FirehoseEdge(streams), pages([front, *known, *operator]))


def _limiter(config: Config, addresses: Addresses) -> Limiter | None:
    if not config.rate_limits:
        return None
    return Limiter(addresses, bypass_key=config.rate_limit_bypass_key, exempt=config.rate_limit_bypass_ips)


def _limited(method: Method, config: Config) -> Method:
    """Return the method under the operator's limits."""
    return replace(method, body_limit=config.blob_limit) if method is upload_blob.METHOD else method


@contextlib.asynccontextmanager
async def _working(server: Server) -> AsyncIterator[None]:
    """Do what a server does unasked for as long as it serves."""
    async with contextlib.AsyncExitStack() as stack:
        for name, work in (
            ("removal of old events", server.get(Retention).prune),
            ("requests to relays", server.get(Crawlers).tend),
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
