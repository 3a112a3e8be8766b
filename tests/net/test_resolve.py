"""DIDs to documents, and handles to DIDs."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roost.net import dns
from roost.net.client import Client
from roost.net.errors import DidNotResolved, NetError
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver, HandleResolver
from roost.syntax import Did, Handle
from support.web import lookup_of, redirect, route, serving, text

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:plc:z72i7hdynmk6r22z27h6tvur")
HOUR = dt.timedelta(hours=1)


class Source:
    """A directory of one DID, whose document says how often it was asked for, and a clock."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.asked = 0
        self.status = 200
        self.go = asyncio.Event()
        self.go.set()

    def clock(self) -> dt.datetime:
        """The time it is here."""
        return self.now

    async def answer(self, request: Request) -> Response:
        """Answer, once it may."""
        self.asked += 1
        asked = self.asked
        await self.go.wait()
        if self.status != 200:
            return JSONResponse({"message": "no"}, self.status)
        return JSONResponse({"id": request.path_params["did"], "alsoKnownAs": [f"at://v{asked}.test"]})


@contextlib.asynccontextmanager
async def _resolver(source: Source, **options: int) -> AsyncIterator[DidResolver]:
    async with serving(Route("/{did}", source.answer)) as (client, served):
        resolver = DidResolver(client, PlcDirectory(client, served.url), clock=source.clock, **options)
        yield resolver
        await resolver.close()


async def test_document_is_remembered_for_an_hour() -> None:
    """Within the hour the source is asked once."""
    source = Source()
    async with _resolver(source) as resolver:
        first = await resolver.resolve(ALICE)
        source.now += HOUR * 0.99
        second = await resolver.resolve(ALICE)

    assert (source.asked, first.handle, second.handle) == (1, "v1.test", "v1.test")


async def test_stale_document_is_given_out_while_it_is_renewed() -> None:
    """Between an hour and a day the old document comes at once, and the next asker gets the new one."""
    source = Source()
    async with _resolver(source) as resolver:
        await resolver.resolve(ALICE)
        source.now += HOUR
        stale = await resolver.resolve(ALICE)
        while source.asked < 2:
            await asyncio.sleep(0.005)
        await _until_handle(resolver, "v2.test")

    assert stale.handle == "v1.test"


async def test_day_old_document_is_not_given_out() -> None:
    """After a day the source is asked before anybody is answered."""
    source = Source()
    async with _resolver(source) as resolver:
        await resolver.resolve(ALICE)
        source.now += 24 * HOUR
        document = await resolver.resolve(ALICE)

    assert document.handle == "v2.test"


async def test_fresh_asks_the_source() -> None:
    """A caller who needs the truth gets it, and so does everyone after."""
    source = Source()
    async with _resolver(source) as resolver:
        await resolver.resolve(ALICE)
        fresh = await resolver.resolve(ALICE, fresh=True)
        after = await resolver.resolve(ALICE)

    assert (fresh.handle, after.handle) == ("v2.test", "v2.test")


async def test_many_askers_share_one_fetch() -> None:
    """A crowd asking for one DID costs its source one request."""
    source = Source()
    async with _resolver(source) as resolver:
        source.go.clear()
        askers = [asyncio.create_task(resolver.resolve(ALICE)) for _ in range(20)]
        await asyncio.sleep(0.05)
        source.go.set()
        documents = await asyncio.gather(*askers)

    assert source.asked == 1
    assert {document.handle for document in documents} == {"v1.test"}


async def test_an_asker_who_leaves_does_not_stop_the_others() -> None:
    """The shared fetch goes on when the one who began it is cancelled."""
    source = Source()
    async with _resolver(source) as resolver:
        source.go.clear()
        first, second = (asyncio.create_task(resolver.resolve(ALICE)) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        source.go.set()

        assert (await second).handle == "v1.test"
    assert first.cancelled()


@pytest.mark.parametrize("status", [404, 410])
async def test_a_did_that_is_gone_is_forgotten(status: int) -> None:
    """A source that says no clears what was remembered."""
    source = Source()
    async with _resolver(source) as resolver:
        await resolver.resolve(ALICE)
        source.status = status
        with pytest.raises(DidNotResolved):
            await resolver.resolve(ALICE, fresh=True)
        with pytest.raises(DidNotResolved):
            await resolver.resolve(ALICE)


async def test_a_source_that_fails_changes_nothing() -> None:
    """While the directory is down, what is remembered still counts."""
    source = Source()
    async with _resolver(source) as resolver:
        await resolver.resolve(ALICE)
        source.status = 503
        with pytest.raises(NetError) as caught:
            await resolver.resolve(ALICE, fresh=True)

        assert not isinstance(caught.value, DidNotResolved)
        assert (await resolver.resolve(ALICE)).handle == "v1.test"


async def test_memory_is_bounded() -> None:
    """The document asked for longest ago makes room."""
    source = Source()
    other = Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
    async with _resolver(source, max_documents=1) as resolver:
        await resolver.resolve(ALICE)
        await resolver.resolve(other)
        await resolver.resolve(other)
        await resolver.resolve(ALICE)

    assert source.asked == 3


async def test_forget_drops_a_document() -> None:
    """Whoever changed an identity can have it read again."""
    source = Source()
    async with _resolver(source) as resolver:
        await resolver.resolve(ALICE)
        resolver.forget(ALICE)
        await resolver.resolve(ALICE)

    assert source.asked == 2


@pytest.mark.parametrize("did", ["did:key:zQ3sh", "did:web:example.com:path", "did:web:127.0.0.1"])
async def test_dids_of_other_forms_do_not_resolve(did: str) -> None:
    """What atproto does not resolve is not asked for."""
    source = Source()
    async with _resolver(source) as resolver:
        with pytest.raises(DidNotResolved):
            await resolver.resolve(Did.parse(did))


async def test_did_web_is_read_from_its_host() -> None:
    """A did:web of localhost is fetched over http, if localhost is configured to be trusted."""
    async with serving(route("/.well-known/did.json", _own_document)) as (_, served):
        client = Client(trusted=[f"http://localhost:{served.port}"])
        did = Did.parse(f"did:web:localhost%3A{served.port}")
        resolver = DidResolver(client, PlcDirectory(client, served.url), clock=Source().clock)
        document = await resolver.resolve(did)
        await client.close()

    assert document.handle == "web.test"


async def test_did_web_about_someone_else_does_not_resolve() -> None:
    """A host can only speak for its own DID."""
    async with serving(text("/.well-known/did.json", '{"id": "did:web:other.test"}')) as (_, served):
        client = Client(trusted=[f"http://localhost:{served.port}"])
        resolver = DidResolver(client, PlcDirectory(client, served.url), clock=Source().clock)
        with pytest.raises(DidNotResolved):
            await resolver.resolve(Did.parse(f"did:web:localhost%3A{served.port}"))
        await client.close()


def _own_document(request: Request) -> Response:
    return JSONResponse({"id": f"did:web:localhost%3A{request.url.port}", "alsoKnownAs": ["at://web.test"]})


def _txt(*records: str) -> dns.TxtLookup:
    async def lookup(name: str) -> list[str]:
        assert name == "_atproto.alice.test"
        return list(records)

    return lookup


async def _handle(txt: dns.TxtLookup) -> Did | None:
    """Resolve alice.test by DNS; HTTPS finds nothing, her host's address not being public."""
    client = Client(lookup=lookup_of("10.0.0.1"))
    try:
        return await HandleResolver(client, txt=txt).resolve(Handle.parse("alice.test"))
    finally:
        await client.close()


async def _handle_by_file(txt: dns.TxtLookup, body: str, path: str = "/.well-known/atproto-did") -> Did | None:
    """Resolve alice.test with a server for her well-known file."""
    async with serving(text(path, body), redirect("/.well-known/atproto-did", "/elsewhere")) as (_, served):
        origin = f"http://alice.test:{served.port}"
        client = Client(trusted=[origin], lookup=lookup_of("127.0.0.1"))
        try:
            resolver = HandleResolver(client, txt=txt, origin_of=lambda _handle: origin)
            return await resolver.resolve(Handle.parse("alice.test"))
        finally:
            await client.close()


async def test_handle_by_dns() -> None:
    """One did= record is the answer; other records do not matter."""
    assert await _handle(_txt("v=spf1", f"did={ALICE}")) == ALICE


@pytest.mark.parametrize("records", [[], ["v=spf1"], [f"did={ALICE}", "did=did:web:b.test"], ["did=nonsense"]])
async def test_handle_without_a_clear_answer_resolves_to_nothing(records: list[str]) -> None:
    """No record, two of them, or one that is no DID are no answer."""
    assert await _handle(_txt(*records)) is None


async def test_handle_when_dns_fails() -> None:
    """A resolver that breaks is as good as one that says nothing."""

    async def broken(_name: str) -> list[str]:
        raise OSError("SERVFAIL")

    assert await _handle(broken) is None


async def test_handle_by_its_well_known_file() -> None:
    """The first line of the file counts when DNS has nothing."""
    assert await _handle_by_file(_txt(), f"  {ALICE}\r\nsecond line") == ALICE


async def test_handle_by_a_file_elsewhere() -> None:
    """The file may be a redirect away."""
    assert await _handle_by_file(_txt(), ALICE, path="/elsewhere") == ALICE


@pytest.mark.parametrize("body", ["", "alice.test", "<html>", f"x {ALICE}", "did:plc:" + "a" * 9000])
async def test_handle_by_a_file_without_a_did(body: str) -> None:
    """A file that begins with anything but a DID is no answer."""
    assert await _handle_by_file(_txt(), body) is None


async def test_dns_wins_over_the_file() -> None:
    """When both answer, what DNS says counts."""
    assert await _handle_by_file(_txt("did=did:web:dns.test"), ALICE) == "did:web:dns.test"


async def _until_handle(resolver: DidResolver, handle: str) -> None:
    async with asyncio.timeout(2):
        while (await resolver.resolve(ALICE)).handle != handle:
            await asyncio.sleep(0.005)
