"""Client of a PLC directory: submit an operation, read a document, the data behind it and its log.

What comes back is parsed but not verified; `identity.plc.validate_log` does that for callers who do not trust their
directory. Knows nothing of keys.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

import orjson

from roost.data import Cid, DataError
from roost.identity import diddoc, plc
from roost.identity.errors import IdentityError
from roost.net.client import Answer, Client
from roost.net.errors import BadAnswer, NotFound, Refused, Tombstoned, Unreachable
from roost.syntax import Datetime, Did, InvalidSyntax

MOST_BYTES: Final = 64 * 1024
"""Bytes of a document, its data or one operation, which are a kilobyte or two and at the most some ten; of documents
thousands are remembered, and all of this is decoded between two other requests.
"""

MOST_LOG_BYTES: Final = 2 * 1024 * 1024
"""Bytes of a whole log: two thousand operations of the usual kilobyte, where a directory takes a hundred a week."""


class PlcDirectory:
    """The directory at one URL. Every method raises NotFound, Tombstoned, Refused, Unreachable or BadAnswer."""

    def __init__(self, client: Client, url: str, *, timeout: float = 10.0) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._timeout = timeout

    async def submit(self, did: Did, operation: plc.AnyOperation) -> None:
        """Register an operation; one that is the DID's last already counts too, so a lost answer can be retried."""
        body = orjson.dumps(plc.to_json(operation))
        try:
            await self._ask("POST", f"/{did}", body)
        except Refused:
            if not await self._is_last(did, operation):
                raise

    async def _is_last(self, did: Did, operation: plc.AnyOperation) -> bool:
        try:
            return plc.cid_of(await self.last(did)) == plc.cid_of(operation)
        except (NotFound, Tombstoned):
            return False

    async def document(self, did: Did) -> diddoc.DidDocument:
        """Return the DID document."""
        answer = await self._ask("GET", f"/{did}")
        try:
            return diddoc.parse(answer.json(), did=did)
        except IdentityError as error:
            raise BadAnswer(f"The directory's document of {did} cannot be used: {error}") from None

    async def data(self, did: Did) -> plc.State:
        """Return the state the document is made of, rotation keys included."""
        answer = await self._ask("GET", f"/{did}/data")
        try:
            return plc.parse_state(answer.json())
        except IdentityError as error:
            raise BadAnswer(f"The directory's data of {did} cannot be used: {error}") from None

    async def last(self, did: Did) -> plc.AnyOperation:
        """Return the last operation that stands, a tombstone too: what the next one's `prev` must name."""
        answer = await self._ask("GET", f"/{did}/log/last")
        return _operation(did, answer.json())

    async def log(self, did: Did) -> list[plc.AnyOperation]:
        """Return the operations that stand, oldest first."""
        answer = await self._ask("GET", f"/{did}/log", max_bytes=MOST_LOG_BYTES)
        return await asyncio.to_thread(_operations, did, answer)

    async def audit_log(self, did: Did) -> list[plc.Entry]:
        """Return every operation ever accepted with its time, nullified ones included, oldest first."""
        answer = await self._ask("GET", f"/{did}/log/audit", max_bytes=MOST_LOG_BYTES)
        return await asyncio.to_thread(_entries, did, answer)

    async def healthy(self) -> bool:
        """Say whether the directory answers at all."""
        try:
            await self._ask("GET", "/_health")
        except (Unreachable, Refused, NotFound, Tombstoned, BadAnswer):
            return False
        return True

    async def _ask(self, method: str, path: str, body: bytes | None = None, *, max_bytes: int = MOST_BYTES) -> Answer:
        answer = await self._client.fetch(
            method,
            self._url + path,
            headers={} if body is None else {"content-type": "application/json"},
            content=body,
            max_bytes=max_bytes,
            timeout=self._timeout,
        )
        if answer.status >= 500:
            raise Unreachable(f"The PLC directory answered {answer.status}")
        if answer.status >= 400:
            raise _refusal(answer)
        if answer.status >= 300:
            raise BadAnswer(f"The PLC directory answered {answer.status}")
        return answer


def _refusal(answer: Answer) -> NotFound | Tombstoned | Refused:
    message = _message(answer)
    # Directories have answered 404 and 410 for an ended DID; the text has always been this.
    if answer.status == 410 or (answer.status == 404 and message.startswith("DID not available")):
        return Tombstoned(message)
    if answer.status == 404:
        return NotFound(message)
    return Refused(message, answer.status)


def _message(answer: Answer) -> str:
    fallback = f"The PLC directory answered {answer.status}"
    try:
        raw = answer.json()
    except BadAnswer:
        return fallback
    message = raw.get("message") if isinstance(raw, dict) else None
    return message if isinstance(message, str) else fallback


def _operation(did: Did, raw: object) -> plc.AnyOperation:
    try:
        return plc.parse_operation(raw)
    except IdentityError as error:
        raise BadAnswer(f"The directory's log of {did} has an operation that cannot be used: {error}") from None


# A log is made into operations in a thread: that takes longer than other requests are to wait.


def _operations(did: Did, answer: Answer) -> list[plc.AnyOperation]:
    return [_operation(did, raw) for raw in _list(did, answer.json())]


def _entries(did: Did, answer: Answer) -> list[plc.Entry]:
    return [_entry(did, raw) for raw in _list(did, answer.json())]


def _list(did: Did, raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise BadAnswer(f"The directory's log of {did} is no list")
    return raw


def _entry(did: Did, raw: object) -> plc.Entry:
    if not isinstance(raw, dict):
        raise BadAnswer(f"The directory's log of {did} has an entry that is no object")
    try:
        cid, created_at = Cid.parse(raw.get("cid")), _instant(raw.get("createdAt"))
    except (DataError, InvalidSyntax) as error:
        raise BadAnswer(f"The directory's log of {did} has an entry that cannot be used: {error}") from None
    return plc.Entry(_operation(did, raw.get("operation")), cid, created_at, raw.get("nullified") is True)


def _instant(raw: object) -> dt.datetime:
    return Datetime.parse(raw).instant()
