"""com.atproto.sync.subscribeRepos."""

from pathlib import Path

import libipld
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from roost.data.cid import Cid
from roost.services import firehose
from roost.services.firehose import Firehose
from roost.services.retention import EVERY_SECONDS, Retention
from roost.storage import events as log
from support.calls import apply, at_once, create, delete, fill, head, inside, put
from support.firehose import Follower
from support.server import Person, Roost, running
from support.streams import raw
from support.subscriber import PATH, Body, Subscriber, subscribed

BEGINNING = ["#identity", "#account", "#commit", "#sync"]


def last(roost: Roost) -> int:
    """Return the number of the last event."""
    server = roost.app.server
    assert server is not None
    return inside(roost, server.db.read(log.last_told))


def own(subscriber: Subscriber, person: Person, count: int) -> list[tuple[str, Body]]:
    """Return the next events of one account: others may be at work on the same server."""
    found: list[tuple[str, Body]] = []
    while len(found) < count:
        kind, body = subscriber.next()
        if person.did in (body.get("did"), body.get("repo")):
            found.append((kind, body))
    return found


def test_a_new_account_is_told_in_order(roost: Roost) -> None:
    """Who it is, that it is active, its empty repository, and where that stands (sync specification)."""
    before = last(roost)
    with subscribed(roost.url, before) as subscriber:
        person = roost.person()

        told = own(subscriber, person, 4)

    assert [kind for kind, _ in told] == BEGINNING
    (identity, account, commit, sync) = [body for _, body in told]
    assert identity["handle"] == person.handle
    assert (account["active"], "status" in account) == (True, False)
    assert (commit["ops"], commit["since"], "prevData" in commit) == ([], None, False)
    assert (sync["rev"], str(Cid(commit["commit"]))) == (commit["rev"], head(person)[0])


def test_a_write_is_there_at_once(roost: Roost, person: Person) -> None:
    """Whoever listens has the commit that the writer is told of; nothing from before comes with it."""
    create(person, {"n": 0})
    with subscribed(roost.url) as subscriber:
        written = create(person, {"n": 1}).json()

        ((kind, body),) = own(subscriber, person, 1)

    assert kind == "#commit"
    assert (body["rev"], str(Cid(body["commit"]))) == (written["commit"]["rev"], written["commit"]["cid"])
    assert body["ops"] == [
        {
            "action": "create",
            "path": written["uri"].removeprefix(f"at://{person.did}/"),
            "cid": bytes(Cid.parse(written["cid"])),
        }
    ]


def test_what_changes_nothing_is_not_told(roost: Roost, person: Person) -> None:
    """The same value again, and a deletion of what is not there."""
    put(person, "a", {"n": 1})
    with subscribed(roost.url) as subscriber:
        assert put(person, "a", {"n": 1}).status_code == 200
        assert delete(person, "nothing").status_code == 200
        put(person, "b", {"n": 2})

        ((_, body),) = own(subscriber, person, 1)

    assert [op["path"] for op in body["ops"]] == ["com.example.thing/b"]


def test_every_frame_holds_what_a_consumer_checks(own_roost: Roost) -> None:
    """From the first event on: numbers go up, each commit follows the one before, and is undone on its own blocks."""
    people = [own_roost.person() for _ in range(3)]
    follower = Follower()
    with subscribed(own_roost.url, 0) as subscriber:

        def work(number: int) -> None:
            person = people[number % 3]
            fill_some(person, number)

        at_once(6, work)
        final = last(own_roost)
        while follower.seq < final:
            frame = subscriber.frame()
            follower.take([(seq_of(frame), frame)])

    heads = {person.did: head(person) for person in people}
    assert {did: (str(chain.commit), chain.rev) for did, chain in follower.chains.items()} == heads
    assert follower.commits >= 3 * 8, "two who write at once for one account may share commits"


def fill_some(person: Person, number: int) -> None:
    """Write some of everything under keys of one's own."""
    keys = [f"{number}x{n}" for n in range(5)]
    for key in keys:
        put(person, key, {"n": key})
    put(person, keys[0], {"n": "changed"})
    delete(person, keys[1])
    apply(
        person,
        {"action": "update", "rkey": keys[2], "value": {"n": "changed"}},
        {"action": "delete", "rkey": keys[3]},
        {"action": "create", "rkey": f"{number}xnew", "value": {"n": "new"}},
    )


def seq_of(frame: bytes) -> int:
    """Return the number inside a frame."""
    return int(libipld.decode_dag_cbor_multi(frame)[1]["seq"])


def test_a_cursor_is_exclusive(roost: Roost, person: Person) -> None:
    """Whoever names the last event it has seen is sent the one after it."""
    begun = last(roost)
    fill(person, 3)
    with subscribed(roost.url, begun) as subscriber:
        ((_, body),) = own(subscriber, person, 1)

    assert int(body["seq"]) > begun
    with subscribed(roost.url, body["seq"]) as subscriber:
        more = create(person, {"n": "more"}).json()
        ((_, next_),) = own(subscriber, person, 1)
    assert next_["rev"] == more["commit"]["rev"]


@pytest.mark.parametrize(
    ("cursor", "error"),
    [
        (1 << 50, "FutureCursor"),
        (1 << 70, "InvalidRequest"),
        ("x", "InvalidRequest"),
        ("1.5", "InvalidRequest"),
        ("1e3", "InvalidRequest"),
        ("0x1", "InvalidRequest"),
        ("1&cursor=2", "InvalidRequest"),
        ("%D9%A1", "InvalidRequest"),
    ],
)
def test_a_cursor_that_cannot_be_is_refused(roost: Roost, cursor: object, error: str) -> None:
    """One error frame with its name, and the close says it again."""
    with subscribed(roost.url, cursor) as subscriber:
        ((kind, body),), code, reason = subscriber.until_closed()

    assert (kind, body["error"], code, reason) == ("error", error, 1008, error)


def test_an_empty_cursor_is_none(roost: Roost, person: Person) -> None:
    """A parameter without a value is absent, as everywhere."""
    with subscribed(roost.url, "") as subscriber:
        written = create(person, {"n": 1}).json()
        ((_, body),) = own(subscriber, person, 1)

    assert body["rev"] == written["commit"]["rev"]


def test_a_cursor_below_zero_is_everything(own_roost: Roost) -> None:
    """It behaves like 0."""
    person = own_roost.person()
    with subscribed(own_roost.url, -1) as subscriber:
        assert [kind for kind, _ in own(subscriber, person, 4)] == BEGINNING


def test_nobody_has_to_say_who_they_are(roost: Roost) -> None:
    """The stream is public: credentials are not even looked at."""
    where = roost.url.replace("http", "ws") + "/xrpc/com.atproto.sync.subscribeRepos"
    headers = {"authorization": "Bearer nonsense"}
    with connect(where, proxy=None, additional_headers=headers) as connection, pytest.raises(TimeoutError):
        connection.recv(timeout=0.1)


def test_a_deleted_account_leaves_one_event(own_roost: Roost) -> None:
    """Those who come later learn that it is gone, and nothing of what it was."""
    person, other = own_roost.person(), own_roost.person()
    fill(person, 5)
    with subscribed(own_roost.url) as subscriber:
        assert person.post("com.atproto.deleteAccount").status_code == 200
        ((kind, body),) = own(subscriber, person, 1)
    assert (kind, body["active"], body["status"]) == ("#account", False, "deleted")

    with subscribed(own_roost.url, 0) as subscriber:
        told = subscriber.take(5)

    assert [name for name, body in told if body.get("did", body.get("repo")) == other.did] == BEGINNING
    assert [body["seq"] for name, body in told if body.get("did") == person.did] == [body["seq"]]


def hose_of(roost: Roost) -> Firehose:
    """Return what serves the subscribers of a server."""
    assert roost.app.server is not None
    return roost.app.server.get(Firehose)


def age(roost: Roost, seq: int) -> None:
    """Let the time of all events up to a number be over, and have the server remove them."""
    server = roost.app.server
    assert server is not None
    inside(roost, server.db.write(lambda tx: tx.run("UPDATE event SET time = 0 WHERE seq <= ?", seq)))
    while inside(roost, server.get(Retention).prune()) != EVERY_SECONDS:
        pass


def seqs(told: list[tuple[str, Body]]) -> list[int]:
    """Return the numbers of events."""
    return [int(body["seq"]) for _, body in told]


def lasts(roost: Roost, count: int, text: str = "") -> list[int]:
    """Make accounts that write, one after the other; return the number of the last event of each."""
    found = []
    for _ in range(count):
        put(roost.person(), "last", {"text": text})
        found.append(last(roost))
    return found


def test_the_last_event_of_each_account_is_sent_however_old(own_roost: Roost) -> None:
    """Retention by age loses no account: from 0, and from a number among those that are left."""
    kept = lasts(own_roost, 4)
    age(own_roost, kept[-1])
    with subscribed(own_roost.url, 0) as everything, subscribed(own_roost.url, kept[1]) as middle:
        own_roost.person()
        (first, *events), (info, *others) = everything.take(9), middle.take(7)

    assert first == info == ("#info", {"name": "OutdatedCursor", "message": firehose.OUTDATED})
    assert seqs(events)[:4] == kept
    assert seqs(others)[:2] == kept[2:]
    assert [kind for kind, _ in events[4:]] == BEGINNING


def test_what_is_removed_meanwhile_ends_no_outdated_subscription(
    own_roost: Roost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subscriber among the old events, who does not read, goes on there when more have become old."""
    monkeypatch.setattr(firehose, "PAGE_EVENTS", 1)
    kept = lasts(own_roost, 20, "x" * 300_000)
    age(own_roost, kept[14])
    with raw(int(own_roost.url.rpartition(":")[2]), f"{PATH}?cursor=0", buffer=4096) as sleeper:
        assert libipld.decode_dag_cbor_multi(sleeper.frame()[1])[0]["t"] == "#info"
        age(own_roost, kept[-1])
        (standing,) = inside(own_roost, hose_of(own_roost).standings())
        assert standing.cursor < kept[14], "it has not been sent all of the old ones yet"

        found = [seq_of(sleeper.frame()[1]) for _ in kept]

    assert found == kept


def test_subscribing_is_counted_like_any_request(tmp_path: Path) -> None:
    """A handshake takes a point of its address, and tells of it where it is refused."""
    with running(tmp_path, rate_limits=True) as roost:
        roost.get("com.atproto.server.describeServer")
        with subscribed(roost.url):
            pass
        with pytest.raises(InvalidStatus) as refused, connect(f"{roost.url}/xrpc/com.example.no".replace("http", "ws")):
            pass

    assert refused.value.response.status_code == 501
    assert refused.value.response.headers["ratelimit-remaining"] == "2997"
