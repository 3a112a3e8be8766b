"""One record out of somebody's proof."""

import contextlib

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.repo import InvalidCommit, MissingBlock, RepoError
from roost.repo.inclusion import proved
from roost.syntax import Did
from support.lexicons import proof_of

KEY = PrivateKey.generate()
DID = Did("did:web:a.test")
PATH = "com.example.note/first"


def opened(record: int = 1) -> tuple[Cid, dict[Cid, bytes]]:
    """Return a proof of a record, by its blocks."""
    found = car.read(proof_of(DID, KEY, PATH, {"n": record}), max_blocks=1000, max_bytes=1 << 20)
    return found.roots[0], dict(found.blocks)


def test_a_record_is_proved_or_that_there_is_none() -> None:
    """Both by the nodes on the way."""
    root, blocks = opened()
    block = cbor.encode({"n": 1})

    assert proved(root, blocks, did=DID, key=KEY.public, path=PATH) == (Cid.of_cbor(block), block)
    assert proved(root, blocks, did=DID, key=KEY.public, path="com.example.note/second") is None


def test_a_proof_is_of_one_repository_and_one_key() -> None:
    """Another's commit, or one signed by somebody else, proves nothing."""
    root, blocks = opened()

    with pytest.raises(InvalidCommit):
        proved(root, blocks, did=Did("did:web:b.test"), key=KEY.public, path=PATH)
    with pytest.raises(InvalidCommit):
        proved(root, blocks, did=DID, key=PrivateKey.generate().public, path=PATH)


def test_a_proof_with_a_gap_proves_nothing() -> None:
    """Whichever block is left out: the commit, a node on the way, the record."""
    root, blocks = opened()
    missed: list[tuple[Cid, Cid]] = []
    for cid in blocks:
        rest = {each: block for each, block in blocks.items() if each != cid}
        try:
            assert proved(root, rest, did=DID, key=KEY.public, path=PATH) is not None
        except MissingBlock as error:
            missed.append((cid, error.cid))

    assert len(missed) >= 3
    assert all(left_out == told for left_out, told in missed)


def test_bytes_that_are_no_nodes_are_refused() -> None:
    """A block under a node's name that is something else, and a root that is no commit."""
    root, blocks = opened()
    for cid in blocks:
        with contextlib.suppress(RepoError):
            proved(root, blocks | {cid: b"\xa0"}, did=DID, key=KEY.public, path=PATH)
