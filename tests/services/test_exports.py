"""Repositories as CARs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from roost.data import car
from roost.data.cid import Cid
from roost.repo import inspect
from roost.services import exports
from roost.services.errors import InvalidRequest, RepoDeactivated, RepoNotFound
from roost.services.exports import Exports
from roost.storage import heads
from roost.storage.accounts import Account
from support.house import House, did_of

pytestmark = pytest.mark.anyio


async def read(chunks: AsyncIterator[bytes]) -> car.Car:
    """Read an export to its end."""
    return car.read(b"".join([chunk async for chunk in chunks]), max_blocks=10_000, max_bytes=1 << 24)


async def head_of(house: House, account: Account) -> heads.Head:
    """Return where a repository stands."""
    return await house.reading.head(account.did)


async def test_a_whole_repository_is_signed_and_complete(house: House) -> None:
    """The CAR has one root, the commit, which its owner's key has signed; no block is missing and none is too much."""
    alice = await house.account()
    for n in range(60):
        await house.put(alice, f"{n:03d}", str(n))
    await house.remove(alice, *[f"{n:03d}" for n in range(0, 60, 3)])
    key = await house.db.read(lambda tx: house.keyring.signing_key(tx, alice.id, alice.did))

    found = await read(await Exports(house.db).whole(alice.did))

    (root,) = found.roots
    report = inspect(root, found.blocks, key.public)
    assert (report.records, report.signed, report.unused, report.problems) == (40, True, 0, ())
    assert root == (await head_of(house, alice)).cid
    assert next(iter(found.blocks)) == root


async def test_a_large_tree_is_read_as_it_is_walked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the same bytes as a small one, which is read at once."""
    alice = await house.account()
    for start in range(0, 600, 100):
        await asyncio.gather(*[house.put(alice, f"{start + n:03d}", str(n)) for n in range(100)])

    small = [chunk async for chunk in await Exports(house.db).whole(alice.did)]
    monkeypatch.setattr(exports, "NODES_AT_ONCE", 1)
    large = [chunk async for chunk in await Exports(house.db).whole(alice.did)]

    assert b"".join(small) == b"".join(large)
    assert (await house.count(alice))[1] > 100


async def test_an_empty_repository_is_a_commit_and_a_node(house: House) -> None:
    """What a new account has is two blocks."""
    alice = await house.account()

    assert len((await read(await Exports(house.db).whole(alice.did))).blocks) == 2


async def test_an_export_reads_one_state(house: House) -> None:
    """What is written while a client reads does not come into its CAR."""
    alice = await house.account()
    for n in range(50):
        await house.put(alice, f"{n:03d}", str(n))
    before = await head_of(house, alice)
    chunks = await Exports(house.db).whole(alice.did)

    first = await anext(chunks)
    await house.remove(alice, *[f"{n:03d}" for n in range(50)])
    rest = [chunk async for chunk in chunks]

    found = car.read(b"".join([first, *rest]), max_blocks=1000, max_bytes=1 << 24)
    report = inspect(before.cid, found.blocks, None)
    assert (report.records, report.problems) == (50, ())


async def test_since_a_rev_brings_what_is_new(house: House) -> None:
    """With the blocks of then and those of since, the repository is complete."""
    alice = await house.account()
    for n in range(40):
        await house.put(alice, f"{n:03d}", str(n))
    then, old = await head_of(house, alice), await read(await Exports(house.db).whole(alice.did))
    await house.put(alice, "100")
    await house.remove(alice, "007")
    await house.put(alice, "008", "changed")
    now = await head_of(house, alice)

    gained = await read(await Exports(house.db).since(alice.did, then.rev))

    assert gained.roots == (now.cid,)
    assert len(gained.blocks) < len(old.blocks) / 2
    report = inspect(now.cid, old.blocks | gained.blocks, None)
    assert (report.records, report.problems) == (40, ())


async def test_since_now_there_is_nothing(house: House) -> None:
    """A client that is up to date gets the root and no block; one that names the commit gets the commit again."""
    alice = await house.account()
    await house.put(alice, "a")
    now = await head_of(house, alice)

    by_rev = await read(await Exports(house.db).since(alice.did, now.rev))
    by_commit = await read(await Exports(house.db).since_commit(alice.did, now.cid))

    assert (by_rev.roots, by_rev.blocks) == ((now.cid,), {})
    assert (by_commit.roots, set(by_commit.blocks)) == ((now.cid,), {now.cid})


async def test_a_commit_that_never_was_the_head_is_refused(house: House) -> None:
    """Neither a made-up CID nor another repository's head names a past state."""
    alice, bob = await house.account("alice"), await house.account("bob")

    for cid in (Cid.of_cbor(b"made up"), (await head_of(house, bob)).cid):
        with pytest.raises(InvalidRequest, match=rf"^This repository was never at the commit {cid}$"):
            await read(await Exports(house.db).since_commit(alice.did, cid))


async def test_unreadable_repositories_are_refused_before_the_stream(house: House) -> None:
    """The refusal is an answer of its own, and not an export that breaks off."""
    alice = await house.account()
    rev = (await head_of(house, alice)).rev
    await house.set_status(alice, "deactivated")
    exports = Exports(house.db)

    with pytest.raises(RepoDeactivated):
        await exports.whole(alice.did)
    with pytest.raises(RepoDeactivated):
        await exports.since(alice.did, rev)
    with pytest.raises(RepoNotFound):
        await exports.whole(did_of("nobody"))
