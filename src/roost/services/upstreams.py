"""Where requests go that are not answered here: the services in the settings, and any that a client names (spec
sections 3.1, 3.2).

It deliberately does not know who may have what done there, nor how a request gets there.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from roost.identity.diddoc import DidDocument
from roost.net.errors import NetError
from roost.net.resolve import DidResolver
from roost.services.budget import Budget, party_of
from roost.services.errors import InvalidRequest
from roost.syntax import Did, InvalidSyntax

CREATE_REPORT: Final = "com.atproto.moderation.createReport"
OZONE: Final = "tools.ozone."
"""What moderators do. The reference server lists the methods of its day; the whole namespace is meant."""

APPVIEW_ID: Final = "bsky_appview"
LABELER_ID: Final = "atproto_labeler"
NOTIFIER_ID: Final = "bsky_notif"

TYPES: Final = {NOTIFIER_ID: "BskyNotificationService"}
"""The types of services that are found by both; all others are found by their id, whatever type they say they are."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service: whose, which of theirs, and the origin that it is at. `configured` ones the operator has named."""

    did: Did
    id: str
    origin: str
    configured: bool

    @property
    def name(self) -> str:
        """The service as `atproto-proxy` names it."""
        return f"{self.did}#{self.id}"


class Upstreams:
    """Finds services. Reports go to the moderation service where no other is named for them."""

    def __init__(
        self,
        resolver: DidResolver,
        budget: Budget,
        *,
        appview: Upstream | None = None,
        moderation: Upstream | None = None,
        reports: Upstream | None = None,
    ) -> None:
        self._resolver = resolver
        self._budget = budget
        self._appview = appview
        self._moderation = moderation
        self.reports = reports or moderation
        self._configured = {each.name: each for each in (appview, moderation, reports) if each is not None}

    def usual(self, nsid: str) -> Upstream | None:
        """Return the service that a method is for when nobody names one, None where the operator has named none."""
        if nsid == CREATE_REPORT:
            return self.reports
        return self._moderation if nsid.startswith(OZONE) else self._appview

    def is_appview(self, name: str) -> bool:
        """Return whether that is the app view in the settings; where there is none, any app view will do."""
        return name.endswith(f"#{APPVIEW_ID}") if self._appview is None else name == self._appview.name

    def notifier(self, did: Did) -> str | None:
        """Return the name of the service of a DID that sends notifications; None for the app view in the settings."""
        return None if self._appview is not None and self._appview.did == did else f"{did}#{NOTIFIER_ID}"

    async def find(self, did: Did, id: str, *, fresh: bool = False, for_anybody: bool = False) -> Upstream:
        """Return a service by name, with the document read from its source if `fresh`; what is looked up `for_anybody`,
        who may have no account here, is counted.

        Raises InvalidRequest for one that there is not, and where nobody can say: whose DID does not resolve, for
        whatever reason, is not a service that has failed (spec section 3.1). Raises TooManyRequests.
        """
        configured = self._configured.get(f"{did}#{id}")
        if configured is not None:
            return configured
        try:
            document = await self._document(did, fresh=fresh, for_anybody=for_anybody)
        except NetError as error:
            raise InvalidRequest("could not resolve proxy did") from error
        endpoint = document.service_endpoint(id, type=TYPES.get(id))
        if endpoint is None:
            raise InvalidRequest("could not resolve proxy did service url")
        return Upstream(did, id, origin_of(endpoint), configured=False)

    async def _document(self, did: Did, *, fresh: bool, for_anybody: bool) -> DidDocument:
        if not for_anybody:
            return await self._resolver.resolve(did, fresh=fresh)
        known = None if fresh else await self._resolver.peek(did)
        if known is not None:
            return known
        async with self._budget.spend(party_of(did)):
            return await self._resolver.resolve(did, fresh=fresh)


def parse_name(header: str) -> tuple[Did, str]:
    """Return whose service an `atproto-proxy` header names, and which. Raises InvalidRequest (spec section 3.1)."""
    if " " in header:
        raise InvalidRequest("proxy header cannot contain spaces")
    did, mark, id = header.partition("#")
    if not did:
        raise InvalidRequest("no did specified in proxy header")
    if not mark or not id:
        raise InvalidRequest("no service id specified in proxy header")
    if "#" in id:
        raise InvalidRequest("invalid proxy header format")
    try:
        return Did.parse(did), id
    except InvalidSyntax as error:
        raise InvalidRequest("could not resolve proxy did") from error


def origin_of(endpoint: str) -> str:
    """Return the origin of a service's URL: requests go to their own paths. Raises InvalidRequest for credentials."""
    parts = urlsplit(endpoint)
    if "@" in parts.netloc:
        # What stands before the @ is what somebody would take for the host.
        raise InvalidRequest("could not resolve proxy did service url")
    return f"{parts.scheme}://{parts.netloc}"
