"""DIDs to documents and handles to DIDs (7.5, 7.6).

Documents are remembered in memory, handles are not: whoever resolves a handle wants to know what is true now. Knows
nothing of this server's own accounts.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from roost.identity import diddoc, web
from roost.identity.diddoc import DidDocument
from roost.identity.errors import IdentityError
from roost.net.client import Client
from roost.net.dns import TxtLookup, system_txt
from roost.net.errors import DidNotResolved, NetError, NotFound, Tombstoned
from roost.net.plc import PlcDirectory
from roost.syntax import Did, Handle, InvalidSyntax

Clock = Callable[[], dt.datetime]

# How long a document is believed unasked, and how long it may still be given out while a newer one is fetched (7.6).
FRESH = dt.timedelta(hours=1)
STALE = dt.timedelta(hours=24)
# A document is a kilobyte or two, and MAX_DOCUMENT_BYTES at the most.
MAX_DOCUMENTS = 10_000
MAX_DOCUMENT_BYTES = 64 * 1024
# What the reference server waits for a document or a well-known file (7.5, 7.6).
TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class _Remembered:
    document: DidDocument
    at: dt.datetime


class DidResolver:
    """Finds the documents of did:plc and did:web."""

    def __init__(
        self, client: Client, directory: PlcDirectory, *, clock: Clock, max_documents: int = MAX_DOCUMENTS
    ) -> None:
        self._client = client
        self._directory = directory
        self._clock = clock
        self._max_documents = max_documents
        self._remembered: OrderedDict[Did, _Remembered] = OrderedDict()
        self._under_way: dict[Did, asyncio.Task[DidDocument]] = {}

    async def resolve(self, did: Did, *, fresh: bool = False) -> DidDocument:
        """Return the document: an hour old at most, a day while it is being renewed, from its source if `fresh`.

        Raises DidNotResolved when the DID has no usable document, another NetError when nobody can say (7.6).
        """
        known = None if fresh else self._remembered.get(did)
        age = self._clock() - known.at if known is not None else STALE
        if known is None or age >= STALE:
            # A fetch under way may have read the source before the change the caller wants to see.
            return await (self._fetch(did) if fresh else asyncio.shield(self._fetch_once(did)))
        self._remembered.move_to_end(did)
        if age >= FRESH:
            self._fetch_once(did)
        return known.document

    def forget(self, did: Did) -> None:
        """Drop what is remembered of a DID."""
        self._remembered.pop(did, None)

    async def close(self) -> None:
        """Stop the fetches under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fetch_once(self, did: Did) -> asyncio.Task[DidDocument]:
        """Return the fetch under way for this DID, or begin one; many askers share it."""
        task = self._under_way.get(did)
        if task is None:
            task = asyncio.create_task(self._fetch(did))
            self._under_way[did] = task
            task.add_done_callback(lambda done: self._finished(did, done))
        return task

    def _finished(self, did: Did, task: asyncio.Task[DidDocument]) -> None:
        self._under_way.pop(did, None)
        if not task.cancelled():
            task.exception()  # seen: nobody waits for the failure of a renewal in the background

    async def _fetch(self, did: Did) -> DidDocument:
        began = self._clock()
        try:
            document = await self._source(did)
        except DidNotResolved:
            self.forget(did)
            raise
        known = self._remembered.get(did)
        if known is None or known.at <= began:  # a slow fetch must not undo what a later one has seen
            self._remembered[did] = _Remembered(document, began)
        self._remembered.move_to_end(did)
        while len(self._remembered) > self._max_documents:
            self._remembered.popitem(last=False)
        return document

    async def _source(self, did: Did) -> DidDocument:
        match did.method:
            case "plc":
                try:
                    return await self._directory.document(did)
                except (NotFound, Tombstoned) as error:
                    raise DidNotResolved(str(error)) from None
            case "web":
                return await self._web(did)
            case _:
                raise DidNotResolved(f"DIDs of this method are not resolved: {did}")

    async def _web(self, did: Did) -> DidDocument:
        try:
            url = web.document_url(did)
        except IdentityError as error:
            raise DidNotResolved(str(error)) from None
        answer = await self._client.fetch(
            "GET",
            url,
            headers={"accept": "application/did+ld+json, application/json"},
            max_bytes=MAX_DOCUMENT_BYTES,
            timeout=TIMEOUT,
        )
        if answer.status in (404, 410):
            raise DidNotResolved(f"{url} answered {answer.status}")
        if answer.status != 200:
            raise NetError(f"{url} answered {answer.status}")
        try:
            return diddoc.parse(answer.json(), did=did)
        except (IdentityError, NetError) as error:
            raise DidNotResolved(f"{did} has no usable document: {error}") from None


def _https_origin(handle: Handle) -> str:
    return f"https://{handle}"


class HandleResolver:
    """Finds out whose a handle is, by DNS and by HTTPS at once."""

    def __init__(
        self,
        client: Client,
        *,
        txt: TxtLookup = system_txt,
        origin_of: Callable[[Handle], str] = _https_origin,
        timeout: float = TIMEOUT,
    ) -> None:
        self._client = client
        self._txt = txt
        self._origin_of = origin_of  # where a handle's well-known file is; networks without TLS have it elsewhere
        self._timeout = timeout

    async def resolve(self, handle: Handle) -> Did | None:
        """Return the DID a handle stands for now, None if it stands for none or nobody can say (7.5).

        Both ways start together; what DNS says counts, and only if it says nothing the well-known file does.
        """
        well_known = asyncio.create_task(self._well_known(handle))
        try:
            did = await self._dns(handle)
            return did if did is not None else await well_known
        finally:
            well_known.cancel()
            await asyncio.gather(well_known, return_exceptions=True)

    async def _dns(self, handle: Handle) -> Did | None:
        try:
            async with asyncio.timeout(self._timeout):
                records = await self._txt(f"_atproto.{handle}")
        except (OSError, TimeoutError):
            return None
        found = [record for record in records if record.startswith("did=")]
        # Two answers are none: which of them an impostor added cannot be told.
        return _did(found[0].removeprefix("did=")) if len(found) == 1 else None

    async def _well_known(self, handle: Handle) -> Did | None:
        try:
            answer = await self._client.fetch(
                "GET",
                f"{self._origin_of(handle)}/.well-known/atproto-did",
                max_bytes=8 * 1024,  # a DID has at most 2048 characters
                timeout=self._timeout,
                redirects=2,
            )
            return _did(answer.text().partition("\n")[0].strip()) if answer.status == 200 else None
        except NetError:
            return None


def _did(text: str) -> Did | None:
    try:
        return Did.parse(text)
    except InvalidSyntax:
        return None
