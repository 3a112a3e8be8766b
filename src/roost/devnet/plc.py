"""A PLC directory as a small ASGI app, answering as the public one does (7.1), without its rate limits.

Its memory is `operations`; its rules are `identity.plc`. Knows nothing of the PDS beside it: a development network
talks to it over HTTP like any other.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from roost.devnet import operations
from roost.devnet.operations import Clock, Registered
from roost.identity import plc
from roost.identity.errors import IdentityError, MisorderedOperation
from roost.storage.db import Database
from roost.syntax import Datetime, Did, InvalidSyntax, now_text

# Three times an operation's CBOR: JSON with every character escaped still fits, and nothing else needs to.
_MAX_BODY_BYTES = 64 * 1024
_MAX_EXPORT = 1000


async def directory(db: Database, *, clock: Clock) -> Starlette:
    """Return the app, its table made; `db` is the caller's to close."""
    await operations.create_table(db)
    served = _Directory(db, clock)
    return Starlette(
        routes=[
            Route("/_health", served.health),
            Route("/export", served.export),
            Route("/{did}", served.submit, methods=["POST"]),
            Route("/{did}", served.document),
            Route("/{did}/data", served.data),
            Route("/{did}/log", served.log),
            Route("/{did}/log/audit", served.audit_log),
            Route("/{did}/log/last", served.last),
        ],
        exception_handlers={HTTPException: _answer_error},
    )


@dataclass(frozen=True, slots=True)
class _Directory:
    db: Database
    clock: Clock

    async def health(self, _request: Request) -> Response:
        await self.db.read(lambda tx: tx.one("SELECT 1"))
        return _json({"version": "devnet"})

    async def submit(self, request: Request) -> Response:
        did = _did(request)
        operation = await _posted(request)
        now = self.clock()
        try:
            await self.db.write(lambda tx: operations.append(tx, did, operation, now=now))
        except MisorderedOperation as error:
            raise HTTPException(409, str(error)) from None
        except IdentityError as error:
            raise HTTPException(400, str(error)) from None
        return PlainTextResponse("OK")

    async def document(self, request: Request) -> Response:
        did, state = await self._state(request)
        return _json(plc.document_of(did, state), media_type="application/did+ld+json")

    async def data(self, request: Request) -> Response:
        did, state = await self._state(request)
        return _json({"did": str(did), **plc.state_fields(state)})

    async def log(self, request: Request) -> Response:
        return _json([plc.to_json(entry.operation) for entry in await self._live(_did(request))])

    async def audit_log(self, request: Request) -> Response:
        did = _did(request)
        entries = await self.db.read(lambda tx: operations.every(tx, did))
        if not entries:
            raise _not_registered(did)
        return _json([_entry(did, entry) for entry in entries])

    async def last(self, request: Request) -> Response:
        entries = await self._live(_did(request))
        return _json(plc.to_json(entries[-1].operation))

    async def export(self, request: Request) -> Response:
        """JSON lines, oldest first; `after` is a time, or a number when only digits, which adds `seq` to each line."""
        count, after = _count(request), request.query_params.get("after", "")
        by_number = after.isascii() and after.isdigit()
        if by_number:
            seq = int(after[:18])
            found = await self.db.read(lambda tx: operations.after_seq(tx, seq, limit=count))
        else:
            time = _time(after)
            found = await self.db.read(lambda tx: operations.after_time(tx, time, limit=count))
        lines = (_exported(registered, by_number=by_number) for registered in found)
        return Response(b"\n".join(orjson.dumps(line) for line in lines), media_type="application/jsonlines")

    async def _live(self, did: Did) -> list[plc.Entry]:
        entries = await self.db.read(lambda tx: operations.live(tx, did))
        if not entries:
            raise _not_registered(did)
        return entries

    async def _state(self, request: Request) -> tuple[Did, plc.State]:
        did = _did(request)
        last = (await self._live(did))[-1].operation
        if isinstance(last, plc.Tombstone):
            raise HTTPException(410, f"DID not available: {did}")
        return did, plc.state_of(last)


def _did(request: Request) -> Did:
    raw = request.path_params["did"]
    try:
        did = Did.parse(raw)
    except InvalidSyntax:
        raise HTTPException(400, f"Not a DID: {raw}") from None
    if did.method != "plc":
        raise HTTPException(400, f"Not a did:plc: {did}")
    return did


async def _posted(request: Request) -> plc.AnyOperation:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise HTTPException(413, "Operation too large")
    try:
        operation = plc.parse_operation(orjson.loads(bytes(body)))
        plc.validate_operation(operation)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"Not JSON: {error}") from None
    except IdentityError as error:
        raise HTTPException(400, str(error)) from None
    return operation


def _count(request: Request) -> int:
    raw = request.query_params.get("count", str(_MAX_EXPORT))
    if not (raw.isascii() and raw.isdigit()) or int(raw[:9]) < 1:
        raise HTTPException(400, "Invalid count parameter")
    return min(int(raw[:9]), _MAX_EXPORT)


def _time(raw: str) -> dt.datetime:
    if not raw:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) - dt.timedelta(milliseconds=1)
    try:
        return Datetime.parse(raw).instant()
    except InvalidSyntax:
        raise HTTPException(400, "Invalid after parameter") from None


def _entry(did: str, entry: plc.Entry) -> dict[str, object]:
    return {
        "did": str(did),
        "operation": plc.to_json(entry.operation),
        "cid": str(entry.cid),
        "nullified": entry.nullified,
        "createdAt": str(now_text(entry.created_at)),
    }


def _exported(registered: Registered, *, by_number: bool) -> dict[str, object]:
    line = _entry(registered.did, registered.entry)
    if not by_number:
        return line
    del line[
        "nullified"
    ]  # it may change after the line was read, and a reader by number sees the operation that did it
    return {"type": "sequenced_op", "seq": registered.seq, **line}


def _not_registered(did: Did) -> HTTPException:
    return HTTPException(404, f"DID not registered: {did}")


def _json(content: object, *, media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(content), media_type=media_type)


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for HTTPException only"
    return Response(
        orjson.dumps({"message": error.detail}), error.status_code, headers=error.headers, media_type="application/json"
    )
