"""The relay of the Go implementation, as the network runs it: it crawls, verifies every event, and passes it on."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from support import golang
from support.go_relay import Json, Relay
from support.process import ServerProcess
from support.storm import NOTE, Line, Storm, Writer, register
from support.subscriber import Subscriber, subscribed

# Building the programs takes minutes the first time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

EACH_ROUND = 120
"""Events that the relay has passed on before the server is stopped, and again before the end."""

Event = tuple[str, Json]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, Relay]]:
    """A server, and a relay that is subscribed to it."""
    programs = golang.programs()
    folder = tmp_path_factory.mktemp("relay")
    server = ServerProcess(folder / "data", folder / "log")
    relay = Relay(programs, server, folder)
    with ExitStack() as stack:
        stack.callback(server.end)
        server.start()
        stack.callback(relay.stop)
        relay.crawl()
        yield server, relay


def until(subscriber: Subscriber, dids: set[str], path: str) -> list[Event]:
    """Return all events up to the one, for each account, that has an operation on the path."""
    told: list[Event] = []
    waiting = set(dids)
    while waiting:
        told.append(subscriber.next())
        body = told[-1][1]
        if any(op["path"] == path for op in body.get("ops", [])):
            waiting.discard(body["repo"])
    return told


def by_account(told: list[Event]) -> dict[str, list[Event]]:
    """Return each account's events, without what is the relay's own: its numbers, and which handles it believes."""
    found: dict[str, list[Event]] = defaultdict(list)
    for kind, body in told:
        kept = {name: value for name, value in body.items() if name not in {"seq", "handle"}}
        found[body["repo"] if kind == "#commit" else body["did"]].append((kind, kept))
    return dict(found)


def test_it_verifies_and_passes_on_every_event(crawled: tuple[ServerProcess, Relay]) -> None:
    """Every event comes out of the relay as it went in, through a restart of the server; it warned of none."""
    server, relay = crawled
    with closing(Line(server.port)) as line:
        accounts = [register(line, f"alice{n}") for n in range(2)]
    dids = {account.did for account in accounts}
    writers = [Writer(account, f"w{i}{n}", 10 * i + n) for i, account in enumerate(accounts) for n in range(2)]
    storm = Storm(writers, patient=True)

    with subscribed(relay.url, 0) as passed_on:
        told: list[Event] = []
        for last_round in (False, True):
            storm.begin(server.port)
            told += passed_on.take(EACH_ROUND)
            if not last_round:
                assert server.stop() == 0
            storm.end()
            if not last_round:
                server.start()
        with closing(Line(server.port)) as line:
            for account in accounts:
                body = {"repo": account.did, "collection": NOTE, "rkey": "last", "record": {}}
                line.ask("POST", "/xrpc/com.atproto.repo.putRecord", account.token, body)
        told += until(passed_on, dids, f"{NOTE}/last")
    with subscribed(server.url, 0) as sent:
        ours = until(sent, dids, f"{NOTE}/last")

    assert by_account(told) == by_account(ours)
    warned = [line["msg"] for line in relay.logged() if line["level"] in {"WARN", "ERROR"} and "did" in line]
    # Connecting again, it may ask for what it had in hand when the connection broke.
    assert set(warned) <= {"dropping commit with old rev"}
    commits = [body for kind, body in ours if kind == "#commit" and "prevData" in body]
    undone = [line for line in relay.logged() if line["msg"] == "prevData matched"]
    assert len(undone) >= len(commits) > EACH_ROUND, "each commit was undone on its own blocks"


def test_it_knows_every_account_as_it_is(crawled: tuple[ServerProcess, Relay]) -> None:
    """What the relay says of a repository's latest commit is what the server says."""
    server, relay = crawled
    with closing(Line(server.port)) as line, subscribed(relay.url) as passed_on:
        account = register(line, "bob")
        body = {"repo": account.did, "collection": NOTE, "rkey": "last", "record": {}}
        line.ask("POST", "/xrpc/com.atproto.repo.putRecord", account.token, body)
        until(passed_on, {account.did}, f"{NOTE}/last")

    nsid, params = "/xrpc/com.atproto.sync.getLatestCommit", {"did": account.did}
    assert httpx.get(relay.url + nsid, params=params).json() == httpx.get(server.url + nsid, params=params).json()
