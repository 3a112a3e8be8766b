"""Lexicon documents that others publish: who may, by DNS; where, by the DID; and proof of it, by the signing key
(spec section 5.9).

What was found is remembered for a while, and for longer while it cannot be asked for again; so is that nothing was. It
deliberately does not know what a document says: nothing here is validated by one.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from roost.data import car, cbor, json
from roost.data.cid import Cid
from roost.data.errors import DataError
from roost.data.value import Value
from roost.identity.diddoc import DidDocument
from roost.identity.errors import UnusableKey
from roost.net.client import Client
from roost.net.dns import TxtLookup
from roost.net.errors import NetError, RequestRefused
from roost.repo import RepoError
from roost.repo.inclusion import proved
from roost.services.budget import Budget, party_of
from roost.services.clock import Minter
from roost.services.errors import (
    DidDeactivated,
    DidNotFound,
    LexiconNotFound,
    RecordNotFound,
    RepoDeactivated,
    RepoNotFound,
    RepoTakendown,
    ServiceError,
    UpstreamFailure,
)
from roost.services.identity import Identity
from roost.services.reading import Reading
from roost.syntax import AtUri, Did, Handle, InvalidSyntax, Nsid, RecordKey

SCHEMA: Final = Nsid("com.atproto.lexicon.schema")

FRESH_SECONDS: Final = 5 * 60
"""How long a document is believed unasked: the reference server's time."""

STALE_SECONDS: Final = 24 * 60 * 60
"""How long it is still told when nobody can be asked: as long as a DID document is."""

ABSENT_SECONDS: Final = 60
"""How long it is believed that there is none: a publisher who has just begun should not wait."""

REMEMBERED: Final = 1000
"""Documents kept. Few are above ten kilobytes, and none above MOST_BYTES."""

MOST_BYTES: Final = 1024 * 1024
"""Bytes of a proof: a record is a megabyte at the most, and no lexicon document is near that."""

MOST_BLOCKS: Final = 200
"""Blocks of a proof: a tree of that depth has more records than there are atoms."""

SECONDS: Final = 10.0
"""How long the publisher's server may take."""


@dataclass(frozen=True, slots=True)
class Published:
    """A document as its publisher's repository has it; `schema` is the record as JSON."""

    uri: AtUri
    cid: Cid
    schema: object


@dataclass(frozen=True, slots=True)
class _Remembered:
    found: Published | LexiconNotFound
    at: int  # seconds since 1970


class Lexicons:
    """Finds documents by their NSIDs."""

    def __init__(
        self, identity: Identity, reading: Reading, client: Client, txt: TxtLookup, budget: Budget, minter: Minter
    ) -> None:
        self._identity = identity
        self._reading = reading
        self._client = client
        self._txt = txt
        self._budget = budget
        self._minter = minter
        self._remembered: OrderedDict[Nsid, _Remembered] = OrderedDict()

    async def resolve(self, nsid: Nsid) -> Published:
        """Return the document that is published under an NSID.

        Raises LexiconNotFound, UpstreamFailure when nobody can say, TooManyRequests.
        """
        known = self._remembered.get(nsid)
        age = self._now() - known.at if known is not None else STALE_SECONDS
        fresh = known is not None and age < _life(known)
        if known is None or not fresh:
            try:
                known = self._remember(nsid, await self._find(nsid))
            except LexiconNotFound as error:
                known = self._remember(nsid, error)
            except ServiceError:
                if known is None or age >= STALE_SECONDS or isinstance(known.found, LexiconNotFound):
                    raise
        if isinstance(known.found, LexiconNotFound):
            raise LexiconNotFound(known.found.message)
        return known.found

    def _remember(self, nsid: Nsid, found: Published | LexiconNotFound) -> _Remembered:
        made = self._remembered[nsid] = _Remembered(found, self._now())
        self._remembered.move_to_end(nsid)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return made

    def _now(self) -> int:
        return self._minter.milliseconds() // 1000

    async def _find(self, nsid: Nsid) -> Published:
        did = await self._publisher(nsid)
        here = await self._hosted(did, nsid)
        if here is not None:
            return here
        try:
            document = await self._identity.resolve_did(did)
        except (DidNotFound, DidDeactivated) as error:
            raise LexiconNotFound(f"The publisher of {nsid}, {did}, cannot be found") from error
        if document.pds_endpoint is None:
            raise LexiconNotFound(f"The publisher of {nsid}, {did}, has no host")
        path = f"/xrpc/com.atproto.sync.getRecord?did={did}&collection={SCHEMA}&rkey={nsid}"
        host = Handle(urlsplit(document.pds_endpoint).hostname or "")
        async with self._budget.spend(party_of(host)):
            proof = await self._fetch(nsid, document.pds_endpoint.rstrip("/") + path)
        return _opened(nsid, document, proof)

    async def _publisher(self, nsid: Nsid) -> Did:
        """Return whose word counts for an NSID: its authority's name says so, and none above it."""
        name = f"_lexicon.{nsid.authority}"
        try:
            async with self._budget.spend(party_of(Handle(nsid.authority))):
                records = await self._txt(name)
        except (OSError, TimeoutError) as error:
            raise UpstreamFailure(f"No nameserver can say who publishes {nsid}") from error
        found = [record.removeprefix("did=") for record in records if record.startswith("did=")]
        if len(found) != 1:
            raise LexiconNotFound(f"There is {'more than one' if found else 'no'} record did=… at {name}")
        try:
            return Did.parse(found[0])
        except InvalidSyntax as error:
            raise LexiconNotFound(f"The record at {name} names no DID") from error

    async def _hosted(self, did: Did, nsid: Nsid) -> Published | None:
        """Return the document if an account here publishes it; None if the publisher is not here."""
        try:
            _, shown = await self._reading.record(did, SCHEMA, RecordKey(nsid))
        except RepoNotFound:
            return None
        except (RecordNotFound, RepoTakendown, RepoDeactivated) as error:
            raise LexiconNotFound(f"{did} publishes no {nsid}") from error
        try:
            return _published(nsid, did, Cid.parse(shown.name), json.loads(shown.json))
        except DataError as error:
            raise LexiconNotFound(f"{did} publishes no {nsid} that JSON can say") from error

    async def _fetch(self, nsid: Nsid, url: str) -> bytes:
        try:
            answer = await self._client.fetch("GET", url, max_bytes=MOST_BYTES, timeout=SECONDS)
        except RequestRefused as error:
            raise LexiconNotFound(f"The host of the publisher of {nsid} cannot be asked") from error
        except NetError as error:
            raise UpstreamFailure(f"The host of the publisher of {nsid} did not answer as it should") from error
        if answer.status >= 500 or answer.status == 429:
            raise UpstreamFailure(f"The host of the publisher of {nsid} answered {answer.status}")
        if answer.status != 200:
            raise LexiconNotFound(f"The host of the publisher of {nsid} answered {answer.status}")
        return answer.body


def _life(known: _Remembered) -> int:
    return ABSENT_SECONDS if isinstance(known.found, LexiconNotFound) else FRESH_SECONDS


def _opened(nsid: Nsid, document: DidDocument, proof: bytes) -> Published:
    """Return the document that a proof holds. Raises LexiconNotFound for one that does not prove it."""
    try:
        key = document.signing_key
        if key is None:
            raise LexiconNotFound(f"The publisher of {nsid}, {document.did}, has no signing key")
        found = car.read(proof, max_blocks=MOST_BLOCKS, max_bytes=MOST_BYTES)
        if len(found.roots) != 1:
            raise LexiconNotFound(f"The proof of {nsid} has not one root")
        record = proved(found.roots[0], found.blocks, did=document.did, key=key, path=f"{SCHEMA}/{nsid}")
        if record is None:
            raise LexiconNotFound(f"{document.did} publishes no {nsid}")
        return _published(nsid, document.did, record[0], cbor.decode(record[1]))
    except (DataError, RepoError, UnusableKey) as error:
        raise LexiconNotFound(f"The proof of {nsid} does not hold: {error}") from error


def _published(nsid: Nsid, did: Did, cid: Cid, value: Value) -> Published:
    """Return a record as a document, if it says of itself that it is that. Raises LexiconNotFound."""
    says = (value.get("$type"), value.get("lexicon"), value.get("id")) if isinstance(value, dict) else None
    if says != (SCHEMA, 1, nsid):
        raise LexiconNotFound(f"The record of {did} at {SCHEMA}/{nsid} is not the document {nsid}")
    return Published(AtUri.of(did, SCHEMA, RecordKey(nsid)), cid, json.to_json(value))
