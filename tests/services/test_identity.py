"""Handles to DIDs, and DIDs to documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver, HandleResolver
from roost.services.budget import A_MINUTE, Budget
from roost.services.errors import HandleNotFound, InvalidRequest, TooManyRequests
from roost.services.identity import Identity
from roost.syntax import Did, Handle
from support.house import House, did_of
from support.town import opened_town
from support.web import route, serving, text

pytestmark = pytest.mark.anyio

FAR = did_of("far")


def handle(raw: str) -> Handle:
    """Return a handle."""
    return Handle.parse(raw)


@asynccontextmanager
async def network(house: House) -> AsyncIterator[Identity]:
    """An internet in which far.example is FAR, and every DID's document names the handle far.example."""

    def document(request: Request) -> Response:
        did = request.path_params["did"]
        if did == did_of("gone"):
            return JSONResponse({"message": f"DID not registered: {did}"}, 404)
        return JSONResponse(
            {"id": did, "alsoKnownAs": ["at://alice.test" if did == did_of("alice") else "at://far.example"]}
        )

    async def no_txt(_name: str) -> list[str]:
        return []

    async with serving(text("/far.example/.well-known/atproto-did", FAR), route("/{did}", document)) as (
        client,
        served,
    ):
        documents = DidResolver(client, PlcDirectory(client, served.url), clock=lambda: datetime.now(UTC))
        handles = HandleResolver(client, txt=no_txt, origin_of=lambda handle: f"{served.url}/{handle}")
        yield Identity(house.db, house.policy, documents, handles, Budget(house.minter.milliseconds))
        await documents.close()


async def test_an_account_here_is_found_without_asking_anybody(house: House) -> None:
    """A hosted handle is answered from the database."""
    alice = await house.account()
    async with network(house) as identity:
        assert await identity.resolve_handle(handle("alice.test")) == alice.did
        assert await identity.hosted(handle("alice.test")) == alice.did


@pytest.mark.parametrize("name", ["bob.test", "a.b.test"])
async def test_a_name_under_our_domains_that_nobody_has_is_not_found(house: House, name: str) -> None:
    """What would be ours to give out nobody else is asked for."""
    async with network(house) as identity:
        with pytest.raises(HandleNotFound, match=r"^Unable to resolve handle$"):
            await identity.resolve_handle(handle(name))


async def test_the_handle_of_an_inactive_account_does_not_resolve(house: House) -> None:
    """While an account is deactivated its handle leads nowhere."""
    alice = await house.account()
    await house.set_status(alice, "deactivated")

    async with network(house) as identity:
        assert await identity.hosted(alice.handle) is None
        with pytest.raises(HandleNotFound):
            await identity.resolve_handle(alice.handle)


async def test_other_names_are_asked_of_the_network(house: House) -> None:
    """A handle of another domain is its owner's to tell."""
    async with network(house) as identity:
        assert await identity.resolve_handle(handle("far.example")) == FAR
        with pytest.raises(InvalidRequest, match=r"^Unable to resolve handle$"):
            await identity.resolve_handle(handle("near.example"))


async def test_nobody_is_asked_where_that_is_not_wanted(house: House) -> None:
    """A caller that must not make the server ask strangers gets the same refusal."""
    async with network(house) as identity:
        with pytest.raises(InvalidRequest, match=r"^Unable to resolve handle$"):
            await identity.resolve_handle(handle("far.example"), foreign=False)


async def test_a_did_without_a_document_is_refused(house: House) -> None:
    """What the directory does not know cannot be described."""
    async with network(house) as identity:
        assert (await identity.document(FAR)).handle == "far.example"
        with pytest.raises(InvalidRequest, match=rf"^Could not resolve DID: {did_of('gone')}$"):
            await identity.document(did_of("gone"))


async def test_a_handle_is_correct_when_document_and_name_agree(house: House) -> None:
    """The document must name the handle, and the handle lead back to the DID."""
    alice = await house.account()
    async with network(house) as identity:
        own, far, stranger = [await identity.document(did) for did in (alice.did, FAR, did_of("stranger"))]

        assert await identity.handle_is_correct(alice.handle, own)
        assert await identity.handle_is_correct(handle("far.example"), far)
        assert not await identity.handle_is_correct(handle("alice.test"), far)
        assert not await identity.handle_is_correct(handle("far.example"), stranger)


async def test_nobody_is_flooded_through_us(tmp_path: Path) -> None:
    """However many names of one domain are made up, its servers are asked so often a minute; others do not suffer."""
    async with opened_town(tmp_path) as town:
        for n in range(A_MINUTE):
            with pytest.raises(InvalidRequest):
                await town.identity.resolve_handle(handle(f"n{n}.victim.example"))

        with pytest.raises(TooManyRequests):
            await town.identity.resolve_handle(handle("one-more.victim.example"))
        with pytest.raises(TooManyRequests):
            await town.identity.resolve(handle("one-more.victim.example"))
        with pytest.raises(TooManyRequests):
            await town.identity.resolve_did(Did("did:web:one-more.victim.example"))
        alice = await town.resident()
        assert (await town.identity.resolve(alice.did)).handle == "alice.test"
