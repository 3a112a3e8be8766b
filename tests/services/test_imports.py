"""Commits that were made elsewhere and signed with the account's own key."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.repo import Create, Delete, Update, inspect
from roost.repo import commit as commits
from roost.services.errors import InvalidRequest, InvalidSwap, RepoNotFound, ServiceError, UpstreamFailure
from roost.services.exports import Exports
from roost.services.imports import FUTURE_SECONDS, Imports
from roost.storage.accounts import Account
from roost.syntax import Tid
from support.house import NOTE, House, did_of
from support.repos import MemoryRepo
from support.web import serving

pytestmark = pytest.mark.anyio


def note(text: str) -> bytes:
    """Return the block of a note."""
    return cbor.encode({"$type": NOTE, "text": text})


def path(rkey: str) -> str:
    """Return where a note stands."""
    return f"{NOTE}/{rkey}"


class Owner:
    """Somebody with a copy of a repository and its key."""

    def __init__(self, did: str, key: PrivateKey, micros: int) -> None:
        self.copy = MemoryRepo(did_of("alice"), key)
        self.key = key
        self.micros = micros
        assert self.copy.did == did

    def car(self, *, rev: Tid | None = None, key: PrivateKey | None = None, **missing: Cid) -> bytes:
        """Return the copy as a CAR, its commit signed anew."""
        assert self.copy.head is not None
        self.micros += 1
        made = commits.sign(
            self.copy.did, data=self.copy.head.data, rev=rev or Tid.of(self.micros, 0), key=key or self.key
        )
        blocks = self.copy.blocks()
        blocks.pop(self.copy.head.cid)
        for cid in missing.values():
            blocks.pop(cid)
        return packed(made.cid, {made.cid: made.block} | blocks)


def packed(root: Cid, blocks: dict[Cid, bytes]) -> bytes:
    """Return a CAR of blocks."""
    return car.header(root) + b"".join(car.frame(cid, block) for cid, block in blocks.items())


class Desk:
    """The service with a directory of one document, in a house."""

    def __init__(self, house: House, account: Account, owner: Owner) -> None:
        self.house, self.account, self.owner = house, account, owner
        self.document: dict[str, object] | None = None
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.imports: Imports

    async def answer(self, request: Request) -> Response:
        """Give the DID document, or fail; but first do what has to happen at this moment."""
        if self.meanwhile is not None:
            await self.meanwhile()
        return JSONResponse({}, 500) if self.document is None else JSONResponse(self.document)

    async def exported(self) -> dict[str, object]:
        """Return what stands in the repository, checked against its signature."""
        await self.house.check_tree(self.account)
        whole = b"".join([chunk async for chunk in await Exports(self.house.db).whole(self.account.did)])
        found = car.read(whole, max_blocks=10_000, max_bytes=1 << 24)
        (root,) = found.roots
        assert inspect(root, found.blocks, self.owner.key.public).problems == ()
        listing = await self.house.reading.list(self.account.did, NOTE, limit=1000)
        return {path.partition("/")[2]: orjson.loads(json) for path, json in listing.json()}


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[Desk]:
    """Open a desk for alice, who has three notes and a copy of them."""
    alice = await house.account()
    key = await house.db.read(lambda tx: house.keyring.signing_key(tx, alice.id, alice.did))
    owner = Owner(alice.did, key, house.clock.micros)
    for rkey in "abc":
        await house.put(alice, rkey, rkey)
    owner.copy.commit(*[Create(path(rkey), note(rkey)) for rkey in "abc"])
    desk = Desk(house, alice, owner)
    desk.document = {
        "id": alice.did,
        "verificationMethod": [
            {
                "id": f"{alice.did}#atproto",
                "type": "Multikey",
                "controller": alice.did,
                "publicKeyMultibase": key.public.did_key.removeprefix("did:key:"),
            }
        ],
    }
    async with serving(Route("/{did}", desk.answer)) as (client, served):
        resolver = DidResolver(client, PlcDirectory(client, served.url), clock=lambda: datetime.now(UTC))
        desk.imports = Imports(house.db, house.repos, resolver, house.minter)
        house.clock.turn(seconds=1)
        owner.micros = house.clock.micros
        yield desk
        await resolver.close()


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    """Alice's desk."""
    async with opened(house) as desk:
        yield desk


async def test_a_signed_commit_moves_the_repository(desk: Desk) -> None:
    """What was created, changed and removed elsewhere is so here, and the network is told of that very commit."""
    desk.owner.copy.commit(Create(path("d"), note("d")), Update(path("a"), note("new")), Delete(path("b")))
    sent = desk.owner.car()

    await desk.imports.update(desk.account.did, sent)

    texts = {"a": "new", "c": "c", "d": "d"}
    assert await desk.exported() == {rkey: {"$type": NOTE, "text": text} for rkey, text in texts.items()}
    root = car.read(sent, max_blocks=100, max_bytes=1 << 20).roots[0]
    assert (await desk.house.reading.head(desk.account.did)).cid == root
    name, body = (await desk.house.events())[-1]
    assert (name, body["commit"]) == ("#commit", root)
    assert isinstance(body["ops"], list)
    assert [(op["action"], op["path"]) for op in body["ops"] if isinstance(op, dict)] == [
        ("update", path("a")),
        ("delete", path("b")),
        ("create", path("d")),
    ]


async def test_the_server_goes_on_from_there(desk: Desk) -> None:
    """After an import writes are made on the imported tree, after the imported rev."""
    desk.owner.copy.commit(*[Create(path(f"x{n:02d}"), note(str(n))) for n in range(60)])
    await desk.imports.update(desk.account.did, desk.owner.car())
    imported = (await desk.house.reading.head(desk.account.did)).rev

    await desk.house.put(desk.account, "z")
    await desk.house.remove(desk.account, "x07")

    assert len(await desk.exported()) == 63
    assert (await desk.house.reading.head(desk.account.did)).rev > imported


async def test_what_is_here_already_need_not_be_sent(desk: Desk) -> None:
    """Nodes and records that did not change are known; the commit, the new nodes and the new record are enough."""
    desk.owner.copy.commit(*[Create(path(f"x{n:02d}"), note(str(n))) for n in range(60)])
    await desk.imports.update(desk.account.did, desk.owner.car())
    before = desk.owner.copy.blocks()
    desk.owner.copy.commit(Create(path("y"), note("y")))
    whole = car.read(desk.owner.car(), max_blocks=1000, max_bytes=1 << 20)

    new = {cid: block for cid, block in whole.blocks.items() if cid not in before}
    await desk.imports.update(desk.account.did, packed(whole.roots[0], new))

    assert len(new) < 8
    assert len(await desk.exported()) == 64


async def test_sending_the_present_commit_again_changes_nothing(desk: Desk) -> None:
    """Whoever did not hear the answer may try again."""
    desk.owner.copy.commit(Create(path("d"), note("d")))
    sent = desk.owner.car()
    await desk.imports.update(desk.account.did, sent)
    told = await desk.house.events()

    await desk.imports.update(desk.account.did, sent)

    assert await desk.house.events() == told


async def test_a_commit_too_large_for_an_event_is_told_by_a_sync(desk: Desk) -> None:
    """More than 200 records at once are taken; consumers are sent to fetch them."""
    desk.owner.copy.commit(*[Create(path(f"x{n:03d}"), note(str(n))) for n in range(201)])

    await desk.imports.update(desk.account.did, desk.owner.car())

    assert (await desk.house.events())[-1][0] == "#sync"
    assert len(await desk.exported()) == 204


async def refused(desk: Desk, body: bytes, error: type[ServiceError] = InvalidRequest) -> str:
    """Send what must be refused, see that it has changed nothing, and return the refusal's text."""
    before, told = await desk.house.reading.head(desk.account.did), await desk.house.events()
    with pytest.raises(error) as why:
        await desk.imports.update(desk.account.did, body)
    assert await desk.house.reading.head(desk.account.did) == before
    assert await desk.house.events() == told
    return str(why.value)


async def test_only_the_owners_key_moves_a_repository(desk: Desk) -> None:
    """A commit that somebody else has signed is refused."""
    desk.owner.copy.commit(Create(path("d"), note("d")))

    assert (await refused(desk, desk.owner.car(key=PrivateKey.generate()))).startswith("The signature does not hold")


async def test_a_commit_must_come_after_ours_and_not_from_the_future(desk: Desk) -> None:
    """An old state does not come back, and a rev far ahead would block every later write."""
    desk.owner.copy.commit(Create(path("d"), note("d")))
    head = await desk.house.reading.head(desk.account.did)
    ahead = Tid.of(desk.house.clock.micros + FUTURE_SECONDS * 1_000_000 + 1, 0)

    assert "is stale: the repository is at" in await refused(desk, desk.owner.car(rev=head.rev))
    assert "is in the future" in await refused(desk, desk.owner.car(rev=ahead))


async def test_a_commit_for_another_repository_is_refused(desk: Desk, house: House) -> None:
    """Each commit names whose it is."""
    bob = await house.account("bob")
    with pytest.raises(InvalidRequest, match=rf"^The commit is for {desk.account.did}, not {bob.did}$"):
        await desk.imports.update(bob.did, desk.owner.car())
    with pytest.raises(RepoNotFound):
        await desk.imports.update(did_of("nobody"), desk.owner.car())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not a CAR that can be used"),
        (b"nonsense", "The body is not a CAR that can be used"),
        (car.header(None), "The CAR must have one root, not 0"),
        (car.header(Cid.of_cbor(b"\xa0")), "The CAR does not hold its root"),
        (packed(Cid.of_cbor(b"\xa0"), {Cid.of_cbor(b"\xa0"): b"\xa0"}), "The CAR's root is not a commit"),
        (packed(Cid.of_cbor(b"\xa0"), {Cid.of_cbor(b"\xa0"): b"\xa1"}), "The body is not a CAR that can be used"),
    ],
)
async def test_what_is_no_repository_is_refused(desk: Desk, body: bytes, message: str) -> None:
    """Whatever bytes come, they are judged before anything is done with them."""
    assert (await refused(desk, body)).startswith(message)


async def test_missing_parts_are_refused(desk: Desk) -> None:
    """A new node or record that neither came nor is here cannot be guessed."""
    desk.owner.copy.commit(Create(path("d"), note("d")))
    assert desk.owner.copy.head is not None
    root = desk.owner.copy.head.data

    assert (await refused(desk, desk.owner.car(gone=Cid.of_cbor(note("d"))))).startswith(
        f"{path('d')}: the CAR does not hold its record"
    )
    assert (await refused(desk, desk.owner.car(gone=root))).startswith("The repository is not valid")


@pytest.mark.parametrize(
    ("where", "block", "message"),
    [
        ("not a path", note("x"), "A record's path is not valid"),
        ("com.example.note/../x", note("x"), "A record's path is not valid"),
        (path("x"), cbor.encode([1, 2]), "a record must be an object"),
        (path("x"), b"\xa1\x61a\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", "the record is not valid"),
        (path("x"), b"\xff", "the record is not valid"),
        (path("x"), note("x" * 1_000_001), "a record may be at most 1000000 bytes"),
    ],
)
async def test_invalid_records_are_refused(desk: Desk, where: str, block: bytes, message: str) -> None:
    """An owner may sign anything; what is served here keeps to the data model."""
    desk.owner.copy.commit(Create(where, block))

    assert message in await refused(desk, desk.owner.car())


async def test_a_document_that_cannot_be_had_is_not_the_callers_fault(desk: Desk) -> None:
    """Nor is a key taken for good that nobody vouches for."""
    desk.owner.copy.commit(Create(path("d"), note("d")))
    assert desk.document is not None
    without_key: dict[str, object] = {"id": desk.account.did}

    desk.document = None
    assert await refused(desk, desk.owner.car(), UpstreamFailure) == f"Could not resolve DID: {desk.account.did}"
    desk.document = without_key
    assert await refused(desk, desk.owner.car()) == "The DID document names no #atproto key"


async def test_a_write_that_comes_between_is_not_lost(desk: Desk) -> None:
    """The repository has moved on while the key was looked up: the owner is told to fetch it again."""
    desk.owner.copy.commit(*[Create(path(f"x{n:02d}"), note(str(n))) for n in range(20)])

    async def write() -> None:
        for n in range(20):
            await desk.house.put(desk.account, f"between{n:02d}")

    desk.meanwhile = write
    with pytest.raises(InvalidSwap, match=r"^The repository was written to meanwhile"):
        await desk.imports.update(desk.account.did, desk.owner.car())

    assert len(await desk.exported()) == 23


async def test_values_of_every_kind_arrive(desk: Desk) -> None:
    """Bytes and links in an imported record read as they do in one that was written here."""
    value: dict[str, Value] = {"$type": NOTE, "raw": b"\x01", "link": Cid.of_cbor(b"x"), "n": -1, "none": None}
    desk.owner.copy.commit(Create(path("d"), cbor.encode(value)))

    await desk.imports.update(desk.account.did, desk.owner.car())

    write = desk.house.records.write("put", NOTE, None, value, validate=False)
    assert (await desk.exported())["d"] == orjson.loads(write.json)
