"""The firehose as `@atproto/sync` consumes it: each commit's signature and proof verified, through stops and kills."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from support.consumer import Consumer
from support.consumer import Line as Told
from support.process import ServerProcess
from support.storm import NOTE, Account, Json, Line, Storm, Writer, register

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EACH_ROUND = 100
"""Writes between one end of the server and the next."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server process that ends with the test."""
    server = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        server.start()
        yield server
    finally:
        server.end()


def operations(told: list[Told], did: str) -> list[Told]:
    """Return the operations on one account's repository, in the order in which they were told."""
    return [line for line in told if line.get("did") == did and line.get("path")]


def listed(server: ServerProcess, did: str) -> dict[str, tuple[str, Json]]:
    """Return CID and value of an account's notes, by path."""
    found: dict[str, tuple[str, Json]] = {}
    params = {"repo": did, "collection": NOTE, "limit": "100"}
    while True:
        page = httpx.get(f"{server.url}/xrpc/com.atproto.repo.listRecords", params=params).json()
        found |= {each["uri"].removeprefix(f"at://{did}/"): (each["cid"], each["value"]) for each in page["records"]}
        if "cursor" not in page:
            return found
        params["cursor"] = page["cursor"]


def check(told: list[Told], server: ServerProcess, account: Account) -> None:
    """Replay what was told of an account; it must end at what is listed, and nothing may have come twice."""
    ops = operations(told, account.did)
    there: dict[str, str] = {}
    for op in ops:
        assert (op["event"] == "create") == (op["path"] not in there), f"an operation was lost or came twice: {op}"
        if op["event"] == "delete":
            del there[op["path"]]
        else:
            there[op["path"]] = op["cid"]
    assert max(Counter((op["seq"], op["path"]) for op in ops).values()) == 1
    assert [op["rev"] for op in ops] == sorted(op["rev"] for op in ops)
    assert there == {path: cid for path, (cid, _) in listed(server, account.did).items()}


def test_nothing_is_lost_or_doubled_through_restarts(packages: Path, server: ServerProcess) -> None:
    """One consumer sees each operation once, in order, while the server is stopped and killed under four writers."""
    with closing(Line(server.port)) as line:
        accounts = [register(line, f"alice{n}") for n in range(2)]
    writers = [Writer(account, f"w{i}{n}", 10 * i + n) for i, account in enumerate(accounts) for n in range(2)]
    storm = Storm(writers)
    command = ["node", "firehose.mjs", server.url, server.plc_url, "0"]

    with Consumer(command, packages) as consumer:
        for end in (server.stop, server.kill, server.stop, server.kill):
            enough = sum(writer.acknowledged for writer in writers) + EACH_ROUND
            seen = len(consumer.told)
            storm.begin(server.port)
            # The writers do not tell. If they went on until the consumer has seen enough, it would fall behind.
            while sum(writer.acknowledged for writer in writers) < enough and storm.running:
                time.sleep(0.005)
            consumer.until(lambda told, seen=seen: len(told) > seen)  # type: ignore[misc]  # its default is an int
            end()
            storm.end()
            server.start()
            for account in accounts:
                there = {path: value for path, (_, value) in listed(server, account.did).items()}
                for writer in writers:
                    if writer.account is account:
                        writer.resolve({path: value for path, value in there.items() if value["by"] == writer.name})
        with closing(Line(server.port)) as line:
            for account in accounts:
                body = {"repo": account.did, "collection": NOTE, "rkey": "last", "record": {"by": "nobody"}}
                line.ask("POST", "/xrpc/com.atproto.repo.putRecord", account.token, body)
        paths = {(account.did, f"{NOTE}/last") for account in accounts}
        told = consumer.until(lambda told: paths <= {(line.get("did"), line.get("path")) for line in told[-20:]})

    assert [line for line in told if "error" in line] == []
    for account in accounts:
        check(told, server, account)
        kinds = [line["event"] for line in told if line.get("did") == account.did and not line.get("path")]
        assert kinds == ["identity", "account", "sync"], "the consumer makes nothing of a commit without operations"
    assert len(told) > sum(writer.acknowledged for writer in writers) >= 4 * EACH_ROUND
