"""What is kept beside the records, commit by commit."""

import pytest

from roost.data.cid import Cid
from roost.services import indexes
from roost.services.errors import BlobNotFound, InvalidMimeType, InvalidRequest, InvalidSize
from roost.services.references import BlobRef, Pointers
from roost.services.writes import Removal, Write
from roost.storage import backlinks, blobs, doomed
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.syntax import Nsid, RecordKey
from support.house import House

pytestmark = pytest.mark.anyio

THING, FOLLOW = Nsid.parse("com.example.thing"), Nsid.parse("app.bsky.graph.follow")
DATA = b"a picture"
CID = Cid.of_raw(DATA)
REF = {"$type": "blob", "ref": CID, "mimeType": "image/png", "size": 9}


async def upload(house: House, account: Account, cid: Cid = CID, *, object: str = "object") -> None:
    """Have a blob uploaded."""
    await house.db.write(lambda tx: blobs.add(tx, account.id, cid, mime_type="image/png", size=9, object=object, now=1))


def thing(house: House, rkey: str, value: object) -> Write:
    """Return the write of a record."""
    return house.records.write("put", THING, RecordKey.parse(rkey), value)


async def state(house: House, account: Account, cid: Cid = CID) -> str:
    """Say how it stands with a blob."""

    def read(tx: Tx) -> str:
        blob = blobs.get(tx, account.id, cid)
        if blob is None:
            return "gone"
        return "missing" if blob.object is None else "temporary" if blob.temporary_since else "kept"

    return await house.db.read(read)


async def test_a_blob_is_kept_while_a_record_refers_to_it(house: House) -> None:
    """Through edits and other records, until the last is gone; then its object is due."""
    account = await house.account()
    await upload(house, account)
    states = [await state(house, account)]
    steps: list[list[Write | Removal]] = [
        [thing(house, "a", {"pic": REF})],
        [thing(house, "a", {"pic": REF, "edited": True})],
        [thing(house, "a", {}), thing(house, "b", {"pics": [REF, [REF]]})],
        [Removal(f"{THING}/a"), Removal(f"{THING}/none")],
        [Removal(f"{THING}/b")],
    ]
    for step in steps:
        await house.repos.write(account.id, step)
        states.append(await state(house, account))

    assert states == ["temporary", "kept", "kept", "kept", "kept", "gone"]
    assert await house.db.read(lambda tx: doomed.due(tx, house.minter.milliseconds(), 9)) == ["object"]


async def test_whoever_removes_objects_is_told_once_it_is_durable(house: House) -> None:
    """Not of a commit that leaves none, nor of one that fails."""
    told: list[str] = []
    repos = type(house.repos)(house.db, house.keyring, house.minter, lambda: told.append("told"))
    account = await house.account()
    await upload(house, account)
    await repos.write(account.id, [thing(house, "a", {"pic": REF}), thing(house, "b", {})])
    await repos.write(account.id, [Removal(f"{THING}/b")])
    before = list(told)

    await repos.write(account.id, [Removal(f"{THING}/a")])

    assert (before, told) == ([], ["told"])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ref": Cid.of_raw(b"other")}, BlobNotFound),
        ({"mimeType": "image/jpeg"}, InvalidMimeType),
        ({"size": 8}, InvalidSize),
    ],
)
async def test_a_reference_must_be_true(house: House, change: dict[str, object], error: type[Exception]) -> None:
    """Nothing is written otherwise."""
    account = await house.account()
    await upload(house, account)

    with pytest.raises(error):
        await house.repos.write(account.id, [thing(house, "a", {"pic": REF | change})])
    assert (await house.count(account))[0] == 0
    assert await state(house, account) == "temporary"


async def test_the_type_of_what_is_referred_to_already_is_not_compared(house: House) -> None:
    """An imported record may call it otherwise, and must be editable; a size cannot differ."""
    account = await house.account()
    await upload(house, account)
    await house.repos.write(account.id, [thing(house, "a", {"pic": REF})])

    await house.repos.write(account.id, [thing(house, "b", {"pic": REF | {"mimeType": "image/x-png"}})])
    with pytest.raises(InvalidSize):
        await house.repos.write(account.id, [thing(house, "c", {"pic": REF | {"size": 1}})])


async def test_what_comes_from_elsewhere_may_be_missing(house: House) -> None:
    """It is then expected, until no record refers to it any more."""
    account = await house.account()
    points = {f"{THING}/a": Pointers((BlobRef(CID, "image/png", 9),)), f"{FOLLOW}/a": Pointers((), "did:plc:abc")}
    rev = house.minter.mint()

    def keep(tx: Tx) -> list[str]:
        indexes.keep(tx, account.id, rev, [], points, now=1)
        return backlinks.find(tx, account.id, FOLLOW, "did:plc:abc")

    found = await house.db.write(keep)
    missing = await state(house, account)
    changed = list(points)
    left = await house.db.write(lambda tx: indexes.keep(tx, account.id, rev, changed, {}, now=2))

    assert (found, missing, left) == ([f"{FOLLOW}/a"], "missing", False)
    assert await state(house, account) == "gone"
    assert await house.db.read(lambda tx: backlinks.find(tx, account.id, FOLLOW, "did:plc:abc")) == []


async def test_no_more_is_supplanted_than_one_commit_can_tell_of(house: House) -> None:
    """The rest goes with the next one."""
    account = await house.account()

    def follow(*, supplant: bool) -> Write:
        return house.records.write("create", FOLLOW, None, {"subject": "did:plc:abc"}, supplant=supplant)

    for _ in range(2):
        await house.repos.write(account.id, [follow(supplant=False) for _ in range(150)])
    counts = []
    for _ in range(3):
        await house.repos.write(account.id, [follow(supplant=True)])
        counts.append((await house.count(account))[0])

    assert counts == [102, 1, 1]
    await house.check_tree(account)


async def test_too_many_blobs(house: House) -> None:
    """They are refused before any is looked for."""
    account = await house.account()
    refs = [REF | {"ref": Cid.of_raw(b"%d" % n)} for n in range(indexes.MAX_BLOBS + 1)]

    with pytest.raises(InvalidRequest, match="Too many blobs"):
        await house.repos.write(account.id, [thing(house, "a", {"pics": refs})])


async def test_an_accounts_blobs_are_its_own(house: House) -> None:
    """Another's may have the same name, and stay."""
    alice, bob = await house.account("alice"), await house.account("bob")
    await upload(house, alice, object="a")
    await upload(house, bob, object="b")
    for account in (alice, bob):
        await house.repos.write(account.id, [thing(house, "a", {"pic": REF})])

    await house.repos.write(alice.id, [Removal(f"{THING}/a")])

    assert (await state(house, alice), await state(house, bob)) == ("gone", "kept")
    assert await house.db.read(lambda tx: doomed.due(tx, house.minter.milliseconds(), 9)) == ["a"]
