"""DIDs to documents and handles to DIDs (7.5, 7.6).

Documents are remembered, in memory and in a store that outlives the process. Handles are not: whoever resolves one
wants to know what is true now. Knows nothing of this server's own accounts.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

import orjson

from roost.identity import diddoc, web
from roost.identity.diddoc import DidDocument
from roost.identity.errors import IdentityError
from roost.net.client import Client
from roost.net.dns import TxtLookup, system_txt
from roost.net.errors import (
    DidEnded,
    DidNotResolved,
    NetError,
    NotFound,
    TimedOut,
    Tombstoned,
    UnknownHost,
    Unreachable,
)
from roost.net.plc import PlcDirectory
from roost.syntax import Did, Handle, InvalidSyntax

Clock = Callable[[], dt.datetime]

# How long a document is believed unasked, and how long it may still be given out while a newer one is fetched (7.6).
FRESH = dt.timedelta(hours=1)
STALE = dt.timedelta(hours=24)
# A document is a kilobyte or two, and MAX_DOCUMENT_BYTES at the most; as objects they take several times that.
MAX_DOCUMENTS = 10_000
MAX_DOCUMENT_BYTES = 64 * 1024
MAX_BYTES = 16 * 1024 * 1024
# Larger ones are remembered in memory alone: nobody needs them, and everybody could fill the disk with them.
MAX_STORED_BYTES = 16 * 1024
# How long it is believed that there is no document, and how long that nobody answers: whoever asks again and again
# must not have us do so too.
NOT_RESOLVED_FOR = dt.timedelta(seconds=60)
UNREACHABLE_FOR = dt.timedelta(seconds=10)
# What the reference server waits for a document or a well-known file (7.5, 7.6).
TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class _Remembered:
    document: DidDocument
    at: dt.datetime
    size: int  # of its JSON, in bytes


@dataclass(frozen=True, slots=True)
class _Failure:
    error: NetError
    until: dt.datetime


class Store(Protocol):
    """Where documents are kept beyond this process, as JSON; what goes wrong there stays there."""

    async def get(self, did: Did) -> tuple[bytes, dt.datetime] | None:
        """Return a document and when it was fetched, or None."""

    def put(self, did: Did, document: bytes, at: dt.datetime) -> None:
        """Keep a document, sooner or later."""

    def drop(self, did: Did) -> None:
        """Forget a document, sooner or later."""


class DidResolver:
    """Finds the documents of did:plc and did:web."""

    def __init__(
        self,
        client: Client,
        directory: PlcDirectory,
        *,
        clock: Clock,
        store: Store | None = None,
        max_documents: int = MAX_DOCUMENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._client = client
        self._directory = directory
        self._clock = clock
        self._store = store
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._bytes = 0
        self._remembered: OrderedDict[Did, _Remembered] = OrderedDict()
        self._failed: OrderedDict[Did, _Failure] = OrderedDict()
        self._under_way: dict[Did, asyncio.Task[DidDocument]] = {}

    async def resolve(self, did: Did, *, fresh: bool = False) -> DidDocument:
        """Return the document: an hour old at most, a day while it is being renewed, from its source if `fresh`.

        A failure is remembered for a while too, unless `fresh`. Raises DidNotResolved when the DID has no usable
        document (DidEnded: no longer), another NetError when nobody can say (7.6).
        """
        if fresh:
            # A fetch under way may have read the source before the change the caller wants to see.
            return await self._fetch(did)
        known = await self.peek(did)
        if known is not None:
            return known
        failure = self._failed.get(did)
        if failure is not None and self._clock() < failure.until:
            raise _again(failure.error)
        return await asyncio.shield(self._fetch_once(did))

    async def peek(self, did: Did) -> DidDocument | None:
        """Return the document if it is remembered, None if its source would have to be asked first."""
        known = self._remembered.get(did) or await self._recall(did)
        if known is None:
            return None
        age = self._clock() - known.at
        if age >= STALE:
            return None
        if did in self._remembered:
            self._remembered.move_to_end(did)
        if age >= FRESH:
            self._fetch_once(did)
        return known.document

    def forget(self, did: Did) -> None:
        """Drop what is remembered of a DID, here and in the store."""
        known = self._remembered.pop(did, None)
        if known is not None:
            self._bytes -= known.size
        self._failed.pop(did, None)
        if self._store is not None:
            self._store.drop(did)

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

    async def _recall(self, did: Did) -> _Remembered | None:
        """Bring back what the store has, unless that is of no use any more."""
        stored = None if self._store is None else await self._store.get(did)
        if stored is None:
            return None
        raw, at = stored
        try:
            document = diddoc.parse(orjson.loads(raw), did=did)
        except (orjson.JSONDecodeError, IdentityError):
            return None
        # A clock that was set back must not make a document young for ever.
        if not dt.timedelta(0) <= self._clock() - at < STALE:
            return None
        return self._remember(did, _Remembered(document, at, len(raw)))

    async def _fetch(self, did: Did) -> DidDocument:
        began = self._clock()
        try:
            document = await self._source(did)
        except DidNotResolved as error:
            self.forget(did)
            self._fail(did, error, NOT_RESOLVED_FOR)
            raise
        except NetError as error:
            self._fail(did, error, UNREACHABLE_FOR)
            raise
        self._failed.pop(did, None)
        raw = orjson.dumps(document.raw)
        self._remember(did, _Remembered(document, began, len(raw)))
        if self._store is not None and len(raw) <= MAX_STORED_BYTES:
            self._store.put(did, raw, began)
        return document

    def _remember(self, did: Did, found: _Remembered) -> _Remembered:
        known = self._remembered.get(did)
        if known is not None and known.at > found.at:  # a slow fetch must not undo what a later one has seen
            return known
        self._bytes += found.size - (0 if known is None else known.size)
        self._remembered[did] = found
        self._remembered.move_to_end(did)
        while len(self._remembered) > self._max_documents or (self._bytes > self._max_bytes and self._remembered):
            _, gone = self._remembered.popitem(last=False)
            self._bytes -= gone.size
        return found

    def _fail(self, did: Did, error: NetError, lasts: dt.timedelta) -> None:
        self._failed[did] = _Failure(error, self._clock() + lasts)
        self._failed.move_to_end(did)
        while len(self._failed) > self._max_documents:
            self._failed.popitem(last=False)

    async def _source(self, did: Did) -> DidDocument:
        match did.method:
            case "plc":
                try:
                    return await self._directory.document(did)
                except Tombstoned as error:
                    raise DidEnded(str(error)) from None
                except NotFound as error:
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


def _again(error: NetError) -> NetError:
    """Return an error to raise for one that was raised before: an exception grows with each raising."""
    if isinstance(error, DidEnded):
        return DidEnded(str(error))
    if isinstance(error, DidNotResolved):
        return DidNotResolved(str(error))
    return TimedOut(str(error)) if isinstance(error, TimedOut) else Unreachable(str(error))


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
        """Return the DID a handle stands for now, None if it stands for none or nobody can say (7.5)."""
        try:
            return await self.lookup(handle)
        except Unreachable:
            return None

    async def lookup(self, handle: Handle) -> Did | None:
        """Return the DID a handle stands for now, None if it stands for none; raises Unreachable if nobody can say.

        Both ways start together; what DNS says counts, and only if it says nothing the well-known file does (7.5).
        """
        asked = asyncio.create_task(self._well_known(handle))
        try:
            by_dns = await self._dns(handle)
            if isinstance(by_dns, Did):
                return by_dns
            by_file = await asked
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
        if isinstance(by_file, Did):
            return by_file
        if _UNSURE in (by_dns, by_file):
            raise Unreachable(f"Neither DNS nor a server says surely that {handle} is nobody's")
        return None

    async def _dns(self, handle: Handle) -> Did | _Unsure | None:
        try:
            async with asyncio.timeout(self._timeout):
                records = await self._txt(f"_atproto.{handle}")
        except (OSError, TimeoutError):
            return _UNSURE
        found = [record for record in records if record.startswith("did=")]
        # Two answers are none: which of them an impostor added cannot be told.
        return _did(found[0].removeprefix("did=")) if len(found) == 1 else None

    async def _well_known(self, handle: Handle) -> Did | _Unsure | None:
        try:
            answer = await self._client.fetch(
                "GET",
                f"{self._origin_of(handle)}/.well-known/atproto-did",
                max_bytes=8 * 1024,  # a DID has at most 2048 characters
                timeout=self._timeout,
                redirects=2,
            )
            if answer.status >= 500:
                return _UNSURE
            return _did(answer.text().partition("\n")[0].strip()) if answer.status == 200 else None
        except UnknownHost:
            return None  # a name that surely has no address
        except Unreachable:
            return _UNSURE
        except NetError:
            return None


class _Unsure(Enum):
    UNSURE = auto()


_UNSURE: Final = _Unsure.UNSURE
"""No answer, not even that there is none."""


def _did(text: str) -> Did | None:
    try:
        return Did.parse(text)
    except InvalidSyntax:
        return None
