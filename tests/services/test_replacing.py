"""Repositories put in the place of others: all at once, or a little at a time, and never half."""

import asyncio

import pytest

from roost.repo import Create, Delete
from roost.services import judging, replacing
from roost.services.background import Background
from roost.services.caller import Administrator
from roost.services.errors import AccountNotFound, InvalidRequest, InvalidSwap, RepoDeactivated
from roost.services.hosting import readable
from roost.services.replacing import Replacing
from roost.storage import accounts, heads, staging
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.syntax import Tid
from support.house import House, did_of
from support.repos import KEY, MemoryRepo, record

pytestmark = pytest.mark.anyio

LATER = Tid.of(1_890_000_000_000_000, 1)


class Desk:
    """The service in a house, with alice, whose repository has three notes."""

    def __init__(self, house: House, alice: Account) -> None:
        self.house, self.alice = house, alice
        self.background = Background()
        self.replacing = self.another()

    def another(self) -> Replacing:
        """Return the service as another process would have it."""
        return Replacing(self.house.db, self.house.keyring, self.background, self.house.minter)

    async def replace(self, repo: MemoryRepo, after: Tid | None = None) -> bool:
        """Put a repository in the place of alice's."""
        assert repo.head is not None
        return await self.replacing.replace(self.alice.id, repo.head.data, repo.blocks().get, after=after)

    async def holds(self, repo: MemoryRepo) -> bool:
        """Return whether alice's repository is that one, all of it; it must be a whole one in any case."""
        await self.house.check_tree(self.alice)
        head = await self.house.db.read(lambda tx: heads.get(tx, self.alice.id))
        assert head is not None
        assert repo.head is not None
        return head.data == repo.head.data

    async def deactivate(self) -> None:
        """Let nobody read it."""
        await self.house.db.write(lambda tx: accounts.set_deactivated(tx, self.alice.id, 1))

    async def staged(self) -> int:
        """Return how many rows are staged, once the clean-up is over."""
        await self.background.drain()

        def count(tx: Tx) -> int:
            return sum(len(tx.all(f"SELECT 1 FROM {table}")) for table in ("staging", "staged_node", "staged_record"))

        return await self.house.db.read(count)


@pytest.fixture
async def desk(house: House) -> Desk:
    """The service, and alice."""
    alice = await house.account()
    for rkey in "abc":
        await house.put(alice, rkey)
    return Desk(house, alice)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make twenty changes a large repository."""
    monkeypatch.setattr(replacing, "AT_ONCE_ROWS", 20)
    monkeypatch.setattr(replacing, "STEP_ROWS", 7)
    monkeypatch.setattr(judging, "BATCH_ROWS", 10)


def repo_of(count: int) -> MemoryRepo:
    """Return a repository of alice's from elsewhere."""
    repo = MemoryRepo(did_of("alice"), KEY)
    repo.commit(*[Create(f"com.example.record/{n:04d}", record(n)) for n in range(count)])
    return repo


async def test_it_replaces_all_of_it(desk: Desk) -> None:
    """The old notes are gone; the commit is ours, later than both, and one #sync tells of it."""
    before = len(await desk.house.events())
    repo = repo_of(200)

    assert await desk.replace(repo, after=LATER)

    assert await desk.holds(repo)
    assert await desk.house.count(desk.alice) == (200, len(repo.rows))
    head = await desk.house.db.read(lambda tx: heads.get(tx, desk.alice.id))
    assert head is not None
    assert head.rev > LATER
    told = (await desk.house.events())[before:]
    assert [(name, body["rev"]) for name, body in told] == [("#sync", head.rev)]
    assert await desk.staged() == 0
    await desk.house.put(desk.alice, "later")
    await desk.house.check_tree(desk.alice)


async def test_the_same_again_changes_nothing(desk: Desk) -> None:
    """So an import whose answer was lost can be repeated."""
    repo = repo_of(30)
    assert await desk.replace(repo)
    events = await desk.house.events()

    assert not await desk.replace(repo)

    assert await desk.house.events() == events


async def test_little_by_little_is_the_same(desk: Desk, small_steps: None) -> None:
    """A large one is moved in many transactions, quietly: the account is deactivated."""
    await desk.deactivate()
    before = await desk.house.events()
    repo = repo_of(200)
    repo.commit(*[Delete(f"com.example.record/{n:04d}") for n in range(0, 200, 3)])

    assert await desk.replace(repo)

    assert await desk.holds(repo)
    assert await desk.house.events() == before
    assert await desk.staged() == 0


async def test_a_large_one_wants_a_deactivated_account(desk: Desk, small_steps: None) -> None:
    """Its readers could not be kept from a mixture otherwise; nothing is changed, nothing left."""
    with pytest.raises(InvalidRequest, match="deactivate it"):
        await desk.replace(repo_of(200))

    assert (await desk.house.count(desk.alice))[0] == 3
    assert await desk.staged() == 0


@pytest.mark.parametrize("after", range(0, 60, 3))
async def test_a_stop_anywhere_leaves_one_or_the_other(desk: Desk, small_steps: None, after: int) -> None:
    """Whatever the last transaction was before the stop, what follows the next start is a whole repository."""
    await desk.deactivate()
    repo = repo_of(200)
    writes = 0
    write = desk.house.db.write

    class Stopped(BaseException):
        """The process is gone."""

    class Counted:
        dialect = desk.house.db.dialect
        read, stream, close = desk.house.db.read, desk.house.db.stream, desk.house.db.close

        async def write(self, fn: object) -> object:
            nonlocal writes
            writes += 1
            if writes > after:
                raise Stopped
            return await write(fn)  # type: ignore[arg-type]  # passed on

    stopped = Replacing(Counted(), desk.house.keyring, Background(), desk.house.minter)  # type: ignore[arg-type]  # as above
    assert repo.head is not None
    try:
        await stopped.replace(desk.alice.id, repo.head.data, repo.blocks().get, after=None)
    except Stopped:
        moving = await desk.house.db.read(lambda tx: staging.moving(tx, desk.alice.id))
        if moving:
            with pytest.raises(RepoDeactivated, match="is being imported"):
                await desk.house.db.read(lambda tx: readable(tx, desk.alice.did, Administrator()))

        await desk.another().resume()

        assert await desk.holds(repo) == moving
    else:
        assert await desk.holds(repo)
    assert await desk.staged() == 0


async def test_a_writer_in_between_is_not_lost(desk: Desk) -> None:
    """The repository is judged again against what was written; what was written is replaced with the rest."""
    repo = repo_of(100)
    assert repo.head is not None
    blocks = repo.blocks()
    asked = 0
    loop = asyncio.get_running_loop()

    def fetch(cid: object) -> bytes | None:
        nonlocal asked
        asked += 1
        if asked == 5:
            asyncio.run_coroutine_threadsafe(desk.house.put(desk.alice, "between"), loop).result(10)
        return blocks.get(cid)  # type: ignore[call-overload, no-any-return]  # a Cid

    assert await desk.replacing.replace(desk.alice.id, repo.head.data, fetch, after=None)

    assert await desk.holds(repo)
    assert asked > 150
    assert await desk.staged() == 0


async def test_writers_without_end(desk: Desk) -> None:
    """After a few tries it is refused, and what was written stands."""
    repo = repo_of(10)
    assert repo.head is not None
    blocks = repo.blocks()
    loop = asyncio.get_running_loop()
    data = repo.head.data
    count = 0

    def fetch(cid: object) -> bytes | None:
        nonlocal count
        if cid == data:
            count += 1
            asyncio.run_coroutine_threadsafe(desk.house.put(desk.alice, f"k{count}"), loop).result(10)
        return blocks.get(cid)  # type: ignore[call-overload, no-any-return]  # a Cid

    with pytest.raises(InvalidSwap):
        await desk.replacing.replace(desk.alice.id, data, fetch, after=None)

    assert (await desk.house.count(desk.alice))[0] == 3 + count
    assert await desk.staged() == 0


async def test_an_account_that_is_gone(desk: Desk) -> None:
    """There is nothing to replace."""
    await desk.house.db.write(lambda tx: heads.delete(tx, desk.alice.id))

    with pytest.raises(AccountNotFound):
        await desk.replace(repo_of(1))
