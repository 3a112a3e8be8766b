"""Writing to repositories."""

import asyncio
import random
from typing import cast

import pytest

from roost.data import car
from roost.data.cid import Cid
from roost.repo import inspect, mst
from roost.repo.mst import node
from roost.services.errors import (
    AccountDeactivated,
    AccountNotFound,
    AccountTakedown,
    InvalidRequest,
    InvalidSwap,
    RecordAlreadyExists,
)
from roost.services.repos import MAX_OPS, Written
from roost.services.writes import Removal, Write, removal
from roost.storage import nodes, records
from roost.storage.accounts import Account
from roost.syntax import RecordKey
from support.house import NOTE, House

pytestmark = pytest.mark.anyio


def write(house: House, action: str, rkey: str, text: str = "hello", **swap: Cid | None) -> Write:
    """Return a write of a note."""
    assert action in ("create", "update", "put")
    return house.records.write(action, NOTE, RecordKey(rkey), {"text": text}, validate=False, **swap)  # type: ignore[arg-type]


def gone(rkey: str, **wanted: object) -> Removal:
    """Return the removal of a note."""
    return removal(NOTE, RecordKey(rkey), **wanted)  # type: ignore[arg-type]


async def committed(house: House, account: Account, *writes: Write | Removal, **swap: Cid) -> Written:
    """Make writes that come to a commit."""
    made = await house.repos.write(account.id, writes, **swap)
    assert made is not None
    return made


async def test_a_new_repository_is_an_empty_tree_that_is_told_of(house: House) -> None:
    """It has a first commit, whose event follows nothing."""
    alice = await house.account()

    assert await house.count(alice) == (0, 1)
    await house.check_tree(alice)
    ((name, body),) = await house.events()
    assert (name, body["ops"], body["since"], body["repo"]) == ("#commit", [], None, alice.did)


async def test_a_commit_is_signed_by_its_account(house: House) -> None:
    """The head's signature holds under the account's key, and each rev comes after the last."""
    alice = await house.account()
    first = await committed(house, alice, write(house, "create", "a"))
    second = await committed(house, alice, write(house, "create", "b"))
    key = await house.db.read(lambda tx: house.keyring.signing_key(tx, alice.id, alice.did))

    head = await house.reading.head(alice.did)

    def blocks() -> dict[Cid, bytes]:
        return {head.cid: head.block}

    assert inspect(head.cid, blocks(), key.public).signed is True
    assert first.rev < second.rev == head.rev


async def test_each_event_says_what_was_there_before(house: House) -> None:
    """`prev`, `since` and `prevData` chain the events, so that a consumer can check each against the last."""
    alice = await house.account()
    made = [
        await committed(house, alice, write(house, "create", "a", "1"), write(house, "put", "b")),
        await committed(house, alice, write(house, "update", "a", "2"), gone("b"), gone("never was")),
    ]
    first, second, third = (body for _, body in await house.events())

    assert [second["since"], third["since"]] == [first["rev"], second["rev"]]
    assert [body["commit"] for body in (second, third)] == [each.cid for each in made]
    one, two = write(house, "put", "a", "1").cid, write(house, "put", "a", "2").cid
    assert second["ops"] == [
        {"action": "create", "path": f"{NOTE}/a", "cid": one},
        {"action": "create", "path": f"{NOTE}/b", "cid": write(house, "put", "b").cid},
    ]
    assert third["ops"] == [
        {"action": "update", "path": f"{NOTE}/a", "cid": two, "prev": one},
        {"action": "delete", "path": f"{NOTE}/b", "cid": None, "prev": write(house, "put", "b").cid},
    ]
    assert second["prevData"] != third["prevData"]
    assert isinstance(third["blocks"], bytes)
    sent = car.read(third["blocks"], max_blocks=100, max_bytes=100_000)
    assert sent.roots == (made[1].cid,)
    assert two in sent.blocks


async def test_create_insists_that_there_is_nothing(house: House) -> None:
    """A record that is there is not overwritten."""
    alice = await house.account()
    await house.put(alice, "a")

    with pytest.raises(RecordAlreadyExists, match=rf"^Record already exists: {NOTE}/a$"):
        await house.repos.write(alice.id, [write(house, "create", "a", "other")])


@pytest.mark.parametrize("kind", ["update", "removal"])
async def test_update_and_insistent_removal_need_a_record(house: House, kind: str) -> None:
    """What is not there cannot be changed."""
    alice = await house.account()
    change = write(house, "update", "a") if kind == "update" else gone("a", insist=True)

    with pytest.raises(InvalidRequest, match=rf"^Could not locate record: {NOTE}/a$"):
        await house.repos.write(alice.id, [change])


async def test_what_changes_nothing_makes_no_commit(house: House) -> None:
    """Putting what is there, removing what is not, and no writes at all leave head and log alone."""
    alice = await house.account()
    await house.put(alice, "a")
    head, told = await house.reading.head(alice.did), len(await house.events())

    nothing: list[list[Write | Removal]] = [
        [],
        [write(house, "put", "a")],
        [gone("b")],
        [write(house, "put", "a"), gone("b")],
    ]
    for writes in nothing:
        assert await house.repos.write(alice.id, writes) is None

    assert await house.reading.head(alice.did) == head
    assert len(await house.events()) == told


async def test_an_update_to_the_same_is_told(house: House) -> None:
    """Whoever insists on an update gets its commit, also where the record stays the same."""
    alice = await house.account()
    await house.put(alice, "a")

    await committed(house, alice, write(house, "update", "a"))

    assert len(await house.events()) == 3
    await house.check_tree(alice)


async def test_swap_of_a_record(house: House) -> None:
    """A swap names the record that must be there, or that there must be none; the refusal says what there is."""
    alice = await house.account()
    await house.put(alice, "a", "1")
    now, other = write(house, "put", "a", "1").cid, Cid.of_cbor(b"other")

    for change, message in (
        (write(house, "put", "a", "2", swap=None), f"Record was at {now}"),
        (write(house, "put", "a", "2", swap=other), f"Record was at {now}"),
        (write(house, "put", "b", "2", swap=now), "Record does not exist"),
        (gone("a", swap=other), f"Record was at {now}"),
    ):
        with pytest.raises(InvalidSwap, match=rf"^{message}$"):
            await house.repos.write(alice.id, [change])
    await committed(house, alice, write(house, "put", "a", "2", swap=now), write(house, "put", "b", swap=None))
    await committed(house, alice, gone("a", swap=write(house, "put", "a", "2").cid))
    assert await house.repos.write(alice.id, [gone("a", swap=other)]) is None


async def test_swap_of_the_commit(house: House) -> None:
    """A write that was made on another state is refused, also the removal of what is not there."""
    alice = await house.account()
    old = (await house.reading.head(alice.did)).cid
    made = await committed(house, alice, write(house, "create", "a"), swap_commit=old)

    for change in (write(house, "create", "b"), gone("a"), gone("never was")):
        with pytest.raises(InvalidSwap, match=rf"^Commit was at {made.cid}$"):
            await house.repos.write(alice.id, [change], swap_commit=old)
    assert await house.repos.write(alice.id, [write(house, "put", "a")], swap_commit=old) is None


async def test_of_many_writers_with_one_swap_one_wins(house: House) -> None:
    """The check and the write are one step, however many come at once."""
    alice = await house.account()
    head = (await house.reading.head(alice.did)).cid

    results = await asyncio.gather(
        *[house.repos.write(alice.id, [write(house, "create", f"{n}")], swap_commit=head) for n in range(16)],
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["InvalidSwap"] * 15 + ["Written"]
    assert (await house.count(alice))[0] == 1


async def test_parallel_writers_make_one_chain(house: House) -> None:
    """Everything is told once; revs and seqs go up, and each event follows the one before."""
    alice, bob = await house.account("alice"), await house.account("bob")

    for start in range(0, 40, 10):
        await asyncio.gather(
            *[house.put(account, f"{start + n}", account.handle) for n in range(10) for account in (alice, bob)]
        )

    told = [body for name, body in await house.events()]
    assert [body["seq"] for body in told] == list(range(1, len(told) + 1))
    for account in (alice, bob):
        own = [body for body in told if body["repo"] == account.did]
        assert [body["since"] for body in own[1:]] == [body["rev"] for body in own[:-1]]
        assert own[-1]["rev"] == (await house.reading.head(account.did)).rev
        paths = [op["path"] for body in own for op in cast("list[dict[str, str]]", body["ops"])]
        assert sorted(paths) == sorted(f"{NOTE}/{n}" for n in range(40))
        await house.check_tree(account)


async def test_requests_that_wait_at_once_share_a_commit(house: House) -> None:
    """It is what each of them is answered, and one event tells of all; one that is refused does not hold up others."""
    alice = await house.account()
    await house.put(alice, "there")
    asked: list[list[Write | Removal]] = [
        [write(house, "create", "a")],
        [write(house, "create", "there")],
        [write(house, "put", "b"), gone("c")],
    ]

    made = await asyncio.gather(*[house.repos.write(alice.id, each) for each in asked], return_exceptions=True)

    assert [type(each) for each in made] == [Written, RecordAlreadyExists, Written]
    assert made[0] == made[2]
    *_, (_, body) = await house.events()
    ops = cast("list[dict[str, str]]", body["ops"])
    assert [(op["action"], op["path"]) for op in ops] == [("create", f"{NOTE}/a"), ("create", f"{NOTE}/b")]
    assert len(await house.events()) == 3
    await house.check_tree(alice)


async def test_what_nobody_else_can_follow_has_a_commit_of_its_own(house: House) -> None:
    """A record written twice at once is written twice, in the order of asking, as is all between."""
    alice = await house.account()
    asked: list[Write | Removal] = [
        write(house, "create", "a", "1"),
        write(house, "put", "b"),
        write(house, "update", "a", "2"),
        gone("a"),
    ]

    made = await asyncio.gather(*[house.repos.write(alice.id, [each]) for each in asked])

    first, second, third, fourth = made
    assert first is not None
    assert second == first
    assert third is not None
    assert fourth is not None
    assert first.rev < third.rev < fourth.rev
    assert (await house.count(alice))[0] == 1
    await house.check_tree(alice)


async def test_what_is_refused_for_all_together_is_refused_for_who_caused_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that pile up in one node are one writer's doing; the others who shared the commit get theirs."""
    alice = await house.account()
    monkeypatch.setattr(node, "MAX_ENTRIES", 4)
    flat = [key for n in range(200) if mst.layer_of(f"{NOTE}/{(key := f'{n}')}".encode()) == 0]
    crowd = [write(house, "create", key) for key in sorted(flat)[:8]]

    made = await asyncio.gather(
        house.repos.write(alice.id, [write(house, "create", "zz")]),
        house.repos.write(alice.id, crowd),
        house.repos.write(alice.id, [write(house, "create", "zzz")]),
        return_exceptions=True,
    )

    assert [type(each) for each in made] == [Written, InvalidRequest, Written]
    assert (await house.count(alice))[0] == 2
    await house.check_tree(alice)


async def test_shared_commits_come_to_what_separate_ones_would(house: House) -> None:
    """Whatever is asked at once: the same answers, record by record, as one after another gives on a second account."""
    rng = random.Random(11)
    alice, bob = await house.account("alice"), await house.account("bob")

    def some_writes() -> list[Write | Removal]:
        keys = rng.sample(range(12), rng.randrange(1, 4))
        return [
            gone(f"{n}", insist=rng.random() < 0.5)
            if rng.random() < 0.3
            else write(house, rng.choice(["create", "update", "put"]), f"{n}", str(rng.randrange(3)))
            for n in keys
        ]

    for _ in range(30):
        asked = [some_writes() for _ in range(rng.randrange(2, 12))]
        at_once = await asyncio.gather(*[house.repos.write(alice.id, each) for each in asked], return_exceptions=True)
        singly = [(await asyncio.gather(house.repos.write(bob.id, each), return_exceptions=True))[0] for each in asked]
        assert [type(each) for each in at_once] == [type(each) for each in singly]
        assert [str(each) for each in at_once if isinstance(each, Exception)] == [
            str(each) for each in singly if isinstance(each, Exception)
        ]
        await house.check_tree(alice)
    assert (await house.reading.head(alice.did)).data == (await house.reading.head(bob.did)).data


async def test_two_writes_to_one_record_are_refused(house: House) -> None:
    """A batch says once what becomes of a record."""
    alice = await house.account()

    for second in (write(house, "put", "a", "2"), gone("a")):
        with pytest.raises(InvalidRequest, match=rf"^Write 2 is the second to {NOTE}/a: "):
            await house.repos.write(alice.id, [write(house, "create", "a"), write(house, "create", "b"), second])
    assert await house.count(alice) == (0, 1)


async def test_two_hundred_writes_fit_and_one_more_does_not(house: House) -> None:
    """More could not be told in one event."""
    alice = await house.account()
    writes = [write(house, "create", f"{n:03d}") for n in range(MAX_OPS + 1)]

    with pytest.raises(InvalidRequest, match=r"^Too many writes\. Max: 200$"):
        await house.repos.write(alice.id, writes)
    await committed(house, alice, *writes[:MAX_OPS])
    assert (await house.count(alice))[0] == 200
    await committed(house, alice, *[gone(f"{n:03d}", insist=True) for n in range(200)])
    assert await house.count(alice) == (0, 1)
    await house.check_tree(alice)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("takendown", AccountTakedown, "Account has been taken down"),
        ("deactivated", AccountDeactivated, "Account is deactivated"),
    ],
)
async def test_an_inactive_account_does_not_write(
    house: House, status: str, error: type[Exception], message: str
) -> None:
    """Whatever its token says: the account is looked at in the transaction of the write."""
    alice = await house.account()
    await house.set_status(alice, status)

    with pytest.raises(error, match=rf"^{message}$"):
        await house.put(alice, "a")


async def test_a_deleted_account_does_not_write(house: House) -> None:
    """A write that comes after the deletion finds nobody."""
    alice = await house.account()
    await house.db.write(lambda tx: tx.run("DELETE FROM account WHERE id = ?", alice.id))

    with pytest.raises(AccountNotFound, match=r"^Account not found$"):
        await house.put(alice, "a")


async def test_revs_go_up_when_the_clock_goes_back(house: House) -> None:
    """A repository never goes back in time."""
    alice = await house.account()
    first = await committed(house, alice, write(house, "create", "a"))
    house.clock.turn(seconds=-86_400)

    second = await committed(house, alice, write(house, "create", "b"))

    assert second.rev > first.rev


async def test_rows_say_when_they_were_written(house: House) -> None:
    """What a commit wrote carries its rev, which is how a client gets what is new."""
    alice = await house.account()
    for n in range(10):
        await house.put(alice, f"{n}")
    last = await committed(house, alice, write(house, "put", "5", "new"))
    before = (await house.events())[-2][1]["rev"]
    assert isinstance(before, str)

    gained = await house.db.read(lambda tx: list(records.since(tx, alice.id, type(last.rev)(before))))
    rewritten = await house.db.read(lambda tx: list(nodes.since(tx, alice.id, type(last.rev)(before))))

    assert [cid for cid, _ in gained] == [write(house, "put", "5", "new").cid]
    assert (await house.reading.head(alice.did)).data in [cid for cid, _ in rewritten]


async def test_random_batches_keep_rows_and_tree_together(house: House) -> None:
    """Whatever is done in whatever order: the stored nodes are exactly those of the one tree that the records have."""
    rng = random.Random(7)
    alice = await house.account()

    for _ in range(40):
        keys = rng.sample(range(50), rng.randrange(1, 12))
        batch = [
            gone(f"{n:02d}") if rng.random() < 0.4 else write(house, "put", f"{n:02d}", str(rng.random())) for n in keys
        ]
        await house.repos.write(alice.id, batch)
        await house.check_tree(alice)
