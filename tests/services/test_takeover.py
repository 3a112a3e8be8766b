"""Accounts of a reference server, taken over one by one."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import Create, inspect
from roost.repo import commit as commits
from roost.services.audit import Audit
from roost.services.background import Background
from roost.services.errors import InvalidRequest, Unauthenticated
from roost.services.takeover import ROTATION_KEY, ReferenceData, Taken, Takeover, examine
from roost.storage import accounts, blobs, heads
from roost.storage import events as log
from roost.storage.objects import Directory
from roost.syntax import Did
from support.house import House, did_of
from support.reference_data import WHEN, WHEN_MS, ReferenceDirectory
from support.repos import MemoryRepo, record

pytestmark = pytest.mark.anyio

PASSWORD = "reference password"


@pytest.fixture
def directory(tmp_path: Path) -> ReferenceDirectory:
    """An empty directory of a reference server."""
    return ReferenceDirectory(tmp_path / "reference")


@pytest.fixture
async def takeover(house: House, tmp_path: Path) -> AsyncIterator[Takeover]:
    """The service in a house."""
    background, objects = Background(), Directory(tmp_path / "objects")
    yield Takeover(house.db, house.keyring, objects, background, house.minter)
    await background.drain()
    await objects.close()


def repo_of(name: str, count: int = 30) -> MemoryRepo:
    """Return a repository with a key of its own."""
    repo = MemoryRepo(did_of(name), PrivateKey.generate())
    repo.commit(*[Create(f"com.example.record/{n:04d}", record(n)) for n in range(count)])
    return repo


async def taken_from(takeover: Takeover, data: ReferenceData) -> list[Taken]:
    """Take all accounts of an opened directory over."""
    async with Audit(takeover._db, takeover._minter).acting("import", actor="operator") as action:
        return [await takeover.take(data, account, action) for account in list(data.accounts())]


async def take(takeover: Takeover, directory: ReferenceDirectory) -> list[Taken]:
    """Take all accounts over; a look before must have found the same."""
    with closing(ReferenceData(directory.folder, blobs=directory.blobs)) as data:
        listed = list(data.accounts())
        seen = [await examine(data, account) for account in listed]
        taken = await taken_from(takeover, data)
    for before, after in zip(seen, taken, strict=True):
        if not after.already:
            assert (before.records, before.blobs, before.problems) == (after.records, after.blobs, after.problems)
            assert before.resigned == after.resigned or after.problems
    return taken


async def test_the_repository_stays_to_the_last_byte(
    house: House, takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """Commit, nodes and records; nobody has to be told of anything."""
    repo = repo_of("alice")
    directory.add(repo, "alice.test")

    (taken,) = await take(takeover, directory)

    account = await house.db.read(lambda tx: accounts.by_did(tx, repo.did))
    assert account is not None
    assert (account.handle, account.email, account.created_at) == ("alice.test", "alice.test@mail.dev", WHEN_MS)
    assert account.invites_disabled
    head = await house.db.read(lambda tx: heads.get(tx, account.id))
    assert head is not None
    assert repo.head is not None
    assert (head.cid, head.rev, head.block) == (repo.head.cid, repo.head.rev, repo.head.block)
    await house.check_tree(account)
    assert (taken.records, taken.problems, taken.resigned) == (30, [], False)
    assert await house.events() == []
    await house.put(account, "later")
    await house.check_tree(account)


async def test_old_passwords_open_the_door(house: House, takeover: Takeover, directory: ReferenceDirectory) -> None:
    """And are kept as ours from the first time on; so are app passwords, with what they were good for."""
    did = did_of("alice")
    directory.add(repo_of("alice"), "alice.test")
    directory.add_app_password(did, "phone", "abcd-efgh-ijkl-mnop")
    await take(takeover, directory)

    with pytest.raises(Unauthenticated):
        await house.sessions.sign_in("alice.test", "another password")
    for text, scope in ((PASSWORD, "com.atproto.access"), ("abcd-efgh-ijkl-mnop", "com.atproto.appPassPrivileged")):
        for _ in range(2):
            signed_in = await house.sessions.sign_in("alice.test", text)
            assert str(signed_in.grant.scope) == scope
            await house.sessions.begin(signed_in.account, signed_in.grant)
    with pytest.raises(Unauthenticated):
        await house.sessions.sign_in("alice.test", "abcd-efgh-ijkl-mnoq")

    account = await house.db.read(lambda tx: accounts.by_did(tx, did))
    assert account is not None
    assert account.password is not None
    assert account.password.startswith("$argon2id$")
    lengths = await house.db.read(lambda tx: tx.all("SELECT length(digest) FROM app_password"))
    assert lengths == [(32,)]


async def test_blobs_and_states_come_along(house: House, takeover: Takeover, directory: ReferenceDirectory) -> None:
    """What was taken down stays so; what was only uploaded and never used does not come."""
    repo, content = repo_of("alice"), b"a picture"
    value = {"pic": {"$type": "blob", "ref": Cid.of_raw(content), "mimeType": "text/plain", "size": len(content)}}
    repo.commit(Create("com.example.pic/a", cbor.encode(value)))  # type: ignore[arg-type]  # a Value
    directory.add(repo, "alice.test", deactivated=WHEN, takedown="because")
    cid = directory.add_blob(repo.did, content)
    hidden = directory.add_blob(repo.did, b"hidden", takedown="illegal")
    directory.add_blob(repo.did, b"never used", temporary=True)
    directory.run(repo.did, "UPDATE record SET takedownRef = 'spam' WHERE rkey = '0003'")

    (taken,) = await take(takeover, directory)

    account = await house.db.read(lambda tx: accounts.by_did(tx, repo.did))
    assert account is not None
    assert (account.status, account.takedown_ref, account.deactivated_at) == ("takendown", "because", WHEN_MS)
    kept = await house.db.read(lambda tx: [blobs.get(tx, account.id, each) for each in (cid, hidden)])
    assert [(blob.takedown_ref, blob.object is not None) for blob in kept if blob] == [(None, True), ("illegal", True)]
    assert kept[0] is not None
    assert kept[0].temporary_since is None
    assert taken.blobs == 2
    rows = await house.db.read(lambda tx: tx.all("SELECT path, ref FROM record_takedown"))
    assert rows == [("com.example.record/0003", "spam")]
    assert (directory.blobs / repo.did / str(cid)).read_bytes() == content


async def test_a_commit_of_another_key_is_signed_anew(
    house: House, takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """Who had moved there had the former host's signature until the first write: the network is told of ours."""
    repo, key = repo_of("alice"), PrivateKey.generate()
    directory.add(repo, "alice.test")
    directory.set_key(repo.did, key)

    (taken,) = await take(takeover, directory)

    account = await house.db.read(lambda tx: accounts.by_did(tx, repo.did))
    assert account is not None
    head = await house.db.read(lambda tx: heads.get(tx, account.id))
    assert head is not None
    commits.verify(commits.parse(head.block), key.public)
    assert repo.head is not None
    assert head.rev > repo.head.rev
    assert taken.resigned
    assert [name for name, _ in await house.events()] == ["#sync"]


async def test_a_second_run_does_nothing_twice(house: House, takeover: Takeover, directory: ReferenceDirectory) -> None:
    """It takes what the first one did not get to."""
    directory.add(repo_of("alice"), "alice.test")
    await take(takeover, directory)
    directory.add(repo_of("bobby"), "bobby.test")

    taken = await take(takeover, directory)

    assert [each.already for each in taken] == [True, False]
    assert await house.db.read(accounts.count) == 2


async def test_a_second_run_brings_the_blobs_that_were_missing(
    house: House, takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """What is still missing is told again; what nothing here refers to does not come back."""
    repo, content = repo_of("alice"), b"a picture"
    value = {"pic": {"$type": "blob", "ref": Cid.of_raw(content), "mimeType": "text/plain", "size": len(content)}}
    repo.commit(Create("com.example.pic/a", cbor.encode(value)))  # type: ignore[arg-type]  # a Value
    directory.add(repo, "alice.test")
    cid = directory.add_blob(repo.did, content)
    file = directory.blobs / repo.did / str(cid)
    file.unlink()

    runs = [await take(takeover, directory), await take(takeover, directory)]
    file.write_bytes(content)
    directory.add_blob(repo.did, b"nothing refers to it")
    runs += [await take(takeover, directory), await take(takeover, directory)]

    assert [(run[0].already, run[0].blobs) for run in runs] == [(False, 0), (True, 0), (True, 1), (True, 0)]
    problem = [f"blob {cid} is missing"]
    assert [run[0].problems for run in runs] == [problem, problem, [], []]
    account = await house.db.read(lambda tx: accounts.by_did(tx, repo.did))
    assert account is not None
    (row,) = await house.db.read(lambda tx: blobs.page(tx, account.id, (0, b""), 10))
    assert (row[1].cid, row[1].size, row[1].object is not None) == (cid, len(content), True)


async def test_a_password_that_cannot_be_read_is_told_each_time(
    takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """The account comes all the same, without one."""
    directory.add(repo_of("alice"), "alice.test")
    directory.run_accounts("UPDATE account SET passwordScrypt = 'nonsense'")

    runs = [await take_only(takeover, directory) for _ in range(2)]

    assert [run[0].problems for run in runs] == [["its password cannot be read: it needs a reset"]] * 2


async def test_what_cannot_be_taken_is_told_and_the_rest_goes_on(
    house: House, takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """One account after the other, each with its own reason; none of it is left half."""
    for name in ("good", "nokey", "badkey", "noroot", "broken", "foreign", "missing"):
        directory.add(repo_of(name), f"{name}.test")
    directory.add_blob(did_of("good"), b"here")
    directory.add_blob(did_of("good"), b"damaged")
    (directory.blobs / did_of("good") / str(Cid.of_raw(b"damaged"))).write_bytes(b"other bytes")
    (directory.home(did_of("nokey")) / "key").unlink()
    (directory.home(did_of("badkey")) / "key").write_bytes(b"short")
    directory.run(did_of("noroot"), "DELETE FROM repo_root")
    directory.run(did_of("broken"), "DELETE FROM repo_block WHERE cid NOT IN (SELECT cid FROM repo_root)")
    other = repo_of("other").head
    assert other is not None
    directory.run(did_of("foreign"), "INSERT INTO repo_block VALUES (?, '', 0, ?)", str(other.cid), other.block)
    directory.run(did_of("foreign"), "UPDATE repo_root SET cid = ?", str(other.cid))
    for path in directory.home(did_of("missing")).iterdir():
        path.unlink()

    taken = {each.who: each for each in await take(takeover, directory)}

    assert [text.partition(" is ")[2] for text in taken["good.test"].problems] == ["damaged"]
    for name in ("nokey", "badkey", "noroot", "broken", "foreign", "missing"):
        (problem,) = taken[f"{name}.test"].problems
        assert problem.startswith("not taken over: "), name
    assert await house.db.read(accounts.count) == 1
    staged = await house.db.read(lambda tx: tx.all("SELECT 1 FROM head WHERE repo <> 1"))
    assert staged == []


async def test_an_account_without_a_handle_gets_a_name(
    house: House, takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """One that nobody can have; two do not get the same."""
    for name in ("alice", "bobby"):
        directory.add(repo_of(name), f"{name}.test")
    directory.run_accounts("UPDATE actor SET handle = NULL")

    taken = await take(takeover, directory)

    found = await house.db.read(lambda tx: accounts.page(tx, 0, 10))
    assert len({account.handle for account in found}) == 2
    assert all(account.handle.endswith(".invalid") for account in found)
    assert all(each.notes for each in taken)


async def test_names_that_are_taken_here(house: House, takeover: Takeover, directory: ReferenceDirectory) -> None:
    """Somebody else's handle is not taken from them."""
    await house.account("alice")
    directory.add(repo_of("stranger"), "alice.test")

    (taken,) = await take_only(takeover, directory)

    assert taken.problems == ["not taken over: another account here has the handle alice.test or its email address"]


async def take_only(takeover: Takeover, directory: ReferenceDirectory) -> list[Taken]:
    """Take all accounts over, without a look before."""
    with closing(ReferenceData(directory.folder, blobs=directory.blobs)) as data:
        return await taken_from(takeover, data)


async def test_numbers_go_on_and_codes_come_along(
    house: House, takeover: Takeover, directory: ReferenceDirectory
) -> None:
    """Whoever follows the old log follows ours; a code has the uses that were left, once."""
    directory.set_seq(5000)
    directory.run_accounts("INSERT INTO invite_code VALUES ('code', 3, 0, 'admin', 'admin', ?)", WHEN)
    directory.run_accounts("INSERT INTO invite_code_use VALUES ('code', ?, ?)", did_of("alice"), WHEN)

    async with Audit(house.db, house.minter).acting("import", actor="operator") as action:
        with closing(ReferenceData(directory.folder)) as data:
            counts = [await takeover.begin(data, action) for _ in range(2)]

    alice = await house.account()
    await house.put(alice, "a")
    assert counts == [1, 0]
    events = await house.db.read(lambda tx: log.after(tx, 0, 10))
    assert events[0][0] == 5001
    assert await house.db.read(log.pruned) == 5000
    rows = await house.db.read(lambda tx: tx.all("SELECT code, uses, available FROM invite"))
    assert rows == [("code", 3, 2)]


async def test_the_rotation_key(house: House, takeover: Takeover) -> None:
    """It becomes ours while nobody relies on another; then it can only be the same."""
    key = PrivateKey.generate().to_bytes()

    await takeover.set_rotation_key(key)
    assert await house.keyring.secret(house.db, ROTATION_KEY) == key
    await house.account()
    await takeover.set_rotation_key(key)

    with pytest.raises(InvalidRequest, match="accounts already"):
        await takeover.set_rotation_key(PrivateKey.generate().to_bytes())
    with pytest.raises(InvalidRequest, match="cannot be used"):
        await takeover.set_rotation_key(bytes(32))


def test_the_repository_of_a_test_is_one() -> None:
    """What the tests above take over is what a server would serve."""
    repo = repo_of("alice")
    assert repo.head is not None
    assert inspect(repo.head.cid, repo.blocks(), repo.key.public).problems == ()
    assert isinstance(repo.did, Did)
