"""com.atproto.repo.importRepo."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.repo import Create, inspect, mst
from roost.repo import commit as commits
from roost.storage import accounts
from roost.syntax import Did, Tid
from support.calls import at_once, exported, fill, head, inside, inspected, refusal, sign_in
from support.moving import CAR, key_of, newcomer, packed, repo_of, resigned, send
from support.repos import MemoryRepo, record
from support.server import Person, Roost, running
from support.strangers import Stranger

IMPORT = "com.atproto.repo.importRepo"


def activate(roost: Roost, person: Person, *, active: bool = True) -> None:
    """Set an account's state."""
    server = roost.app.server
    assert server is not None

    async def change() -> None:
        def set_state(tx: object) -> None:
            account = accounts.by_did(tx, Did(person.did))  # type: ignore[arg-type]  # a Tx
            assert account is not None
            accounts.set_deactivated(tx, account.id, None if active else 1)  # type: ignore[arg-type]  # as above

        await server.db.write(set_state)

    inside(roost, change())


def events_of(roost: Roost, did: str) -> list[bytes]:
    """Return the frames that tell of an account."""
    server = roost.app.server
    assert server is not None
    rows = inside(
        roost,
        server.db.read(
            lambda tx: tx.all(
                "SELECT frame FROM event WHERE account = (SELECT id FROM account WHERE did = ?) ORDER BY seq", did
            )
        ),
    )
    return [row[0] for row in rows]


def signed_in(roost: Roost, person: Person) -> Person:
    """Return somebody with a session of today's kind."""
    return Person(person.did, person.handle, "", sign_in(roost, person).access, person.client)


def later(person: Person) -> Tid:
    """Return a rev that comes after a repository's."""
    return Tid.of(Tid.parse(head(person)[1]).micros + 1, 0)


@pytest.fixture
def mover(roost: Roost) -> tuple[Stranger, Person]:
    """Somebody who has just been given an account here."""
    return newcomer(roost)


def test_a_repository_moves_in(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """All of it, under a commit that is signed with the key it has here and comes later; nobody is told yet."""
    stranger, person = mover
    repo = repo_of(stranger, 500)

    answer = send(person, repo.export())

    assert (answer.status_code, answer.content) == (200, b"")
    assert events_of(roost, person.did) == []
    activate(roost, person)
    found = exported(person)
    report = inspect(found.roots[0], found.blocks, key_of(roost, person).public)
    assert (report.problems, report.records, report.signed) == ((), 500, True)
    assert report.commit is not None
    assert repo.head is not None
    assert report.commit.data == repo.head.data
    assert report.commit.rev > repo.head.rev
    listed = person.get("com.atproto.repo.listRecords", repo=person.did, collection="com.example.record", limit=3)
    assert [each["value"]["number"] for each in listed.json()["records"]] == [499, 498, 497]


def test_the_rev_keeps_growing(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """The old host's clock may be ahead of ours."""
    stranger, person = mover
    ahead = Tid.of(time.time_ns() // 1000 + 200_000_000, 1)

    assert send(person, resigned(repo_of(stranger, 3), rev=ahead)).status_code == 200

    activate(roost, person)
    assert head(person)[1] > ahead
    activate(roost, person, active=False)
    assert send(person, resigned(repo_of(stranger, 4), rev=Tid.of(1_000_000, 1))).status_code == 200
    activate(roost, person)
    assert head(person)[1] > ahead


def test_again_and_another(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """The same again changes nothing; another one, of any size, takes its place."""
    stranger, person = mover
    assert send(person, repo_of(stranger, 100).export()).status_code == 200
    activate(roost, person)
    before = head(person)

    assert send(person, repo_of(stranger, 100).export()).status_code == 200

    assert head(person) == before
    for count in (120, 3, 0, 40):
        assert send(person, resigned(repo_of(stranger, count), rev=later(person))).status_code == 200
        report = inspected(person)
        assert (report.problems, report.records) == ((), count)


def test_an_active_account_tells_of_it_once(roost: Roost) -> None:
    """One #sync with the new commit; writing goes on from there."""
    person = roost.person()
    fill(person, 5)
    repo = MemoryRepo(Did(person.did), key_of(roost, person))
    repo.commit(*[Create(f"com.example.record/{n:03d}", record(n)) for n in range(50)])
    before = len(events_of(roost, person.did))

    assert send(signed_in(roost, person), resigned(repo, rev=Tid.of(time.time_ns() // 1000, 1))).status_code == 200

    (told,) = events_of(roost, person.did)[before:]
    assert b"#sync" in told
    assert bytes(Cid.parse(head(person)[0])) in told
    fill(person, 5)
    report = inspected(person)
    assert (report.problems, report.records) == ((), 55)


def test_an_active_account_does_not_go_back(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """What the network reads is not replaced by what is older, unless its owner deactivates the account for it."""
    stranger, person = mover
    backup = repo_of(stranger, 5)
    assert send(person, repo_of(stranger, 9).export()).status_code == 200
    activate(roost, person)
    before = head(person)

    for rev in (Tid.of(1_000_000, 1), Tid.parse(before[1])):
        status, name, text = refusal(send(person, resigned(backup, rev=rev)))
        assert (status, name) == (400, "InvalidRequest")
        assert f"{rev} is not after the repository's, {before[1]}" in text
        assert head(person) == before
    activate(roost, person, active=False)
    assert send(person, resigned(backup, rev=Tid.of(1_000_000, 1))).status_code == 200
    activate(roost, person)
    assert (inspected(person).records, head(person)[1] > before[1]) == (5, True)


def test_an_empty_repository_takes_any(roost: Roost) -> None:
    """An account that has written nothing has nothing to lose."""
    person = roost.person()
    repo = MemoryRepo(Did(person.did), key_of(roost, person))
    repo.commit(Create("com.example.record/1", record(1)))

    assert send(signed_in(roost, person), resigned(repo, rev=Tid.of(1_000_000, 1))).status_code == 200
    assert inspected(person).records == 1


def test_a_car_of_something_else_is_no_repository(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """Blocks that the commit does not lead to are passed over, but not any number of them; what came twice is none."""
    stranger, person = mover
    repo = repo_of(stranger, 20)
    assert repo.head is not None
    blocks = repo.blocks()
    strays = {Cid.of_cbor(block): block for block in (b"%d" % n * 300_000 for n in range(4))}
    twice = b"".join(car.frame(cid, block) for cid, block in blocks.items())

    status, name, text = refusal(send(person, packed(repo.head.cid, blocks | strays)))
    few = dict(list(strays.items())[:3])

    assert (status, name) == (400, "InvalidRequest")
    assert "4 blocks, of 1200000 bytes, that its commit does not lead to" in text
    assert send(person, packed(repo.head.cid, blocks | few) + twice * 400).status_code == 200
    activate(roost, person)
    assert inspected(person).records == 20


def test_version_2_is_read(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """A repository that was last written to in 2023."""
    stranger, person = mover
    repo = repo_of(stranger, 10)
    assert repo.head is not None
    fields = {"did": stranger.did, "version": 2, "data": repo.head.data, "prev": None}
    commit = cbor.encode(fields | {"sig": stranger.key.sign(cbor.encode(fields))})  # type: ignore[arg-type]  # a Value
    blocks = {cid: block for cid, block in repo.blocks().items() if cid != repo.head.cid}

    assert send(person, packed(Cid.of_cbor(commit), {Cid.of_cbor(commit): commit} | blocks)).status_code == 200

    activate(roost, person)
    assert inspected(person).records == 10


def test_a_former_key_of_the_did_will_do(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """A backup is signed with the key that was in use when it was made."""
    stranger, person = mover
    backup = repo_of(stranger, 10).export()
    stranger.take_key(PrivateKey.generate())

    assert send(person, backup).status_code == 200


def test_blocks_may_come_in_any_order_and_size(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """And some that nothing leads to: hosts leave such in their exports. Those are left out."""
    stranger, person = mover
    repo = repo_of(stranger, 200)
    assert repo.head is not None
    blocks = list((repo.blocks() | {Cid.of_cbor(b"stray"): b"stray"}).items())
    random.Random(2).shuffle(blocks)
    body = packed(repo.head.cid, dict(blocks))

    def pieces() -> Iterator[bytes]:
        yield from (body[at : at + 1001] for at in range(0, len(body), 1001))

    assert send(person, pieces()).status_code == 200
    activate(roost, person)
    assert Cid.of_cbor(b"stray") not in exported(person).blocks
    assert inspected(person).records == 200


def test_blobs_are_missed_until_they_come(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """References are noted, also in the old form; what comes is kept, also when another record refers to it later."""
    stranger, person = mover
    bytes_ = [b"first blob", b"second blob"]
    first, second = (Cid.of_raw(each) for each in bytes_)
    typed: Value = {"$type": "blob", "ref": first, "mimeType": "text/plain", "size": len(bytes_[0])}

    def with_blobs(**at: Value) -> bytes:
        repo = repo_of(stranger, 3)
        repo.commit(*[Create(f"com.example.pic/{rkey}", cbor.encode({"pic": value})) for rkey, value in at.items()])
        return repo.export()

    def missing() -> set[str]:
        return {each["cid"] for each in person.get("com.atproto.repo.listMissingBlobs").json()["blobs"]}

    old: Value = {"cid": str(second), "mimeType": "text/plain"}
    assert send(person, with_blobs(a=typed, b=old)).status_code == 200
    assert missing() == {str(first), str(second)}
    for each in bytes_:
        headers = person.auth | {"content-type": "text/plain"}
        uploaded = person.client.post("/xrpc/com.atproto.repo.uploadBlob", content=each, headers=headers)
        assert uploaded.status_code == 200, uploaded.text
    assert missing() == set()
    assert send(person, with_blobs(c=typed)).status_code == 200

    activate(roost, person)
    assert missing() == set()
    got = person.get("com.atproto.sync.getBlob", did=person.did, cid=first)
    assert (got.status_code, got.content) == (200, bytes_[0])
    assert person.get("com.atproto.sync.getBlob", did=person.did, cid=second).status_code == 400
    assert person.get("com.atproto.sync.listBlobs", did=person.did).json()["cids"] == [str(first)]


def lies(stranger: Stranger, person: Person) -> dict[str, bytes]:
    """Return CARs that must not be taken in, by what is wrong with them."""
    repo = repo_of(stranger, 60)
    assert repo.head is not None
    blocks = repo.blocks()
    body = repo.export()
    root = repo.head.data
    some_record = repo.records["com.example.record/00030"][0]
    bad = cbor.encode([1])
    key = b"com.example.record/00001"

    def of(node: bytes, more: dict[Cid, bytes]) -> bytes:
        """Return a repository of one node."""
        made = commits.sign(
            stranger.did, data=Cid.of_cbor(node), rev=Tid.of(1_700_000_000_000_000, 1), key=stranger.key
        )
        return packed(made.cid, {made.cid: made.block, made.data: node} | more)

    deep = mst.encode(mst.EMPTY)
    chain = {Cid.of_cbor(deep): deep}
    for _ in range(10_000):
        deep = mst.encode(mst.make((), (), (mst.Link(Cid.of_cbor(deep)),)))
        chain[Cid.of_cbor(deep)] = deep
    crowd = [each for n in range(2000) if mst.layer_of(each := b"com.example.record/%06d" % n) == 0][:300]
    crowded = mst.encode(mst.make(tuple(crowd), (Cid.of_cbor(record(1)),) * 300, (None,) * 301))
    future = Tid.of(time.time_ns() // 1000 + 3_600_000_000, 1)
    flipped = bytearray(body)
    flipped[len(body) // 2] ^= 1
    return {
        "not a CAR": b"not a CAR at all",
        "nothing": car.header(None),
        "no root": car.header(Cid.of_cbor(b"else")) + body[len(car.header(root)) :],
        "two roots": car.varint(100) + cbor.encode({"roots": [root, some_record], "version": 1}),
        "a huge header": b"\xff" * 8 + b"\x7f" + body,
        "a huge block": car.header(root) + b"\xff" * 8 + b"\x7f" + body,
        "cut off": body[:-1],
        "a flipped bit": bytes(flipped),
        "a root that is no commit": packed(root, blocks),
        "a missing node": packed(repo.head.cid, {cid: b for cid, b in blocks.items() if cid != root}),
        "a missing record": packed(repo.head.cid, {cid: b for cid, b in blocks.items() if cid != some_record}),
        "another's DID": MemoryRepo(Did("did:plc:ewvi7nxzyoun6zhxrhs64oiz"), stranger.key).export(),
        "another's key": MemoryRepo(stranger.did, PrivateKey.generate()).export(),
        "from the future": resigned(repo, rev=future),
        "ten thousand deep": of(deep, chain),
        "a crowded node": of(crowded, {Cid.of_cbor(record(1)): record(1)}),
        "a record that is no object": of(
            mst.encode(mst.make((key,), (Cid.of_cbor(bad),), (None, None))), {Cid.of_cbor(bad): bad}
        ),
        "a path of its own": of(
            mst.encode(mst.make((b"nonsense",), (Cid.of_cbor(record(1)),), (None, None))),
            {Cid.of_cbor(record(1)): record(1)},
        ),
        "a record of raw bytes": of(
            mst.encode(mst.make((key,), (Cid.of_raw(b"raw"),), (None, None))), {Cid.of_raw(b"raw"): b"raw"}
        ),
    }


def test_lies_change_nothing(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """Each is refused with a sentence; the repository is what it was, and nothing stays on the disk."""
    stranger, person = mover
    assert send(person, repo_of(stranger, 7).export()).status_code == 200
    activate(roost, person)
    before = head(person)
    activate(roost, person, active=False)

    for what, body in lies(stranger, person).items():
        status, name, text = refusal(send(person, body))

        assert (status, name) == (400, "InvalidRequest"), (what, text)
        assert len(text) > 20, what
    activate(roost, person)
    assert head(person) == before
    assert inspected(person).problems == ()
    assert [path for path in roost.data.iterdir() if ".import-" in path.name] == []


def test_who_may_import(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """The account's own password is needed, and the body must be a CAR."""
    stranger, person = mover
    body = repo_of(stranger, 1).export()

    nobody = roost.client.post(f"/xrpc/{IMPORT}", content=body, headers={"content-type": CAR})
    service = stranger.token(roost, IMPORT)
    by_token = roost.client.post(
        f"/xrpc/{IMPORT}", content=body, headers={"content-type": CAR, "authorization": f"Bearer {service}"}
    )
    as_json = roost.client.post(f"/xrpc/{IMPORT}", json={}, headers=person.auth)

    assert refusal(nobody)[:2] == (401, "AuthMissing")
    assert refusal(by_token)[:2] == (400, "InvalidToken")
    assert refusal(as_json)[:2] == (400, "InvalidRequest")
    someone = roost.person()
    assert refusal(send(someone, body))[:2] == (400, "InvalidRequest")


def test_sixteen_at_once_are_one(roost: Roost, mover: tuple[Stranger, Person]) -> None:
    """An account's imports do not run beside each other; whichever comes through leaves a whole repository."""
    stranger, person = mover
    bodies = [repo_of(stranger, 50 + n).export() for n in range(16)]

    answers = at_once(16, lambda n: send(person, bodies[n]))

    assert {answer.status_code for answer in answers} <= {200, 400}
    assert 200 in {answer.status_code for answer in answers}
    for answer in answers:
        if answer.status_code == 400:
            assert refusal(answer)[2] == "An import of this account is under way"
    activate(roost, person)
    report = inspected(person)
    assert report.problems == ()
    assert 50 <= report.records < 66


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"accept_imports": False}, (400, "InvalidRequest", "Service is not accepting repo imports")),
        (
            {"import_limit": 5000},
            (413, "PayloadTooLarge", "request entity too large"),
        ),
    ],
)
def test_what_the_operator_takes(tmp_path: Path, flags: dict[str, object], expected: tuple[int, str, str]) -> None:
    """Not every server takes repositories in, and none of any size."""
    with running(tmp_path, **flags) as own:
        stranger, person = newcomer(own)

        assert refusal(send(person, repo_of(stranger, 200).export())) == expected


def test_another_writer_does_not_wait_for_the_whole(own_roost: Roost) -> None:
    """While ten thousand records come in, others write: many times, not once before and once after."""
    stranger, person = newcomer(own_roost)
    other = own_roost.person()
    body = repo_of(stranger, 10_000).export()
    waits: list[float] = []
    done: list[int] = []

    def run(number: int) -> None:
        if number == 0:
            done.append(send(person, body).status_code)
            return
        while not done:
            began = time.perf_counter()
            fill_one(other)
            waits.append(time.perf_counter() - began)

    at_once(2, run)

    assert done == [200]
    assert len(waits) > 10


def fill_one(person: Person) -> None:
    """Write one record."""
    body = {"repo": person.did, "collection": "com.example.thing", "record": {"a": 1}}
    assert person.post("com.atproto.repo.createRecord", json=body).status_code == 200
