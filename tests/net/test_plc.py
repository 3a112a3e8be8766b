"""The client of a PLC directory, against directories that answer in all their ways."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from roost.identity import plc
from roost.net.client import Client
from roost.net.errors import BadAnswer, NotFound, Refused, Tombstoned, TooLarge, Unreachable
from roost.net.plc import MOST_BYTES, MOST_LOG_BYTES, PlcDirectory
from roost.syntax import Did
from support.network import KEYS, state_of
from support.web import route, serving

pytestmark = pytest.mark.anyio

FIRST = plc.genesis(state_of("alice"), KEYS[0])
DID = plc.did_of(FIRST)


def _saying(status: int, body: object) -> Response:
    return JSONResponse(body, status)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (_saying(404, {"message": f"DID not registered: {DID}"}), NotFound, "not registered"),
        (_saying(410, {"message": f"DID not available: {DID}"}), Tombstoned, "not available"),
        (_saying(404, {"message": f"DID not available: {DID}"}), Tombstoned, "not available"),
        (_saying(400, {"message": "Not a DID"}), Refused, "Not a DID"),
        (_saying(429, {}), Refused, "answered 429"),
        (PlainTextResponse("Bad", 400), Refused, "answered 400"),
        (_saying(502, {"message": "no"}), Unreachable, "answered 502"),
        (_saying(302, {"message": "elsewhere"}), BadAnswer, "answered 302"),
        (_saying(200, {"id": "did:plc:other"}), BadAnswer, "cannot be used"),
        (_saying(200, []), BadAnswer, "cannot be used"),
        (PlainTextResponse(" " * 65_537), TooLarge, "65536"),
        (PlainTextResponse("<html>"), BadAnswer, "not JSON"),
    ],
)
async def test_every_answer_has_its_error(answer: Response, error: type[Exception], message: str) -> None:
    """Callers tell apart unknown, ended, refused, unreachable and broken."""
    async with serving(route("/{did}", lambda _request: answer)) as (client, served):
        with pytest.raises(error, match=message):
            await PlcDirectory(client, served.url).document(DID)


async def test_no_directory_is_unreachable() -> None:
    """A directory that is not there is Unreachable, and not healthy."""
    async with serving() as (_, served):
        pass
    client = Client(trusted=[served.url])
    directory = PlcDirectory(client, served.url)

    with pytest.raises(Unreachable):
        await directory.data(DID)
    assert not await directory.healthy()
    await client.close()


async def test_an_operation_that_got_through_may_be_sent_again() -> None:
    """When the answer to a submission was lost, sending it again succeeds instead of failing on itself."""

    def answer(request: Request) -> Response:
        if request.method == "POST":
            return _saying(400, {"message": "Expected null prev"})
        return _saying(200, plc.to_json(FIRST))

    async with serving(route("/{did}", answer), route("/{did}/log/last", answer)) as (client, served):
        directory = PlcDirectory(client, served.url + "/")

        await directory.submit(DID, FIRST)
        with pytest.raises(Refused, match="Expected null prev"):
            await directory.submit(DID, plc.update(FIRST, state_of("bob"), KEYS[0]))


async def test_a_refusal_stays_a_refusal() -> None:
    """What the directory does not know afterwards was refused."""
    unknown = route("/{did}/log/last", lambda _request: _saying(404, {"message": "DID not registered"}))
    refusing = route("/{did}", lambda _request: _saying(400, {"message": "Invalid signature on op"}))

    async with serving(refusing, unknown) as (client, served):
        with pytest.raises(Refused) as caught:
            await PlcDirectory(client, served.url).submit(DID, FIRST)

    assert (caught.value.message, caught.value.status) == ("Invalid signature on op", 400)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"cid": "x", "createdAt": "2026-01-01T00:00:00Z", "operation": plc.to_json(FIRST)},
        {"cid": str(plc.cid_of(FIRST)), "createdAt": "yesterday", "operation": plc.to_json(FIRST)},
        {"cid": str(plc.cid_of(FIRST)), "createdAt": "2026-01-01T00:00:00Z", "operation": {}},
    ],
)
async def test_broken_logs_are_named(entry: object) -> None:
    """A log that cannot be read is a BadAnswer."""
    async with serving(route("/{did}/log/audit", lambda _request: _saying(200, [entry]))) as (client, served):
        with pytest.raises(BadAnswer):
            await PlcDirectory(client, served.url).audit_log(Did.parse(DID))


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/{did}", MOST_BYTES),
        ("/{did}/data", MOST_BYTES),
        ("/{did}/log/last", MOST_BYTES),
        ("/{did}/log", MOST_LOG_BYTES),
        ("/{did}/log/audit", MOST_LOG_BYTES),
    ],
)
async def test_no_answer_is_larger_than_what_is_asked_for(path: str, most: int) -> None:
    """A directory cannot have this server hold and decode more than a document or a log may weigh."""
    async with serving(route(path, lambda _request: PlainTextResponse("[" + " " * most))) as (client, served):
        directory = PlcDirectory(client, served.url)
        ask = {
            "/{did}": directory.document,
            "/{did}/data": directory.data,
            "/{did}/log/last": directory.last,
            "/{did}/log": directory.log,
            "/{did}/log/audit": directory.audit_log,
        }[path]

        with pytest.raises(TooLarge, match=str(most)):
            await ask(DID)


async def test_neither_is_what_it_says_to_an_operation() -> None:
    """The answer to a submission is not even of use."""
    async with serving(route("/{did}", lambda _request: PlainTextResponse(" " * (MOST_BYTES + 1)))) as (client, served):
        with pytest.raises(TooLarge):
            await PlcDirectory(client, served.url).submit(DID, FIRST)
