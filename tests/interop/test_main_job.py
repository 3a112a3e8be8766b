"""The main job, judged by others: a stranger writes 5,000 records over HTTP, and two implementations verify them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libipld
import pytest
from cryptography.exceptions import InvalidSignature

from support import node, plain_repo
from support.process import ServerProcess
from support.workload import Json, Worker, five_thousand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@dataclass(frozen=True)
class Job:
    """What was done, and what the server says of it."""

    server: ServerProcess
    worker: Worker
    listed: dict[str, tuple[str, Json]]
    exports: dict[str, bytes]
    other: str
    """The DID of another account, whose key has signed nothing of this."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A server process, an account of five thousand records, and its exports of both generations."""
    folder = tmp_path_factory.mktemp("main-job")
    server = ServerProcess(folder / "data", folder / "log")
    with contextlib.ExitStack() as stack:
        stack.callback(server.end)
        server.start()
        worker = stack.enter_context(contextlib.closing(Worker(server.url, "alice")))
        with contextlib.closing(Worker(server.url, "bob")) as other:
            other.create("com.example.note", 1)
        five_thousand(worker)
        described = worker.client.get("/xrpc/com.atproto.repo.describeRepo", params={"repo": worker.did}).json()
        listed: dict[str, tuple[str, Json]] = {}
        for collection in described["collections"]:
            listed |= worker.listed(collection)
        exports = {
            nsid: worker.client.get(f"/xrpc/{nsid}", params={"did": worker.did}).content
            for nsid in ("com.atproto.sync.getRepo", "com.atproto.syncGetRepo")
        }
        yield Job(server, worker, listed, exports, other.did)


def test_every_acknowledged_write_is_listed(job: Job) -> None:
    """Both generations list exactly the records that were acknowledged, each with the value that was sent."""
    old: dict[str, Json] = {}
    for collection in {path.partition("/")[0] for path in job.listed}:
        old |= job.worker.old_listed(collection)

    assert len(job.worker.expected) == 5000
    assert {path: value for path, (_, value) in job.listed.items()} == job.worker.expected
    assert old == job.worker.expected


def test_both_generations_export_the_same(job: Job) -> None:
    """There is one repository behind both methods, and one order in which it is written out."""
    assert job.exports["com.atproto.sync.getRepo"] == job.exports["com.atproto.syncGetRepo"]


def test_the_reference_packages_verify_it(job: Job, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`@atproto/repo` checks every block, the tree and the signature, and finds the records that were listed."""
    assert request.config.cache is not None
    folder = node.installed(request.config.cache.mkdir("interop-node"))
    for nsid, car in job.exports.items():
        file = tmp_path / f"{nsid}.car"
        file.write_bytes(car)

        found = node.verified(folder, file, job.worker.did, job.server.plc_url)

        records = found["records"]
        assert isinstance(records, dict)
        assert found["did"] == job.worker.did
        assert {path: (each["cid"], each["value"]) for path, each in records.items()} == job.listed


def test_neither_passes_what_is_damaged(job: Job, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """One changed byte in a record, or another account's name on the repository, and both refuse it."""
    assert request.config.cache is not None
    folder = node.installed(request.config.cache.mkdir("interop-node"))
    car = job.exports["com.atproto.sync.getRepo"]
    multikey = plain_repo.signing_key(job.server.plc_url, job.worker.did)
    file = tmp_path / "repo.car"
    file.write_bytes(car[:-1] + bytes([car[-1] ^ 1]))

    with pytest.raises(AssertionError, match="Not a valid CID for bytes"):
        node.verified(folder, file, job.worker.did, job.server.plc_url)
    with pytest.raises(AssertionError, match="the block is the one that its CID names"):
        plain_repo.verified(file.read_bytes(), job.worker.did, multikey)
    file.write_bytes(car)
    with pytest.raises(AssertionError, match="Invalid repo did"):
        node.verified(folder, file, job.other, job.server.plc_url)
    with pytest.raises(InvalidSignature):
        plain_repo.verified(car, job.worker.did, plain_repo.signing_key(job.server.plc_url, job.other))


@pytest.mark.parametrize("nsid", ["com.atproto.sync.getRepo", "com.atproto.syncGetRepo"])
def test_the_python_stack_verifies_it(job: Job, nsid: str) -> None:
    """`libipld`, `atproto` and `cryptography` check the same by the specification alone, and find the same records."""
    multikey = plain_repo.signing_key(job.server.plc_url, job.worker.did)

    found = plain_repo.verified(job.exports[nsid], job.worker.did, multikey)

    assert {path: cid for path, (cid, _) in found.records.items()} == {
        path: cid for path, (cid, _) in job.listed.items()
    }
    assert {path: value for path, (_, value) in found.records.items()} == {
        path: plain_repo.from_json(value) for path, value in job.worker.expected.items()
    }
    assert found.order[0] == found.cid, "the commit is the first block"


def test_the_export_is_the_latest_commit(job: Job) -> None:
    """The root of the export is the commit that both generations name, at its rev."""
    latest = job.worker.client.get("/xrpc/com.atproto.sync.getLatestCommit", params={"did": job.worker.did}).json()
    old = job.worker.client.get("/xrpc/com.atproto.syncGetRoot", params={"did": job.worker.did}).json()

    header, blocks = libipld.decode_car(job.exports["com.atproto.sync.getRepo"])

    (root,) = header["roots"]
    assert latest == {"cid": libipld.encode_cid(root), "rev": blocks[root]["rev"]}
    assert old == {"root": latest["cid"]}


def test_a_restart_changes_nothing(job: Job) -> None:
    """After an orderly stop, which exits 0, and a new start, the export is the same to the byte."""
    assert job.server.stop() == 0
    job.server.start()

    again = job.worker.client.get("/xrpc/com.atproto.sync.getRepo", params={"did": job.worker.did}).content

    assert again == job.exports["com.atproto.sync.getRepo"]
