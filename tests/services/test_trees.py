"""Trees that are kept between writes."""

import asyncio
import random

import pytest

from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.mst import Link
from roost.services.errors import InvalidRequest, RecordAlreadyExists
from roost.services.repos import Repos
from roost.services.trees import CorruptRepository, Trees, load, prune
from roost.services.writes import Removal, Write
from roost.storage import heads
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.storage.errors import CommitFailed
from roost.syntax import RecordKey
from support.house import NOTE, House

pytestmark = pytest.mark.anyio


def trees_of(repos: Repos) -> Trees:
    """Return the trees that a service keeps."""
    return repos._trees


def kept_nodes(repos: Repos, account: Account) -> int:
    """Count the nodes that are really in memory for a repository."""
    kept = trees_of(repos)._kept.get(account.id)
    waiting = [] if kept is None else [kept.root]
    count = 0
    while waiting:
        node = waiting.pop().node
        if node is not None:
            count += 1
            waiting += [kid for kid in node.kids if kid is not None]
    return count


def small(house: House, max_nodes: int) -> None:
    """Give the house's repositories less memory."""
    house.repos._trees = Trees(max_nodes)


async def some_writes(house: House, account: Account, rng: random.Random, times: int) -> None:
    """Put and remove notes at random."""
    for _ in range(times):
        rkey = f"{rng.randrange(60):02d}"
        if rng.random() < 0.35:
            await house.remove(account, rkey)
        else:
            await house.put(account, rkey, str(rng.randrange(1000)))


@pytest.mark.parametrize("max_nodes", [0, 1, 5, 40, 40_000])
async def test_every_write_builds_on_the_right_tree_however_little_is_kept(house: House, max_nodes: int) -> None:
    """Two repositories written in turns, with any amount of memory, end in the trees that their records have."""
    small(house, max_nodes)
    alice, bob = await house.account("alice"), await house.account("bob")

    for seed in range(6):
        rng = random.Random(seed)
        for account in (alice, bob):
            await some_writes(house, account, rng, 12)
            await house.check_tree(account)


async def test_memory_is_bounded(house: House) -> None:
    """However many repositories are written, and however large one is, the nodes that are kept stay few."""
    small(house, 30)
    accounts = [await house.account(name) for name in ("alice", "bob", "carol")]
    rng = random.Random(1)

    for _ in range(6):
        for account in accounts:
            await some_writes(house, account, rng, 10)
            kept = sum(kept_nodes(house.repos, each) for each in accounts)
            # One write may load a path and its neighbours on top of what is kept, before the rest is dropped.
            assert kept <= 30 + 20


async def test_the_count_is_never_below_what_is_kept(house: House) -> None:
    """Nodes may be counted twice, which only unloads them early; but none is forgotten in the count."""
    alice = await house.account()
    rng = random.Random(2)

    for _ in range(30):
        await some_writes(house, alice, rng, 3)
        assert trees_of(house.repos)._nodes >= kept_nodes(house.repos, alice) - 1


async def test_a_tree_goes_on_from_where_another_process_left_it(house: House) -> None:
    """What somebody else wrote meanwhile is noticed by the head; both go on correctly."""
    alice = await house.account()
    other = Repos(house.db, house.keyring, house.minter)
    rng = random.Random(3)

    for _ in range(10):
        await some_writes(house, alice, rng, 4)
        write = house.records.write("put", NOTE, RecordKey(f"{rng.randrange(60):02d}"), {"n": 1}, validate=False)
        await other.write(alice.id, [write])
        await house.check_tree(alice)


async def test_a_refused_write_leaves_the_tree_as_it_was(house: House) -> None:
    """A batch that fails at its last write has changed nothing that a later one builds on."""
    alice = await house.account()
    for n in range(30):
        await house.put(alice, f"{n:02d}")
    head = await house.reading.head(alice.did)
    writes: list[Write | Removal] = [
        house.records.write("create", NOTE, RecordKey(f"9{n}"), {"n": n}, validate=False) for n in range(5)
    ]
    taken = house.records.write("create", NOTE, RecordKey("07"), {"n": 1}, validate=False)

    with pytest.raises(RecordAlreadyExists):
        await house.repos.write(alice.id, [*writes, taken])

    assert await house.reading.head(alice.did) == head
    await house.put(alice, "99")
    await house.check_tree(alice)
    assert (await house.count(alice))[0] == 31


async def test_writes_of_a_batch_that_is_not_durable_are_not_built_on(house: House) -> None:
    """When the commit of many writers' work fails, none of their trees stays, and the next write is correct."""
    alice = await house.account()
    for n in range(20):
        await house.put(alice, f"{n:02d}")
    head = await house.reading.head(alice.did)
    await house.db.write(lambda tx: tx.run("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
    await house.db.write(
        lambda tx: tx.run("CREATE TABLE kid (p INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    )

    async def break_commit() -> None:
        # A deferred constraint is looked at when everything else is done: COMMIT itself is refused.
        await house.db.write(lambda tx: tx.run("INSERT INTO kid (p) VALUES (7)"))

    results = await asyncio.gather(
        *[house.put(alice, f"{n:02d}", "lost") for n in range(15, 25)],
        house.remove(alice, "03"),
        break_commit(),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [CommitFailed] * 12
    assert await house.reading.head(alice.did) == head
    assert kept_nodes(house.repos, alice) == 0
    await house.check_tree(alice)
    await house.put(alice, "50", "kept")
    await house.remove(alice, "04")
    await house.check_tree(alice)
    assert (await house.count(alice))[0] == 20


async def test_one_writers_error_does_not_touch_the_others_of_its_batch(house: House) -> None:
    """In one group of writes, those that are refused leave no trace in the tree that the others build."""
    alice = await house.account()
    for n in range(20):
        await house.put(alice, f"{n:02d}")

    async def one(n: int) -> None:
        put = house.records.write("create", NOTE, RecordKey(f"{n:02d}"), {"n": n}, validate=False)
        await house.repos.write(alice.id, [put])

    results = await asyncio.gather(*[one(n) for n in range(10, 30)], return_exceptions=True)

    assert [type(result) for result in results] == [RecordAlreadyExists] * 10 + [type(None)] * 10
    await house.put(alice, "90")
    await house.check_tree(alice)
    assert (await house.count(alice))[0] == 31


async def test_a_node_that_is_not_what_its_link_says_stops_the_write(house: House) -> None:
    """Nothing is built on a damaged tree, and nothing is repaired silently."""
    alice = await house.account()
    for n in range(40):
        await house.put(alice, f"{n:02d}")
    trees_of(house.repos).forget(alice.id)
    head = await house.reading.head(alice.did)
    await house.db.write(
        lambda tx: tx.run("UPDATE node SET cid = ? WHERE k = ?", Cid.of_cbor(b"x"), alice.id << 32 | head.root)
    )

    with pytest.raises(
        CorruptRepository, match=rf"repository of account {alice.id} is damaged: node {head.root} is not"
    ):
        await house.put(alice, "99")
    await house.db.write(lambda tx: tx.run("DELETE FROM node WHERE k = ?", alice.id << 32 | head.root))
    with pytest.raises(CorruptRepository):
        await house.put(alice, "99")
    assert await house.reading.head(alice.did) == head


async def test_pruning_unloads_all_but_the_root(house: House) -> None:
    """What is unloaded is loaded again when it is needed, and is the same."""
    alice = await house.account()
    for n in range(60):
        await house.put(alice, f"{n:02d}")
    head = await house.reading.head(alice.did)

    def check(tx: Tx) -> None:
        found = heads.get(tx, alice.id)
        assert found is not None
        root = Link(found.data, found.root)
        keys = [f"{NOTE}/{n:02d}".encode() for n in range(60)]
        while need := mst.frontier(root, keys):
            load(tx, alice.id, need)
        values = [mst.find(root, key) for key in keys]
        prune(root)
        assert root.node is not None
        assert all(kid is None or kid.node is None for kid in root.node.kids)
        while need := mst.frontier(root, keys):
            load(tx, alice.id, need)
        assert [mst.find(root, key) for key in keys] == values

    await house.db.read(check)
    assert await house.reading.head(alice.did) == head


def test_pruning_leaves_what_is_not_hashed() -> None:
    """A tree that is still being changed has its only copy in memory."""
    kid = Link(None, 0, mst.EMPTY)
    dirty = Link(None, 0, mst.make((b"a",), (Cid.of_cbor(b"x"),), (kid, None)))

    prune(dirty)

    assert kid.node is mst.EMPTY


async def test_deleting_forgets(house: House) -> None:
    """Nothing of a repository that is gone stays in memory."""
    alice = await house.account()
    await house.put(alice, "a")
    assert kept_nodes(house.repos, alice) > 0

    await house.db.write(lambda tx: house.repos.forget(tx, alice.id, alice.did))

    assert kept_nodes(house.repos, alice) == 0
    assert trees_of(house.repos)._nodes == 0


async def test_an_oversized_batch_is_not_kept(house: House) -> None:
    """A write that is too large for one event is refused after its tree was made, and leaves nothing."""
    alice = await house.account()
    await house.put(alice, "a")
    big = [
        house.records.write("create", NOTE, RecordKey(f"b{n}"), {"x": f"{n}" * 900_000}, validate=False)
        for n in range(3)
    ]

    with pytest.raises(InvalidRequest, match=r"^Too many writes\. Max event size: 2MB$"):
        await house.repos.write(alice.id, big)

    await house.put(alice, "c")
    await house.check_tree(alice)
