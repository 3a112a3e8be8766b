"""Frames of the firehose."""

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.repo import Create, Delete, Update, draft, nothing
from roost.repo import commit as commits
from roost.repo.draft import Base, CommitDraft
from roost.services import frames
from roost.services.frames import time_text
from roost.syntax import Handle, Tid
from support.house import did_of, opened

KEY = PrivateKey.from_bytes(bytes(31) + b"\x01")
DID = did_of("alice")
NOW = 1_790_000_000_123
TIME = "2026-09-21T14:13:20.123Z"


def made(base: Base, micros: int, *ops: Create | Update | Delete) -> CommitDraft:
    """Return a draft that is signed at that time."""
    return draft(base, ops, lambda data: commits.sign(DID, data=data, rev=Tid.of(micros, 0), key=KEY))


def following(last: CommitDraft) -> Base:
    """Return what the commit after a draft is made on."""
    return Base(last.root, last.next_n, last.commit.rev, last.commit.data)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (NOW, TIME),
        (999, "1970-01-01T00:00:00.999Z"),
        (1000, "1970-01-01T00:00:01.000Z"),
    ],
)
def test_times_are_written_to_the_millisecond(milliseconds: int, text: str) -> None:
    """An event's time has three decimals and a Z."""
    assert time_text(milliseconds) == text


def test_a_commit_frame_tells_the_whole_commit() -> None:
    """Every field of #commit is there, in canonical order, with the CAR of its blocks."""
    first = made(nothing(), 1, Create("a.b.c/1", b"\xa0"), Create("a.b.c/2", b"\xa0"))
    second = made(
        following(first), 2, Update("a.b.c/1", b"\xa1\x61a\x01"), Delete("a.b.c/2"), Create("a.b.c/3", b"\xa0")
    )
    record, changed = Cid.of_cbor(b"\xa0"), Cid.of_cbor(b"\xa1\x61a\x01")

    frame = frames.commit(second, seq=300, time=NOW)

    name, body = opened(frame)
    assert name == "#commit"
    assert body == {
        "seq": 300,
        "repo": DID,
        "rev": second.commit.rev,
        "since": first.commit.rev,
        "prevData": first.commit.data,
        "commit": second.commit.cid,
        "blocks": second.blocks,
        "blobs": [],
        "ops": [
            {"action": "update", "path": "a.b.c/1", "cid": changed, "prev": record},
            {"action": "delete", "path": "a.b.c/2", "cid": None, "prev": record},
            {"action": "create", "path": "a.b.c/3", "cid": record},
        ],
        "time": TIME,
        "rebase": False,
        "tooBig": False,
    }
    assert frame == cbor.encode({"op": 1, "t": "#commit"}) + cbor.encode(body)
    assert car.read(second.blocks, max_blocks=100, max_bytes=10_000).roots == (second.commit.cid,)


def test_the_first_commit_follows_nothing() -> None:
    """`since` is null, and there is no `prevData`: not null, absent."""
    name, body = opened(frames.commit(made(nothing(), 1), seq=1, time=NOW))

    assert name == "#commit"
    assert body["since"] is None
    assert "prevData" not in body
    assert body["ops"] == []


def test_a_sync_frame_carries_the_commit_alone() -> None:
    """#sync says where a repository is, and proves it with one block."""
    commit = made(nothing(), 1).commit
    blocks = car.header(commit.cid) + car.frame(commit.cid, commit.block)

    frame = frames.sync(did=DID, rev=commit.rev, blocks=blocks, seq=1 << 40, time=NOW)

    body: dict[str, Value] = {"did": DID, "rev": commit.rev, "seq": 1 << 40, "time": TIME, "blocks": blocks}
    assert opened(frame) == ("#sync", body)
    assert frame == cbor.encode({"op": 1, "t": "#sync"}) + cbor.encode(body)


def test_an_identity_frame_names_the_handle_if_there_is_one() -> None:
    """#identity without a handle only says: look again."""
    common: dict[str, Value] = {"did": DID, "seq": 1, "time": TIME}

    named = frames.identity(did=DID, handle=Handle.parse("alice.test"), seq=1, time=NOW)
    unnamed = frames.identity(did=DID, handle=None, seq=1, time=NOW)

    assert opened(named) == ("#identity", common | {"handle": "alice.test"})
    assert opened(unnamed) == ("#identity", common)


@pytest.mark.parametrize("status", ["takendown", "deactivated", "deleted"])
def test_an_account_frame_has_a_status_only_when_it_is_inactive(status: str) -> None:
    """#account says active, or not and why."""
    common: dict[str, Value] = {"did": DID, "seq": 1, "time": TIME}

    assert opened(frames.account(did=DID, status=None, seq=1, time=NOW)) == ("#account", common | {"active": True})
    assert opened(frames.account(did=DID, status=status, seq=1, time=NOW)) == (
        "#account",
        common | {"active": False, "status": status},
    )
