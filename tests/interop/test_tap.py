"""`tap`, which keeps whole repositories of the network in step, behind the relay: what it holds is what we hold."""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import orjson
import pytest
from websockets.sync.client import ClientConnection, connect

from support import golang
from support.go_relay import Json, Program, Relay
from support.process import ServerProcess, two_ports
from support.workload import COLLECTIONS, NOTE, Worker, odd_key

# Building the programs takes minutes the first time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RECORDS = 300


class Network:
    """A server, a relay that crawls it, and `tap` that follows the relay."""

    def __init__(self, server: ServerProcess, tap: Program, url: str) -> None:
        self.server, self.tap, self.url = server, tap, url


@pytest.fixture
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """All three, until the test ends."""
    programs = golang.programs()
    folder = tmp_path_factory.mktemp("tap")
    server = ServerProcess(folder / "data", folder / "log")
    relay = Relay(programs, server, folder)
    port = two_ports()
    settings = {
        "TAP_DATABASE_URL": f"sqlite://{folder / 'tap.sqlite'}",
        "TAP_BIND": f"127.0.0.1:{port}",
        "TAP_PLC_URL": server.plc_url,
        "TAP_RELAY_URL": relay.url,
        "TAP_DISABLE_ACKS": "true",
        "TAP_LOG_LEVEL": "debug",
    }
    url = f"http://127.0.0.1:{port}"
    tap = Program([str(programs / "tap"), "run"], settings, f"{url}/health", folder / "tap.log")
    with ExitStack() as stack:
        stack.callback(server.end)
        server.start()
        stack.callback(relay.stop)
        relay.crawl()
        stack.callback(tap.stop)
        tap.start()
        yield Network(server, tap, url)


def test_what_it_holds_is_what_we_hold(network: Network) -> None:
    """It fetches a repository, verifies and lists all of it, and follows each change, live, in order."""
    with (
        contextlib.closing(Worker(network.server.url, "alice")) as worker,
        connect(f"{network.url.replace('http', 'ws')}/channel", max_size=None, proxy=None) as channel,
    ):
        worker.batch([(COLLECTIONS[n % 5], n) for n in range(150)], {}, [])
        worker.batch([(COLLECTIONS[n % 5], n) for n in range(150, RECORDS - 20)], {}, [])
        for n in range(20):
            worker.put(NOTE, n, odd_key(n))
        before = {path: cid for name in COLLECTIONS for path, (cid, _) in worker.listed(name).items()}

        answer = httpx.post(f"{network.url}/repos/add", json={"dids": [worker.did]})
        assert answer.status_code == 200, answer.text
        held = [_next(channel) for _ in range(RECORDS)]

        assert {_path(record): record["cid"] for record in held} == before
        assert {record["action"] for record in held} == {"create"}
        gone, changed, *rest = sorted(worker.expected)
        worker.delete(gone)
        worker.put(changed.split("/")[0], 9999, changed.split("/")[1])
        worker.batch([(NOTE, 10_000)], {rest[0]: 10_001}, [rest[1]])
        live = [_next(channel) for _ in range(5)]

        assert [(record["action"], _path(record)) for record in live[:2]] == [("delete", gone), ("update", changed)]
        assert {record["action"] for record in live[2:]} == {"create", "update", "delete"}
        assert all(record["live"] for record in live)
        there = before | {_path(record): record.get("cid") for record in live}
        assert {path: cid for path, cid in there.items() if cid is not None} == {
            path: cid for name in COLLECTIONS for path, (cid, _) in worker.listed(name).items()
        }
        assert [line for line in network.tap.logged() if line["level"] in {"WARN", "ERROR"}] == []


def _next(channel: ClientConnection) -> Json:
    """Return the next record that it tells; it tells identities too."""
    while True:
        told: Json = orjson.loads(channel.recv(timeout=30))
        if told["type"] == "record":
            record: Json = told["record"]
            return record


def _path(record: Json) -> str:
    return f"{record['collection']}/{record['rkey']}"
