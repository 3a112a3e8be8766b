"""DIDs to documents, and handles to DIDs."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roost.net import dns
from roost.net.client import Client
from roost.net.errors import DidEnded, DidNotResolved, NetError, Unreachable
from roost.net.plc import PlcDirectory
from roost.net.resolve import NOT_RESOLVED_FOR, UNREACHABLE_FOR, DidResolver, HandleResolver, Store
from roost.syntax import Did, Handle
from support.web import lookup_of, redirect, route, serving, text

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:plc:z72i7hdynmk6r22z27h6tvur")
BOB = Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
HOUR = dt.timedelta(hours=1)


class Source:
    """A directory of one DID, whose document says how often it was asked for, and a clock."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.asked = 0
        self.status = 200
        self.filler = ""
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
        return JSONResponse(
            {"id": request.path_params["did"], "alsoKnownAs": [f"at://v{asked}.test"], "filler": self.filler}
        )


@contextlib.asynccontextmanager
async def _resolver(source: Source, *, store: Store | None = None, **limits: int) -> AsyncIterator[DidResolver]:
    async with serving(Route("/{did}", source.answer)) as (client, served):
        directory = PlcDirectory(client, served.url)
        resolver = DidResolver(client, directory, clock=source.clock, store=store, **limits)
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
    async with _resolver(source, max_documents=1) as resolver:
        await resolver.resolve(ALICE)
        await resolver.resolve(BOB)
        await resolver.resolve(BOB)
        await resolver.resolve(ALICE)

    assert source.asked == 3


async def test_memory_is_bounded_in_bytes() -> None:
    """Large documents push out small ones, and one that is larger than all of it is not kept."""
    source = Source()
    async with _resolver(source, max_bytes=150) as resolver:
        for _ in range(2):
            await resolver.resolve(ALICE)
        assert source.asked == 1
        await resolver.resolve(BOB)
        await resolver.resolve(ALICE)
        assert source.asked == 3
    async with _resolver(source, max_bytes=10) as resolver:
        await resolver.resolve(ALICE)
        assert await resolver.peek(ALICE) is None


@pytest.mark.parametrize(
    ("status", "lasts", "error"), [(404, NOT_RESOLVED_FOR, DidNotResolved), (503, UNREACHABLE_FOR, Unreachable)]
)
async def test_a_failure_is_remembered_for_a_while(status: int, lasts: dt.timedelta, error: type[NetError]) -> None:
    """Whoever asks again and again does not have the source asked; then, and for who wants the truth, it is."""
    source = Source()
    source.status = status
    async with _resolver(source) as resolver:
        for _ in range(3):
            with pytest.raises(error):
                await resolver.resolve(ALICE)
        assert source.asked == 1
        with pytest.raises(error):
            await resolver.resolve(ALICE, fresh=True)
        assert source.asked == 2

        source.status = 200
        source.now += lasts
        assert (await resolver.resolve(ALICE)).handle == "v3.test"


async def test_a_failure_ends_with_a_success() -> None:
    """Somebody who asked the source has found a document there: everybody gets it."""
    source = Source()
    source.status = 404
    async with _resolver(source) as resolver:
        with pytest.raises(DidNotResolved):
            await resolver.resolve(ALICE)
        source.status = 200
        await resolver.resolve(ALICE, fresh=True)

        assert (await resolver.resolve(ALICE)).handle == "v2.test"


async def test_a_did_that_has_ended_is_told_apart() -> None:
    """The first time, and while it is remembered."""
    source = Source()
    source.status = 410
    async with _resolver(source) as resolver:
        for _ in range(2):
            with pytest.raises(DidEnded):
                await resolver.resolve(ALICE)
    assert source.asked == 1


class Shelf:
    """A store in a dict."""

    def __init__(self) -> None:
        self.kept: dict[Did, tuple[bytes, dt.datetime]] = {}

    async def get(self, did: Did) -> tuple[bytes, dt.datetime] | None:
        """Return what is kept."""
        return self.kept.get(did)

    def put(self, did: Did, document: bytes, at: dt.datetime) -> None:
        """Keep it."""
        self.kept[did] = document, at

    def drop(self, did: Did) -> None:
        """Forget it."""
        self.kept.pop(did, None)


async def test_documents_outlive_the_process() -> None:
    """What one resolver has stored another does not ask for, until it is a day old; its age is that of the fetch."""
    source, shelf = Source(), Shelf()
    async with _resolver(source, store=shelf) as resolver:
        await resolver.resolve(ALICE)
    async with _resolver(source, store=shelf) as resolver:
        source.now += HOUR * 0.99
        assert (await resolver.resolve(ALICE)).handle == "v1.test"
        assert source.asked == 1
    async with _resolver(source, store=shelf) as resolver:
        source.now += 24 * HOUR
        assert (await resolver.resolve(ALICE)).handle == "v2.test"


async def test_what_is_stored_is_not_the_truth() -> None:
    """Who wants the truth gets it from the source, whatever is stored."""
    source, shelf = Source(), Shelf()
    async with _resolver(source, store=shelf) as resolver:
        await resolver.resolve(ALICE)
    async with _resolver(source, store=shelf) as resolver:
        assert (await resolver.resolve(ALICE, fresh=True)).handle == "v2.test"
        source.status = 404
        with pytest.raises(DidNotResolved):
            await resolver.resolve(ALICE, fresh=True)

    assert shelf.kept == {}


@pytest.mark.parametrize("stored", [b"", b"[]", b'{"id": "did:web:other.test"}', b"\xff"])
async def test_a_damaged_store_is_passed_over(stored: bytes) -> None:
    """What cannot be read, or is somebody else's, is fetched anew."""
    source, shelf = Source(), Shelf()
    shelf.kept[ALICE] = stored, source.now
    async with _resolver(source, store=shelf) as resolver:
        assert (await resolver.resolve(ALICE)).handle == "v1.test"


async def test_a_document_of_the_future_is_passed_over() -> None:
    """A clock that was wrong once must not keep a document young for ever."""
    source, shelf = Source(), Shelf()
    shelf.kept[ALICE] = orjson.dumps({"id": ALICE}), source.now + HOUR
    async with _resolver(source, store=shelf) as resolver:
        assert (await resolver.resolve(ALICE)).handle == "v1.test"


async def test_a_large_document_is_not_stored() -> None:
    """It is remembered in memory alone."""
    source, shelf = Source(), Shelf()
    source.filler = "x" * 20_000
    async with _resolver(source, store=shelf) as resolver:
        await resolver.resolve(ALICE)
        assert await resolver.peek(ALICE) is not None
    assert shelf.kept == {}


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


async def _sure(txt: dns.TxtLookup, *routes: Route) -> Did | None:
    """Look alice.test up, with a server of those routes at its address."""
    async with serving(*routes) as (_, served):
        origin = f"http://alice.test:{served.port}"
        client = Client(trusted=[origin], lookup=lookup_of("127.0.0.1"))
        try:
            return await HandleResolver(client, txt=txt, origin_of=lambda _: origin, timeout=0.3).lookup(
                Handle.parse("alice.test")
            )
        finally:
            await client.close()


async def _no_dns(_name: str) -> list[str]:
    raise OSError("SERVFAIL")


FILE = "/.well-known/atproto-did"


async def test_a_handle_that_is_surely_nobodys() -> None:
    """DNS has no record, and the server has no file, or one that says nothing."""
    assert await _sure(_txt()) is None
    assert await _sure(_txt(), text(FILE, "hello")) is None


@pytest.mark.parametrize("status", [500, 503])
async def test_a_handle_of_which_nobody_can_tell(status: int) -> None:
    """While DNS fails, or the server does, a handle is not nobody's."""
    failing = route(FILE, lambda _request: Response(status_code=status))

    for txt, routes in ((_no_dns, []), (_txt(), [failing]), (_no_dns, [failing])):
        with pytest.raises(Unreachable):
            await _sure(txt, *routes)


async def test_a_server_that_is_silent_says_nothing_surely() -> None:
    """A time-out is not an answer."""

    async def silent(_request: Request) -> Response:
        await asyncio.sleep(0.6)
        return Response(ALICE)

    with pytest.raises(Unreachable):
        await _sure(_txt(), Route(FILE, silent))


async def test_one_way_that_works_is_enough() -> None:
    """A DID found by one way is the answer, however broken the other is."""
    failing = route(FILE, lambda _request: Response(status_code=503))

    assert await _sure(_no_dns, text(FILE, ALICE)) == ALICE
    assert await _sure(_txt(f"did={ALICE}"), failing) == ALICE


async def _until_handle(resolver: DidResolver, handle: str) -> None:
    async with asyncio.timeout(2):
        while (await resolver.resolve(ALICE)).handle != handle:
            await asyncio.sleep(0.005)
