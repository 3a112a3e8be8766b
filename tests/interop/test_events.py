"""Every event of a mixed workload, as other people's parsers decode it, and as a chain that is undone link by link."""

import asyncio
import contextlib
import random
from collections import Counter

import libipld

from roost.storage import events
from support import plain_repo
from support.firehose import Body, Follower, decoded
from support.repos import opened
from support.server import Roost
from support.workload import COLLECTIONS, Worker, odd_key

WRITES = 30
"""Writes to each account, of every kind and of both generations."""


def mixed(worker: Worker, seed: int) -> None:
    """Do some of everything to an account."""
    rng = random.Random(seed)
    for n in range(WRITES):
        number = seed * 1000 + n
        collection = COLLECTIONS[1 + n % 4]
        paths = rng.sample(sorted(worker.expected), min(6, len(worker.expected)))
        match rng.choice(["create", "put", "change", "delete", "batch", "same"]):
            case "create":
                rng.choice([worker.create, worker.old_create])(collection, number)
            case "put":
                rng.choice([worker.put, worker.old_put])(collection, number, odd_key(number))
            case "change" if paths:
                rng.choice([worker.put, worker.old_put])(paths[0].split("/")[0], number, paths[0].split("/")[1])
            case "delete" if paths:
                rng.choice([worker.delete, worker.old_delete])(paths[0])
            case "batch" if len(paths) == 6:
                updates = {path: number * 10 + i for i, path in enumerate(paths[:3])}
                if n % 2:
                    worker.batch([(collection, number), (COLLECTIONS[0], number)], updates, paths[3:])
                else:
                    worker.old_batch(updates, paths[3:])
            case "same" if paths:
                # A put of what is there makes no commit.
                collection, rkey = paths[0].split("/")
                value = worker.expected[paths[0]]
                body = {"repo": worker.did, "collection": collection, "rkey": rkey, "record": value}
                worker.call("com.atproto.repo.putRecord", body)


def log_of(roost: Roost) -> list[tuple[int, bytes]]:
    """Return the whole event log."""
    assert roost.app.server is not None
    reading = roost.app.server.db.read(lambda tx: events.after(tx, 0, 100_000))
    return asyncio.run_coroutine_threadsafe(reading, roost.loop).result(20)


def worked(roost: Roost, stack: contextlib.ExitStack, accounts: int = 3) -> list[Worker]:
    """Return accounts after a mixed workload on each."""
    found = []
    for n in range(accounts):
        worker = stack.enter_context(contextlib.closing(Worker(roost.url, f"alice{n}")))
        mixed(worker, n + 1)
        found.append(worker)
    return found


def test_every_event_decodes_and_every_chain_is_unbroken(own_roost: Roost) -> None:
    """Frames have the fields of the specification, each commit undoes to the one before, and is signed by its owner."""
    keys: dict[str, str] = {}

    def examine(body: Body) -> None:
        did = body["repo"]
        if did not in keys:
            keys[did] = plain_repo.signing_key(own_roost.plc_url, did)
        commit = libipld.decode_dag_cbor(opened(body["blocks"]).blocks[body["commit"]])
        plain_repo.check_signature(commit, keys[did])

    follower = Follower(examine=examine)
    with contextlib.ExitStack() as stack:
        workers = worked(own_roost, stack)

        follower.take(log_of(own_roost))

        for worker in workers:
            chain = follower.chains[worker.did]
            latest = worker.client.get("/xrpc/com.atproto.sync.getLatestCommit", params={"did": worker.did}).json()
            assert {path: str(cid) for path, cid in chain.records.items()} == {
                path: cid for collection in COLLECTIONS for path, (cid, _) in worker.listed(collection).items()
            }
            assert chain.records.keys() == worker.expected.keys()
            assert latest == {"cid": str(chain.commit), "rev": chain.rev}


def test_an_account_begins_with_four_events(own_roost: Roost) -> None:
    """Identity, account, the empty first commit, and a sync that states it, whichever generation asked."""
    own_roost.person()
    body = {"handle": "today.test", "email": "today@mail.test", "password": "correct horse battery"}
    assert own_roost.post("com.atproto.server.createAccount", json=body).status_code == 200

    follower = Follower()
    log = log_of(own_roost)
    follower.take(log)

    kinds = [chain.kinds for chain in follower.chains.values()]
    assert kinds == [["#identity", "#account", "#commit", "#sync"]] * 2
    handles = [body["handle"] for kind, body in map(decoded, (frame for _, frame in log)) if kind == "#identity"]
    assert handles[1] == "today.test"
    (first, _) = [body for kind, body in map(decoded, (frame for _, frame in log)) if kind == "#commit"]
    assert (first["since"], first["ops"], "prevData" in first) == (None, [], False)


def test_writes_make_exactly_one_event_each(own_roost: Roost) -> None:
    """A commit is one event; a write that is refused, and one that changes nothing, is none."""
    person = own_roost.person()
    before = len(log_of(own_roost))
    note = {"repo": person.did, "collection": "com.example.note", "rkey": "a", "record": {"text": "one"}}

    person.post("com.atproto.repo.createRecord", json=note)
    person.post("com.atproto.repo.createRecord", json=note)
    person.post("com.atproto.repo.putRecord", json=note)
    person.post("com.atproto.repo.putRecord", json=note | {"swapRecord": None, "record": {"text": "two"}})
    person.post("com.atproto.repo.putRecord", json=note | {"record": {"text": "two"}})
    person.post("com.atproto.repo.deleteRecord", json=note | {"rkey": "b"})
    person.post("com.atproto.repo.deleteRecord", json=note)

    told = [decoded(frame) for _, frame in log_of(own_roost)[before:]]
    assert Counter(kind for kind, _ in told) == {"#commit": 3}
    assert [body["ops"][0]["action"] for _, body in told] == ["create", "update", "delete"]


def test_the_header_of_a_commit_is_the_worked_one(own_roost: Roost) -> None:
    """A frame begins with the bytes that were worked out by hand from the specification."""
    own_roost.person()

    commits = [frame for _, frame in log_of(own_roost) if decoded(frame)[0] == "#commit"]

    assert [frame[:15].hex() for frame in commits] == ["a261746723636f6d6d6974626f7001"]
