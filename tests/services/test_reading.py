"""Reading records."""

import pytest

from roost.data.cid import Cid
from roost.services.errors import RecordNotFound, RepoDeactivated, RepoNotFound
from roost.services.writes import Write
from roost.storage import heads
from roost.storage.accounts import Account
from roost.syntax import Nsid, RecordKey
from support.house import NOTE, House, did_of

pytestmark = pytest.mark.anyio


async def write(house: House, account: Account, *paths: str) -> None:
    """Put records at paths, in one commit."""
    writes: list[Write] = []
    for path in paths:
        collection, _, rkey = path.partition("/")
        writes.append(
            house.records.write("create", Nsid.parse(collection), RecordKey(rkey), {"at": path}, validate=False)
        )
    await house.repos.write(account.id, writes)


async def listed(house: House, account: Account, **bounds: object) -> list[str]:
    """Return the keys of a page of notes."""
    found = await house.reading.list(account.did, NOTE, **({"limit": 100} | bounds))  # type: ignore[arg-type]
    return [path.partition("/")[2] for path, _ in found.records]


async def test_a_record_is_found_by_either_name_of_its_repository(house: House) -> None:
    """The answer names the repository by its DID, whatever it was asked for by."""
    alice = await house.account()
    await write(house, alice, f"{NOTE}/a")

    did, shown = await house.reading.record(alice.handle, NOTE, RecordKey("a"))

    assert did == alice.did
    assert shown.json == f'{{"$type":"{NOTE}","at":"{NOTE}/a"}}'.encode()


async def test_a_record_that_is_not_there_is_named(house: House) -> None:
    """Neither a missing record nor another version of it is found; the refusal says which was asked for."""
    alice = await house.account()
    await write(house, alice, f"{NOTE}/a")

    for rkey, cid in (("b", None), ("a", Cid.of_cbor(b"another"))):
        with pytest.raises(RecordNotFound) as refused:
            await house.reading.record(alice.did, NOTE, RecordKey(rkey), cid)
        assert str(refused.value) == f"Could not locate record: at://{alice.did}/{NOTE}/{rkey}"


async def test_a_page_is_cut_from_either_end(house: House) -> None:
    """Bounds are exclusive, and need not be keys that are there."""
    alice = await house.account()
    await write(house, alice, *[f"{NOTE}/{rkey}" for rkey in "acegi"])

    assert await listed(house, alice) == ["a", "c", "e", "g", "i"]
    assert await listed(house, alice, limit=2) == ["a", "c"]
    assert await listed(house, alice, limit=2, newest_first=True) == ["i", "g"]
    assert await listed(house, alice, after="c") == ["e", "g", "i"]
    assert await listed(house, alice, after="b", before="g") == ["c", "e"]
    assert await listed(house, alice, before="d", newest_first=True) == ["c", "a"]


async def test_a_collection_ends_where_its_name_does(house: House) -> None:
    """Collections whose names begin alike, or sort between, are others; so are accounts."""
    alice, bob = await house.account("alice"), await house.account("bob")
    others = [f"{NOTE}-x.y/1", f"{NOTE}a/1", f"{NOTE}.sub/1", "com.example/1", "zzz.example.note/1"]
    await write(house, alice, f"{NOTE}/1", *[path for path in others if path.count(".") > 1])
    await write(house, bob, f"{NOTE}/2")

    assert await listed(house, alice) == ["1"]
    assert await listed(house, alice, after="\uffff") == []
    assert await listed(house, alice, before="\U0010ffff") == ["1"]


async def test_contents_are_the_collections_that_have_a_record(house: House) -> None:
    """They are sorted as names, which is not how paths sort; an emptied one is gone."""
    alice = await house.account()
    await write(house, alice, "a.b.c/1", "a.b.c/2", "a-z.b.c/1", "a.b.c-d.e/1", f"{NOTE}/1")
    await house.remove(alice, "1")

    contents = await house.reading.contents(alice.did)

    assert contents.collections == ["a-z.b.c", "a.b.c", "a.b.c-d.e"]
    assert (contents.did, contents.handle) == (alice.did, "alice.test")


async def test_the_head_is_that_of_the_last_write(house: House) -> None:
    """A reader sees a write as soon as its writer was answered."""
    alice = await house.account()
    written = await house.put(alice, "a")
    assert written is not None

    head = await house.reading.head(alice.did)

    assert (head.cid, head.rev) == (written.cid, written.rev)
    assert await house.db.read(lambda tx: heads.rev_of(tx, alice.id, written.cid)) == written.rev


async def test_inactive_and_unknown_repositories_are_not_read(house: House) -> None:
    """All ways to read refuse alike; the account itself can still be looked up."""
    alice = await house.account()
    await house.set_status(alice, "deactivated")

    for did, error in ((alice.did, RepoDeactivated), (did_of("nobody"), RepoNotFound)):
        for ask in (
            house.reading.record(did, NOTE, RecordKey("a")),
            house.reading.list(did, NOTE, limit=1),
            house.reading.contents(did),
            house.reading.head(did),
        ):
            with pytest.raises(error):
                await ask
    found = await house.reading.account(alice.did)
    assert found is not None
    assert found.status == "deactivated"
    assert await house.reading.account(did_of("nobody")) is None
