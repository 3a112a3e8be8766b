"""A consumer of the event log that believes nothing: each frame by itself, and each repository as a chain.

`libipld` and `atproto` decode the frames. What the events tell is kept, to be held against the repositories.
Deliberately does not know how the log is stored or sent.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import libipld
from atproto_firehose import parse_subscribe_repos_message
from atproto_subscription.frames import Frame, MessageFrame

from roost.data.cid import Cid
from roost.repo import AppliedOp
from roost.repo.commit import parse
from roost.repo.proof import invert
from support.repos import opened

# Any: a decoded map's values, whatever they are.
Body = dict[str, Any]

FIELDS = {
    "#commit": (
        {"seq", "rebase", "tooBig", "repo", "commit", "rev", "since", "blocks", "ops", "blobs", "time"},
        {"prevData"},
    ),
    "#sync": ({"seq", "did", "blocks", "rev", "time"}, set[str]()),
    "#identity": ({"seq", "did", "time"}, {"handle"}),
    "#account": ({"seq", "did", "time", "active"}, {"status"}),
}
"""The fields that each event has, and those that it may have."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
OP_FIELDS = {
    "create": {"action", "path", "cid"},
    "update": {"action", "path", "cid", "prev"},
    "delete": {"action", "path", "cid", "prev"},
}


@dataclass
class Chain:
    """What the events have told of one account: its events' kinds, where its repository stands, and its records."""

    kinds: list[str] = field(default_factory=list)
    rev: str | None = None
    data: Cid | None = None
    commit: Cid | None = None
    records: dict[str, Cid] = field(default_factory=dict)


class Follower:
    """Takes the frames of a log, in order, and fails at the first that breaks a rule."""

    def __init__(self, *, examine: Callable[[Body], None] | None = None) -> None:
        self.chains: dict[str, Chain] = {}
        self.seq = 0
        self.commits = 0
        self._examine = examine

    def take(self, frames: Iterable[tuple[int, bytes]]) -> None:
        """Check the next frames, given with the numbers that they are stored under."""
        for seq, frame in frames:
            kind, body = decoded(frame)
            assert seq == body["seq"] > self.seq, "sequence numbers go up, and stand in the frames"
            self.seq = seq
            did = body["repo"] if kind == "#commit" else body["did"]
            chain = self.chains.setdefault(did, Chain())
            chain.kinds.append(kind)
            if kind == "#commit":
                self._commit(chain, body)
            elif kind == "#sync":
                _check_sync(chain, body)

    def _commit(self, chain: Chain, body: Body) -> None:
        self.commits += 1
        car = opened(body["blocks"])
        assert len(body["blocks"]) <= 2_000_000
        assert car.roots == (Cid(body["commit"]),) == (next(iter(car.blocks)),), "the commit is root and first block"
        commit = parse(car.blocks[car.roots[0]])
        assert (commit.did, commit.rev) == (body["repo"], body["rev"])
        assert body["since"] == chain.rev, "since is the rev before: no event is missing or doubled"
        assert chain.rev is None or body["rev"] > chain.rev
        prev_data = Cid(body["prevData"]) if "prevData" in body else None
        assert prev_data == chain.data, "prevData is the root before"
        ops = [_op(op, chain) for op in body["ops"]]
        assert len(ops) <= 200
        assert {op.cid for op in ops if op.cid is not None} <= car.blocks.keys(), "new records come with the event"
        if chain.data is not None:
            assert invert(commit.data, car.blocks, ops) == chain.data, "undone on its own blocks, it leads back"
        else:
            assert ops == []
        if self._examine is not None:
            self._examine(body)
        chain.rev, chain.data, chain.commit = commit.rev, commit.data, commit.cid


def decoded(frame: bytes) -> tuple[str, Body]:
    """Return kind and body of a frame, as `libipld` decodes them and `atproto` agrees."""
    header, body = libipld.decode_dag_cbor_multi(frame)
    assert header.keys() == {"op", "t"}
    assert header["op"] == 1
    assert libipld.encode_dag_cbor(header) == frame[: -len(_again(frame, body))], "the header is canonical"
    must, may = FIELDS[header["t"]]
    assert must <= body.keys() <= must | may
    assert TIME.fullmatch(body["time"])
    parsed = Frame.from_bytes(frame)
    assert isinstance(parsed, MessageFrame)
    message = parse_subscribe_repos_message(parsed)
    assert (message.seq, message.time) == (body["seq"], body["time"])
    if header["t"] == "#commit":
        assert (body["rebase"], body["tooBig"], body["blobs"]) == (False, False, [])
    if header["t"] == "#account":
        assert body["active"] is ("status" not in body)
    return header["t"], body


def _again(frame: bytes, body: Body) -> bytes:
    """Return the body encoded again; it is what the frame ends with, so it is canonical."""
    # `blocks` are plain bytes, and a binary CID never begins as a CAR does: so libipld gives back what it was given.
    encoded = libipld.encode_dag_cbor(body)
    assert frame.endswith(encoded), "the body is canonical"
    return encoded


def _op(op: Body, chain: Chain) -> AppliedOp:
    """Check an operation against the records that the events before have told, and apply it to them."""
    assert op.keys() == OP_FIELDS[op["action"]]
    path, cid, prev = op["path"], op["cid"], op.get("prev")
    assert (cid is None) == (op["action"] == "delete")
    assert chain.records.get(path) == prev, "prev is what stood there"
    if cid is None:
        del chain.records[path]
        return AppliedOp("delete", path, None, Cid(op["prev"]))
    chain.records[path] = Cid(cid)
    return AppliedOp(op["action"], path, Cid(cid), None if prev is None else Cid(prev))


def _check_sync(chain: Chain, body: Body) -> None:
    car = opened(body["blocks"])
    assert len(body["blocks"]) <= 10_000
    assert car.roots == tuple(car.blocks) == (chain.commit,), "it carries the current commit alone"
    assert body["rev"] == chain.rev
