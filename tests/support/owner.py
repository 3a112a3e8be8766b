"""Somebody who holds the keys of an account: changes its identity, and makes commits that the server did not.

The commits are made of a copy that was fetched; deliberately does not know what the server thinks of them.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import httpx
import orjson

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.identity import plc
from roost.repo import Base, Commit, CommitDraft, RepoOp, draft, mst
from roost.repo import commit as commits
from roost.repo.mst import Link
from roost.syntax import Did, Tid
from support.server import PASSWORD, Person, Roost
from support.v2022 import exported

_numbers = itertools.count(1)


@dataclass(slots=True)
class Owner:
    """An account, the rotation key that outranks the server's, and the key that its repository is to be signed with."""

    roost: Roost
    person: Person
    recovery: PrivateKey
    key: PrivateKey

    @classmethod
    def join(cls, roost: Roost) -> Self:
        """Make an account with a recovery key; its signing key is still the server's."""
        recovery = PrivateKey.generate()
        name = f"owner{next(_numbers)}"
        body = {"email": f"{name}@mail.test", "handle": f"{name}.test", "password": PASSWORD}
        answer = roost.post("com.atproto.server.createAccount", json=body | {"recoveryKey": recovery.public.did_key})
        assert answer.status_code == 200, answer.text
        made = answer.json()
        person = Person(made["did"], made["handle"], body["email"], made["accessJwt"], roost.client)
        return cls(roost, person, recovery, PrivateKey.generate())

    @classmethod
    def with_key(cls, roost: Roost) -> Self:
        """Make an account whose DID document names a key of the owner's."""
        owner = cls.join(roost)
        owner.take_key(owner.key)
        return owner

    @property
    def did(self) -> Did:
        """The account's DID."""
        return Did(self.person.did)

    def take_key(self, key: PrivateKey) -> None:
        """Make a key the one that the DID document names."""
        self.key = key
        self.change_identity(lambda state: state.with_signing_key(key.public.did_key))

    def change_identity(self, change: Callable[[plc.State], plc.State]) -> None:
        """Register a new state of the identity."""
        last = self._last()
        self._submit(plc.update(last, change(plc.state_of(last)), self.recovery))

    def end_identity(self) -> None:
        """Register that there is no more to come."""
        self._submit(plc.tombstone(self._last(), self.recovery))

    def _last(self) -> plc.Operation:
        last = plc.parse_operation(httpx.get(f"{self.roost.plc_url}/{self.did}/log/last").json())
        assert isinstance(last, plc.Operation)
        return last

    def _submit(self, operation: plc.AnyOperation) -> None:
        body = orjson.dumps(plc.to_json(operation))
        answer = httpx.post(
            f"{self.roost.plc_url}/{self.did}", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200, answer.text

    def copy(self) -> "Copy":
        """Fetch the repository."""
        return Copy(self.did, self.key, exported(self.roost, self.did))


class Copy:
    """A repository as it was fetched, to make commits on."""

    def __init__(self, did: Did, key: PrivateKey, fetched: car.Car) -> None:
        self.did = did
        self.key = key
        self.blocks = fetched.blocks
        self.head = commits.parse(fetched.blocks[fetched.roots[0]])

    def rev(self, micros: int = 1) -> Tid:
        """Return a rev so long after the present one."""
        return Tid.of(self.head.rev.micros + micros, 0)

    def draft(self, *ops: RepoOp) -> CommitDraft:
        """Return a commit of these operations, signed by the owner."""
        return self.draft_as(self.sign, *ops)

    def draft_as(self, sign: Callable[[Cid], Commit], *ops: RepoOp) -> CommitDraft:
        """Return a commit of these operations, signed as the test says."""
        tree = Link(self.head.data)
        keys = [op.path.encode() for op in ops]
        while need := mst.frontier(tree, keys):
            for link in need:
                assert link.cid is not None
                link.node = mst.decode(self.blocks[link.cid])
        return draft(Base(tree, 1, self.head.rev, self.head.data), ops, sign)

    def sign(self, data: Cid, /, **changed: Value) -> Commit:
        """Return the commit to that tree, with any of its fields changed before it is signed."""
        return commits.parse(self.sign_block(data, **changed))

    def sign_block(self, data: Cid, /, **changed: Value) -> bytes:
        """Do the same, though it be no commit at all."""
        fields: dict[str, Value] = {"did": self.did, "rev": self.rev(), "data": data, "prev": None, "version": 3}
        fields |= changed
        return cbor.encode({**fields, "sig": self.key.sign(cbor.encode(fields))})

    def whole(self, made: CommitDraft) -> dict[Cid, bytes]:
        """Return every block of the repository that a commit leads to, and no other."""
        known = self.blocks | only_new(made)
        found = {made.commit.cid: made.commit.block}
        waiting = [made.commit.data]
        while waiting:
            cid = waiting.pop()
            found[cid] = known[cid]
            node = mst.decode(known[cid])
            found |= {value: known[value] for value in node.values}
            waiting += [kid.cid for kid in node.kids if kid is not None and kid.cid is not None]
        return found


def only_new(made: CommitDraft) -> dict[Cid, bytes]:
    """Return the blocks that a commit has made: itself, its nodes, its records."""
    nodes = {node.cid: node.block for node in made.nodes}
    return {made.commit.cid: made.commit.block} | nodes | {cid: block for _, cid, block in made.records}


def packed(roots: Sequence[Cid], blocks: Mapping[Cid, bytes]) -> bytes:
    """Return a CAR with any number of roots, whether or not its blocks are what their names say."""
    header = cbor.encode({"roots": list(roots), "version": 1})
    return car.varint(len(header)) + header + b"".join([car.frame(cid, block) for cid, block in blocks.items()])
