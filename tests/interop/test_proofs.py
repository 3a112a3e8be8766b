"""Proofs of single records, of their absence, and of what has changed, as `@atproto/repo` judges them."""

import contextlib
from pathlib import Path

import pytest

from support import node
from support.process import ServerProcess
from support.workload import COLLECTIONS, NOTE, Worker, odd_key

pytestmark = pytest.mark.slow


def test_every_record_and_every_absence_is_proved(packages: Path, served: ServerProcess, tmp_path: Path) -> None:
    """Each record is proved by a small CAR, and so is each gap; `since` and getBlocks agree with the whole."""
    with (
        contextlib.closing(Worker(served.url, "proofs")) as worker,
        contextlib.closing(Worker(served.url, "proofs-other")) as other,
    ):
        worker.batch([(COLLECTIONS[n % 5], n) for n in range(150)], {}, [])
        for n in range(20):
            worker.put(NOTE, n, odd_key(n))
        latest = worker.client.get("/xrpc/com.atproto.sync.getLatestCommit", params={"did": worker.did}).json()
        car = tmp_path / "old.car"
        car.write_bytes(worker.client.get("/xrpc/com.atproto.sync.getRepo", params={"did": worker.did}).content)
        before = set(worker.expected)
        gone, changed, *_ = sorted(before)
        worker.delete(gone)
        worker.put(changed.split("/")[0], 999, changed.split("/")[1])
        worker.create(NOTE, 1000)
        (created,) = worker.expected.keys() - before
        absent = [gone, f"{NOTE}/0", f"{NOTE}/~", f"{NOTE}/{odd_key(1)}x", "a.a.a/a", "zz.zz.zz/z"]

        words = [served.url, served.plc_url, worker.did, ",".join(absent), other.did, car, latest["rev"]]
        told = node.ran(packages, "proofs.mjs", *words)

        assert told["proved"] == len(worker.expected) == 170
        assert told["changed"] == {gone: "delete", changed: "update", created: "create"}
        assert isinstance(told["largest"], int)
        assert told["largest"] < 10_000, "a proof is a path in the tree, not the tree"
