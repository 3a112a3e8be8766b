"""Which other servers the settings name, and the clients that ask them on an account's behalf.

Two clients, so that what the operator's own services may be (http, at a private address) nobody else's can be. It
deliberately does not know what is asked of them: `roost.http.proxy` passes calls on.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from roost.config import Config
from roost.net.client import Client
from roost.net.resolve import DidResolver
from roost.services.budget import Budget
from roost.services.upstreams import APPVIEW_ID, LABELER_ID, Upstream, Upstreams
from roost.syntax import Did


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Who is asked: `configured` for the services in the settings, `strangers` for those that clients name."""

    configured: Client
    strangers: Client


@contextlib.asynccontextmanager
async def open_outgoing(config: Config, *, configured: int, strangers: int) -> AsyncIterator[Outgoing]:
    """Make the clients, with so many connections each at the most; they are closed at the end."""
    urls = (config.appview_url, config.mod_service_url, config.report_service_url)
    clients = Outgoing(
        Client(trusted=[url for url in urls if url], max_connections=configured),
        Client(trusted=config.trusted_origins, max_connections=strangers),
    )
    try:
        yield clients
    finally:
        await clients.configured.close()
        await clients.strangers.close()


def upstreams_of(config: Config, resolver: DidResolver, budget: Budget) -> Upstreams:
    """Return where methods go that are not answered here."""
    return Upstreams(
        resolver,
        budget,
        appview=_named(config.appview_did, APPVIEW_ID, config.appview_url),
        moderation=_named(config.mod_service_did, LABELER_ID, config.mod_service_url),
        reports=_named(config.report_service_did, LABELER_ID, config.report_service_url),
    )


def _named(did: Did | None, id: str, url: str | None) -> Upstream | None:
    return Upstream(did, id, url, configured=True) if did and url else None
