"""Repositories from elsewhere: whose they are, who signed them, and how they come."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.crypto.keys import PrivateKey
from roost.repo import Create
from roost.services import arrivals
from roost.services.arrivals import Arrivals
from roost.services.errors import (
    AccountNotFound,
    InvalidRequest,
    PayloadTooLarge,
    TooManyRequests,
    UpstreamFailure,
)
from roost.services.replacing import Replacing
from roost.storage.accounts import Account
from support.repos import MemoryRepo, record
from support.town import Town, opened_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A house in a network."""
    async with opened_town(tmp_path) as town:
        yield town


@pytest.fixture
def service(town: Town, tmp_path: Path) -> Arrivals:
    """The service in it."""
    house = town.house
    replacing = Replacing(house.db, house.keyring, town.background, house.minter)
    return Arrivals(
        house.db, house.keyring, replacing, town.resolver, town.directory, house.minter, tmp_path, limit=1 << 20
    )


def backup(account: Account, key: PrivateKey, count: int = 20) -> bytes:
    """Return a repository of an account's, signed with some key."""
    repo = MemoryRepo(account.did, key)
    repo.commit(*[Create(f"com.example.record/{n:04d}", record(n)) for n in range(count)])
    return repo.export()


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in one piece."""
    yield body


async def test_who_signed_it_a_did_plc_remembers(town: Town, service: Arrivals) -> None:
    """Its present key, a former one, and ours; nobody else."""
    former = PrivateKey.generate()
    alice = await town.resident(recovery=(former,))
    ours = await town.house.db.read(lambda tx: town.house.keyring.signing_key(tx, alice.id, alice.did))
    await town.house.set_status(alice, "deactivated")  # what it is given is older each time

    await service.receive(alice.id, whole(backup(alice, ours, 1)))
    with pytest.raises(InvalidRequest, match="The signature does not hold"):
        await service.receive(alice.id, whole(backup(alice, former, 2)))
    await town.change(alice, former, lambda state: state.with_signing_key(former.public.did_key))
    await service.receive(alice.id, whole(backup(alice, former, 3)))
    await town.change(alice, former, lambda state: state.with_signing_key(ours.public.did_key))
    await service.receive(alice.id, whole(backup(alice, former, 4)))

    assert (await town.house.count(alice))[0] == 4
    await town.house.check_tree(alice)


async def test_who_signed_it_a_did_web_may_have_forgotten(town: Town, service: Arrivals) -> None:
    """While its document names the old host's key, that must have signed; later nothing can be checked."""
    old = PrivateKey.generate()
    account = await town.web_resident()
    method = town.web["verificationMethod"]
    assert isinstance(method, list)
    ours = method[0]["publicKeyMultibase"]
    await town.house.set_status(account, "deactivated")  # as above

    method[0]["publicKeyMultibase"] = old.public.multikey
    with pytest.raises(InvalidRequest, match="The signature does not hold"):
        await service.receive(account.id, whole(backup(account, PrivateKey.generate(), 1)))
    await service.receive(account.id, whole(backup(account, old, 2)))
    method[0]["publicKeyMultibase"] = ours
    await service.receive(account.id, whole(backup(account, old, 3)))
    method[0]["publicKeyMultibase"] = "zNoKey"
    with pytest.raises(InvalidRequest, match="cannot be used"):
        await service.receive(account.id, whole(backup(account, old, 4)))

    assert (await town.house.count(account))[0] == 3


async def test_a_directory_that_does_not_answer(town: Town, service: Arrivals) -> None:
    """Then nobody can say whose key it was: it is to be sent again later."""
    alice = await town.resident()

    async def broken(_verb: str, _path: str) -> Response:
        return JSONResponse({}, 500)

    town.gate.before = broken
    with pytest.raises(UpstreamFailure) as refused:
        await service.receive(alice.id, whole(backup(alice, PrivateKey.generate())))
    assert refused.value.message == "The PLC directory did not give an answer that can be used; try again later"


async def test_a_sender_who_never_ends(town: Town, service: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is given up; until then nothing else of that account comes in, but of others."""
    monkeypatch.setattr(arrivals, "PATIENCE_SECONDS", 0.2)
    alice, bob = await town.resident("alice"), await town.resident("bob")
    ours = await town.house.db.read(lambda tx: town.house.keyring.signing_key(tx, bob.id, bob.did))

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"\x3a"[:0]
            await asyncio.sleep(0.01)

    first = asyncio.create_task(service.receive(alice.id, endless()))
    await asyncio.sleep(0.05)
    with pytest.raises(InvalidRequest, match="under way"):
        await service.receive(alice.id, whole(b""))
    await service.receive(bob.id, whole(backup(bob, ours)))
    with pytest.raises(InvalidRequest, match="too long"):
        await first

    with pytest.raises(InvalidRequest, match="CAR"):
        await service.receive(alice.id, whole(b""))


async def test_a_sender_who_goes_away(town: Town, service: Arrivals, tmp_path: Path) -> None:
    """Leaves nothing behind, and may come back."""
    alice = await town.resident()

    async def broken() -> AsyncIterator[bytes]:
        yield backup(alice, PrivateKey.generate())[:100]
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            await service.receive(alice.id, broken())

    assert [path.name for path in tmp_path.iterdir() if "import" in path.name] == []


async def test_too_many_at_once(town: Town, service: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take a gigabyte of the disk."""
    monkeypatch.setattr(arrivals, "AT_ONCE", 1)
    alice, bob = await town.resident("alice"), await town.resident("bob")
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await go_on.wait()
        yield b""

    first = asyncio.create_task(service.receive(alice.id, slow()))
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await service.receive(bob.id, whole(b""))
    go_on.set()
    with pytest.raises(InvalidRequest):
        await first


async def test_no_more_than_the_limit_is_read(town: Town, service: Arrivals) -> None:
    """However much more would come."""
    alice = await town.resident()
    read = 0

    async def much() -> AsyncIterator[bytes]:
        nonlocal read
        body = backup(alice, PrivateKey.generate())
        yield body
        while True:
            read += 1
            yield b"\x25" + body[60:97]

    with pytest.raises((PayloadTooLarge, InvalidRequest)):
        await service.receive(alice.id, much())
    assert read <= (1 << 20) / 38 + 1


async def test_an_account_that_is_not_there(service: Arrivals) -> None:
    """It was deleted after its token was looked at."""
    with pytest.raises(AccountNotFound):
        await service.receive(77, whole(b""))
